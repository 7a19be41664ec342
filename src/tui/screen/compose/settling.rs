//! From what is typed into the address fields to recipients: at once where addresses stand there,
//! else by way of the store, which knows who is called so (SAFETY C2).

use crate::mime::recipient::Refused;
use crate::model::Recipient;
use crate::tui::app::event::{Question, Ticket};
use crate::tui::app::{App, writing};
use crate::tui::screen::send;

use super::keys;
use super::state::Spot;

/// What goes on once the fields are settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The cursor stays.
    Stay,
    /// It goes to the next field.
    Next,
    /// It goes to the field before.
    Previous,
    /// The message is looked over to be sent.
    Send,
    /// The text goes to another program.
    Edit,
}

/// What was asked of the store, and what goes on then.
#[derive(Clone, Debug)]
pub struct Asked {
    ticket: Ticket,
    composer: u64,
    spot: Spot,
    typed: String,
    then: Then,
    presses: u64,
}

/// Settles the field with the cursor; false where that cannot be, or is not known yet.
pub fn field(app: &mut App, then: Then) -> bool {
    let spot = app.compose.current().map(|one| one.spot);
    spot.is_none_or(|spot| settle(app, spot, then))
}

/// Settles all address fields; false where one cannot be, or is not known yet.
pub fn all(app: &mut App, then: Then) -> bool {
    let fields = [Spot::To, Spot::Cc, Spot::Bcc, Spot::ReplyTo];
    app.compose.current().is_some() && fields.into_iter().all(|spot| settle(app, spot, then))
}

fn settle(app: &mut App, spot: Spot, then: Then) -> bool {
    let presses = app.presses();
    let Some(composer) = app.compose.current_mut() else {
        return true;
    };
    let id = composer.id;
    let Some(field) = composer.recipients(spot) else {
        return true;
    };
    if field.is_settled() {
        field.take(Vec::new());
        return true;
    }
    let typed = field.typed().to_owned();
    match field.settle() {
        Ok(()) => {
            composer.touched();
            true
        }
        Err(Refused::Nobody(_)) => {
            let ticket = app.question(Question::Resolve(typed.clone()));
            app.compose.resolving = Some(Asked {
                ticket,
                composer: id,
                spot,
                typed,
                then,
                presses,
            });
            false
        }
        Err(why) => {
            refuse(app, spot, format!("{why}."));
            false
        }
    }
}

/// What cannot be a recipient keeps the cursor.
fn refuse(app: &mut App, spot: Spot, why: String) {
    keys::go(app, spot);
    app.hint(why);
}

/// Who was meant is known.
pub fn resolved(app: &mut App, ticket: Ticket, found: Result<Vec<Recipient>, String>) {
    if writing::bounce_to(app, ticket, &found) {
        return;
    }
    let asked = app.compose.resolving.take_if(|one| one.ticket == ticket);
    let Some(asked) = asked else { return };
    let shown = app.compose.current().map(|one| one.id) == Some(asked.composer);
    let composer = app.compose.find(asked.composer);
    let field = composer.and_then(|composer| composer.recipients(asked.spot));
    if field.is_none_or(|field| field.typed() != asked.typed) {
        return;
    }
    let here = shown && app.presses() == asked.presses && app.screen.is_composer();
    match found {
        Ok(units) => {
            if let Some(composer) = app.compose.find(asked.composer) {
                if let Some(field) = composer.recipients(asked.spot) {
                    field.take(units);
                }
                composer.touched();
            }
            if here {
                go_on(app, asked.then);
            }
        }
        Err(why) if here => refuse(app, asked.spot, why),
        Err(why) => app.hint(why),
    }
}

fn go_on(app: &mut App, then: Then) {
    match then {
        Then::Stay => {}
        Then::Next => keys::leave(app, true),
        Then::Previous => keys::leave(app, false),
        Then::Send => send::begin(app),
        Then::Edit => writing::open_editor(app),
    }
}
