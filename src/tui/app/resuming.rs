//! Going on with a message of the Drafts mailbox: one of ours is its draft, one of another program
//! becomes one.

use crate::model::{Draft, DraftSave, MessageKey, PartPath, Role};

use super::event::{Action, Question, Ticket};
use super::view::Resuming;
use super::{App, commands, writing};

/// The message that is to be gone on with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    ticket: Ticket,
    /// How many keys were pressed when it was asked for: one since then wants something else.
    presses: u64,
    message: MessageKey,
}

/// Whether Enter in the index goes on with a draft.
pub fn goes_on(app: &App) -> bool {
    app.mailbox()
        .is_some_and(|(_, mailbox)| mailbox.role == Some(Role::Drafts))
}

/// Enter in an index: in Drafts writing goes on, elsewhere the message is read.
pub fn open(app: &mut App) {
    let row = app.index.row().map(|row| row.key);
    let Some(message) = row.filter(|_| goes_on(app)) else {
        return commands::open_message(app);
    };
    let ticket = app.ask(Question::Resuming(message));
    let presses = app.presses;
    app.resuming = Some(Wanted {
        ticket,
        presses,
        message,
    });
}

fn wanted(app: &mut App, ticket: Ticket) -> Option<Wanted> {
    let presses = app.presses;
    let wanted = app.resuming.take_if(|one| one.ticket == ticket)?;
    (wanted.presses == presses).then_some(wanted)
}

/// What is known of the message came.
pub fn came(app: &mut App, ticket: Ticket, found: Resuming) {
    let Some(wanted) = wanted(app, ticket) else {
        return;
    };
    if let Resuming::Ours(..) | Resuming::Theirs { .. } = &found {
        app.index.hold(wanted.message);
    }
    match found {
        Resuming::Ours(kept, saved, draft) => writing::go_on_with(app, kept, saved, *draft),
        Resuming::Theirs { content, draft } => {
            let ticket = app.act(Action::Adopt {
                message: wanted.message,
                content,
                draft,
            });
            app.resuming = Some(Wanted { ticket, ..wanted });
        }
        Resuming::NotKept(size) => {
            app.act(Action::Fetch {
                message: wanted.message,
                part: Some(PartPath::root()),
            });
            let size = super::date::octets(size);
            app.hint(match app.is_connected() {
                true => format!("Fetching {size} first; then Enter goes on with it."),
                false => format!("Not kept offline: {size}. Enter goes on with it when online."),
            });
        }
        Resuming::Gone => app.hint("This message is gone."),
    }
}

/// The message is a draft of ours now.
pub fn adopted(app: &mut App, ticket: Ticket, kept: DraftSave, saved: i64, draft: Draft) {
    match wanted(app, ticket) {
        Some(_) => writing::go_on_with(app, kept, saved, draft),
        None => app.hint("The draft can be gone on with; Alt-c lists it."),
    }
}
