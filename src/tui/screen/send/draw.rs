//! The page that stands over the question whether to send.

use crate::tui::app::layout::Area;
use crate::tui::app::view::Weight;
use crate::tui::app::{App, date};
use crate::tui::screen::compose::Composer;

use crate::mime::sanitize::Shown;
use crate::model::Role as MailRole;
use crate::tui::screen::log::state::fold;
use crate::tui::screen::paint::Pen;
use crate::tui::screen::theme::Role;

const LABEL: u16 = 10;
/// Under so many rows the warnings come first.
const LOW: u16 = 12;

/// The title.
pub fn title(app: &App) -> (String, String) {
    let name = composer(app).map_or(String::new(), Composer::name);
    (format!("SEND?   {name}"), "check before sending".to_owned())
}

fn composer(app: &App) -> Option<&Composer> {
    app.compose
        .open
        .iter()
        .find(|one| one.id == app.send.composer)
}

/// Draws the page; gives its first cell.
pub fn draw(app: &App, pen: &mut Pen<'_>, area: Area) -> (u16, u16) {
    pen.clear(area);
    let Some(composer) = composer(app) else {
        return (area.x, area.y);
    };
    let mut page = Page {
        pen,
        area,
        y: area.y,
    };
    if area.height < LOW {
        // What there is to say is not what a low terminal leaves out.
        page.findings(app);
        page.fields(app, composer);
    } else {
        page.fields(app, composer);
        page.rule();
        if !app.send.about.findings.is_empty() {
            page.findings(app);
            page.rule();
        }
        page.text(composer);
    }
    (area.x, area.y)
}

struct Page<'a, 'b> {
    pen: &'a mut Pen<'b>,
    area: Area,
    y: u16,
}

impl Page<'_, '_> {
    fn left(&self) -> bool {
        self.y < self.area.y + self.area.height
    }

    fn field(&mut self, name: &str, text: &str) {
        if !self.left() {
            return;
        }
        let name = format!("{name:<8}:");
        self.pen
            .put(self.area.x, self.y, LABEL, &name, Role::Header);
        let room = self.area.width.saturating_sub(LABEL);
        self.pen
            .put(self.area.x + LABEL, self.y, room, text, Role::Text);
        self.y += 1;
    }

    /// A field in as many rows as it takes: nobody whom the message goes to is left out.
    fn long_field(&mut self, name: &str, text: &str) {
        let room = usize::from(self.area.width.saturating_sub(LABEL)).max(4);
        let mut rows = Vec::new();
        fold("", text, room, &mut rows);
        for (n, row) in rows.iter().enumerate() {
            if n == 0 {
                self.field(name, row);
            } else if self.left() {
                let room = self.area.width.saturating_sub(LABEL);
                self.pen
                    .put(self.area.x + LABEL, self.y, room, row, Role::Text);
                self.y += 1;
            }
        }
    }

    fn fields(&mut self, app: &App, composer: &Composer) {
        let from = crate::mime::sanitize::full(&composer.rest.from);
        self.field("From", from.as_str());
        for (name, field) in [
            ("To", &composer.to),
            ("Cc", &composer.cc),
            ("Bcc", &composer.bcc),
            ("Reply-To", &composer.reply_to),
        ] {
            let all = field.shown().join(", ");
            if !all.is_empty() {
                self.long_field(name, &all);
            }
        }
        let attached: Vec<String> = composer
            .attachments
            .iter()
            .map(|one| format!("{} ({})", Shown::line(&one.name), date::octets(one.size)))
            .collect();
        let attached = match attached.is_empty() {
            true => "none".to_owned(),
            false => attached.join(", "),
        };
        self.long_field("Attach", &attached);
        self.field("Subject", composer.subject.value());
        let size = date::octets(app.send.about.size);
        let account = app.accounts.iter().find(|a| a.id == composer.rest.account);
        let kept = match account.and_then(|account| account.role(MailRole::Sent)) {
            Some(sent) => format!(", copy kept in {}", sent.name),
            None => String::new(),
        };
        self.field("Size", &format!("{size}, plain text{kept}"));
    }

    fn rule(&mut self) {
        if self.left() {
            self.pen.rule(self.area.x, self.y, self.area.width);
            self.y += 1;
        }
    }

    fn findings(&mut self, app: &App) {
        let room = usize::from(self.area.width.saturating_sub(4)).max(10);
        for finding in &app.send.about.findings {
            let (mark, role) = match finding.weight {
                Weight::Stop | Weight::Warning => ("!", Role::Warning),
                Weight::Note => ("i", Role::Text),
            };
            let mut rows = Vec::new();
            fold("", &finding.text, room, &mut rows);
            for (n, row) in rows.iter().enumerate() {
                if !self.left() {
                    return;
                }
                if n == 0 {
                    self.pen.put(self.area.x + 1, self.y, 1, mark, role);
                }
                let width = self.area.width.saturating_sub(3);
                self.pen.put(self.area.x + 3, self.y, width, row, role);
                self.y += 1;
            }
        }
    }

    fn text(&mut self, composer: &Composer) {
        let text = composer.body.text();
        let mut line = 0;
        while self.left() && line < text.count() {
            let shown = Shown::body_line(text.line(line));
            self.pen
                .shown(self.area.x, self.y, self.area.width, &shown, Role::Text);
            self.y += 1;
            line += 1;
        }
    }
}
