//! `mute …`: what is muted, muting a thread or a list, and ending that.

use super::args::MuteWhat;
use super::error::Failure;
use super::output::Head;
use super::start::Start;
use super::triage::count;
use super::{json, outcome, time};
use crate::mime::sanitize::Shown;
use crate::model::ThreadKey;
use crate::ops::mutes::{self, Mute, Topic};
use crate::store::threads;
use outcome::Outcome;

/// `mute` and `mute list`.
pub fn list(start: &mut Start) -> Result<(), Failure> {
    let all = mutes::all(&start.store()?.reader()?)?;
    if start.out.json {
        let mutes = all.iter().map(object).collect();
        return start.out.object(&json::Mutes { mutes });
    }
    let heads = [
        Head::left("KIND"),
        Head::right("THREAD"),
        Head::left("SINCE"),
        Head::right("FILED"),
        Head::left("WHAT"),
    ];
    let rows: Vec<Vec<Shown>> = all.iter().map(row).collect();
    start.out.table(&heads, &rows)
}

fn object(mute: &Mute) -> json::Mute {
    let (thread, list) = match &mute.topic {
        Topic::Thread(thread) => (Some(thread.0), None),
        Topic::List(list) => (None, Some(list.clone())),
    };
    json::Mute {
        kind: kind(mute),
        thread,
        list,
        called: mute.called.clone(),
        since: time::rfc3339(mute.since),
        filed: mute.filed,
    }
}

fn kind(mute: &Mute) -> &'static str {
    match mute.topic {
        Topic::Thread(_) => "thread",
        Topic::List(_) => "list",
    }
}

fn row(mute: &Mute) -> Vec<Shown> {
    let thread = match &mute.topic {
        Topic::Thread(thread) => thread.to_string(),
        Topic::List(_) => String::new(),
    };
    [
        kind(mute).to_owned(),
        thread,
        time::local(mute.since),
        mute.filed.to_string(),
        mute.called.clone(),
    ]
    .iter()
    .map(|cell| Shown::line(cell))
    .collect()
}

/// `mute add`.
pub fn add(start: &mut Start, what: &MuteWhat) -> Result<(), Failure> {
    let store = start.store()?;
    let muted = match (&what.list, what.thread) {
        (Some(list), _) => Some(mutes::mute_list(&store, list).wait()?),
        (None, Some(thread)) => mutes::mute_thread(&store, ThreadKey(thread)).wait()?,
        (None, None) => None,
    };
    let Some(muted) = muted else {
        return Err(Failure::new("There is no such thread")
            .hint("`lacebark list --json` prints the thread of each message."));
    };
    let line = match (muted.done.first(), muted.already.first()) {
        (Some(one), _) => format!(
            "Muted \"{}\": later mail goes to Archive, read.",
            one.called
        ),
        (None, Some(called)) => format!("\"{called}\" is muted already."),
        (None, None) => "Nothing was muted.".to_owned(),
    };
    let outcome = Outcome {
        actions: muted
            .action
            .map(|id| (id, "mute".to_owned()))
            .into_iter()
            .collect(),
        line,
        ..Outcome::default()
    };
    outcome::finish(start, outcome)
}

/// `mute remove`.
pub fn remove(start: &mut Start, what: &MuteWhat) -> Result<(), Failure> {
    let store = start.store()?;
    let reader = store.reader()?;
    let topic = match (&what.list, what.thread) {
        (Some(list), _) => Topic::list(list),
        (None, thread) => Topic::Thread(threads::root(&reader, ThreadKey(thread.unwrap_or(0)))?),
    };
    let found = mutes::all(&reader)?
        .into_iter()
        .find(|one| one.topic == topic);
    let Some(mute) = found else {
        return Err(Failure::new("This is not muted").hint("`lacebark mute` lists what is."));
    };
    let acted = mutes::unmute(&store, vec![mute.key]).wait()?;
    let line = match acted.changed.len() {
        0 => format!("Not muted any more: \"{}\".", mute.called),
        back => format!(
            "Not muted any more: \"{}\"; {} that it filed {} back, unread.",
            mute.called,
            count(back),
            if back == 1 { "is" } else { "are" }
        ),
    };
    let mut outcome = Outcome {
        line,
        ..Outcome::default()
    };
    outcome.add(&reader, "unmute", acted)?;
    outcome::finish(start, outcome)
}
