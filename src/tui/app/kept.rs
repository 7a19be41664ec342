//! Searches that are kept: named with `^S`, listed above the accounts, and opened as a list of what is
//! found then.

use super::event::{Action, Ticket};
use super::prompt::{Prompt, Purpose};
use super::search::{self, Reach};
use super::{App, Screen};
use crate::model::{Query, SearchKey};

/// A search that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSearch {
    /// Its key.
    pub key: SearchKey,
    /// Its name.
    pub name: String,
    /// What is asked, as it was typed.
    pub text: String,
    /// Where.
    pub reach: Reach,
}

/// What is wished of the searches that are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptChange {
    /// A new one.
    Keep {
        /// Its name.
        name: String,
        /// What is asked.
        text: String,
        /// Where.
        reach: Reach,
    },
    /// Another name.
    Rename {
        /// Which one.
        key: SearchKey,
        /// The name.
        to: String,
    },
    /// It goes; no message does.
    Remove(SearchKey),
}

/// What is said where a folder is wanted.
pub const NO_FOLDER: &str =
    "This is a search, not a folder: Enter shows what it finds, R renames and D deletes it.";

/// `^S` while a search is typed: asks for its name, if it is one that can be asked again.
pub fn ask_name(app: &mut App, mut prompt: Prompt) {
    let text = prompt.line().trim().to_owned();
    let why = match Query::parse(&text) {
        Ok(query) if query.is_everything() => Some("there is no word to look for yet".to_owned()),
        Ok(_) => None,
        Err(error) => Some(error.to_string()),
    };
    if let Some(why) = why {
        prompt.notes = vec![format!("This cannot be kept: {why}.")];
        app.prompt = Some(prompt);
        return;
    }
    let known = app.search.as_ref().and_then(|search| search.kept.clone());
    let proposed = known.map_or(text, |(_, name)| name);
    let mut prompt = Prompt::text(Purpose::KeepSearch, "Keep this search as", &proposed);
    prompt.notes = vec![
        "It stands in the folder list then, and finds what is there when it is opened.".to_owned(),
    ];
    app.open_prompt(prompt);
}

/// The name was given. Where it cannot be taken the search is open again, and says why.
pub fn keep(app: &mut App, name: &str) {
    let name = match free(app, name, None) {
        Ok(name) => name,
        Err(why) => {
            search::open(app);
            if let Some(prompt) = &mut app.prompt {
                prompt.notes = vec![why];
            }
            return;
        }
    };
    let Some(search) = &app.search else { return };
    let change = KeptChange::Keep {
        name,
        text: search.text.trim().to_owned(),
        reach: search.reach.clone(),
    };
    change_kept(app, change);
}

/// A name that no other search has, or why it is none.
fn free(app: &App, name: &str, but: Option<SearchKey>) -> Result<String, String> {
    let name = name.trim();
    if name.is_empty() {
        return Err("No name was given; nothing was changed.".to_owned());
    }
    let mut all = app.folders.searches.iter();
    match all.any(|one| one.name == name && Some(one.key) != but) {
        true => Err(format!("There is a search \"{name}\" already.")),
        false => Ok(name.to_owned()),
    }
}

/// Changes a search: in the folder list at once, in the store by an effect.
fn change_kept(app: &mut App, change: KeptChange) {
    match &change {
        // It has no key yet: it is listed as soon as it is kept.
        KeptChange::Keep { .. } => {}
        KeptChange::Rename { key, to } => {
            let mut all = app.folders.searches.iter_mut();
            if let Some(one) = all.find(|one| one.key == *key) {
                one.name.clone_from(to);
            }
        }
        KeptChange::Remove(key) => app.folders.searches.retain(|one| one.key != *key),
    }
    app.folders.rebuild(&app.accounts);
    app.kept_change = Some(app.act(Action::Kept(change)));
}

/// It was refused: the list is read anew.
pub fn failed(app: &mut App, ticket: Ticket) {
    if app.kept_change.take_if(|own| *own == ticket).is_some() {
        app.folders_again = true;
    }
}

/// `R` on a search in the folder list; false where none is selected.
pub fn ask_rename(app: &mut App) -> bool {
    let Some(one) = app.folders.search().cloned() else {
        return false;
    };
    let question = format!("New name of the search {}", one.name);
    app.open_prompt(Prompt::text(
        Purpose::RenameSearch(one.key),
        question,
        &one.name,
    ));
    true
}

/// Another name was given.
pub fn rename(app: &mut App, key: SearchKey, to: &str) {
    let to = match free(app, to, Some(key)) {
        Ok(to) => to,
        Err(why) => return app.hint(why),
    };
    if app.folders.searches.iter().any(|one| one.name == to) {
        return app.hint("The name stays.");
    }
    change_kept(app, KeptChange::Rename { key, to });
}

/// `D` on a search in the folder list; false where none is selected. It takes nothing with it and can be
/// undone, so that nobody is asked.
pub fn delete(app: &mut App) -> bool {
    let Some(one) = app.folders.search().cloned() else {
        return false;
    };
    change_kept(app, KeptChange::Remove(one.key));
    true
}

/// Shows what a search finds now.
pub fn open(app: &mut App, key: SearchKey) {
    let found = app.folders.searches.iter().find(|one| one.key == key);
    let Some(one) = found.cloned() else {
        return app.hint("This search is gone.");
    };
    app.folders.select_search(key);
    search::open_kept(app, &one);
    app.go(Screen::Index);
}
