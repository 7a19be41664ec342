//! UID SEARCH: for all, or for a header field.

use super::{Mail, Talk};
use crate::model::UidSet;

impl Talk {
    pub(super) fn search(&self, tag: &str, upper: &str) -> String {
        let name = self.open.clone().unwrap_or_default();
        let mut world = self.server.world();
        // Only who asks for all is lied to.
        let field = upper.split_once("HEADER ").map(|(_, rest)| sought(rest));
        let lie = match field {
            Some(_) => None,
            None => world.lies.pop_front(),
        };
        let holds = |mail: &&Mail| {
            let text = String::from_utf8_lossy(&mail.bytes).to_uppercase();
            let lines: Vec<&str> = text.lines().collect();
            field
                .as_ref()
                .is_none_or(|line| lines.contains(&line.as_str()))
        };
        let uids: Vec<String> = world
            .boxes
            .get(&name)
            .map(|b| {
                let found = b.mails.iter().filter(holds);
                found.map(|m| m.uid.to_string()).collect()
            })
            .unwrap_or_default();
        let uids = match lie {
            Some(lie) => lie.split(' ').map(str::to_owned).collect(),
            None => uids,
        };
        let uids: Vec<String> = uids.into_iter().filter(|u| !u.is_empty()).collect();
        if upper.contains("RETURN") {
            let all = UidSet::parse(&uids.join(",")).map_or(String::new(), |s| format!(" ALL {s}"));
            format!("* ESEARCH (TAG \"{tag}\") UID{all}\r\n")
        } else {
            format!("* SEARCH {}\r\n", uids.join(" "))
        }
    }
}

/// The line that `HEADER` in a search asks for, in capitals.
fn sought(rest: &str) -> String {
    let (field, id) = rest.split_once(' ').unwrap_or((rest, ""));
    format!(
        "{}: {}",
        field.trim_matches('"'),
        id.trim().trim_matches('"')
    )
}
