//! A message that the program was started to write.

use crate::model::Draft;
use crate::tui::screen::compose::Kind;

use super::{App, writing};

/// Opens the composer on it once the accounts are known, whose first address writes it.
pub(super) fn write(app: &mut App) {
    if app.accounts.is_empty() {
        return;
    }
    let Some(asked) = app.asked_draft.take() else {
        return;
    };
    let Some(identity) = app.identity() else {
        app.hint(writing::NO_IDENTITY);
        return;
    };
    let blank = writing::blank(&identity);
    let text = format!("{}{}", asked.text, blank.text);
    let draft = Draft {
        account: blank.account,
        from: blank.from,
        reply_to: blank.reply_to,
        text,
        ..*asked
    };
    app.write_on(draft, Kind::New);
}
