//! The few things a reader wants of a text/calendar part (RFC 5545): what, when, where, who.

use super::date;
use super::header;

/// Events that are told.
const MAX_EVENTS: usize = 20;
/// Content lines that are read.
const MAX_LINES: usize = 50_000;

/// What a calendar part says, as pairs of a label and a text; the first is the heading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// `Invitation`, `Cancelled`, `Reply` … and the summary.
    pub heading: String,
    /// Label and text, in reading order.
    pub fields: Vec<(&'static str, String)>,
}

/// Reads the events of a calendar.
pub fn events(text: &str) -> Vec<Event> {
    let mut method = String::new();
    let mut events = Vec::new();
    let mut open: Option<Raw> = None;
    let mut inner = 0usize;
    for line in unfolded(text) {
        let Some(property) = Property::parse(&line) else {
            continue;
        };
        let value = property.value.to_ascii_uppercase();
        let component = matches!(value.as_str(), "VEVENT" | "VTODO" | "VJOURNAL");
        match (property.name.as_str(), &mut open) {
            ("METHOD", None) => method = value,
            ("BEGIN", None) if component => open = Some(Raw::default()),
            ("BEGIN", Some(_)) => inner += 1,
            ("END", Some(_)) if inner > 0 => inner -= 1,
            ("END", Some(_)) => {
                events.extend(open.take().map(|raw| raw.event(&method)));
                if events.len() >= MAX_EVENTS {
                    break;
                }
            }
            (_, Some(raw)) if inner == 0 => raw.0.push(property),
            _ => {}
        }
    }
    events
}

fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = line.trim_end_matches('\r');
        if let Some(rest) = line.strip_prefix([' ', '\t'])
            && let Some(last) = lines.last_mut()
        {
            last.push_str(rest);
        } else if lines.len() < MAX_LINES {
            lines.push(line.to_owned());
        } else {
            break;
        }
    }
    lines
}

struct Property {
    name: String,
    parameters: Vec<(String, String)>,
    value: String,
}

impl Property {
    /// `NAME;PARAM=x;PARAM="y:z":value`.
    fn parse(line: &str) -> Option<Self> {
        let mut quoted = false;
        let colon = line.find(|c| {
            if c == '"' {
                quoted = !quoted;
            }
            c == ':' && !quoted
        })?;
        let (head, value) = line.split_at_checked(colon)?;
        let mut pieces = head.split(';');
        let name = pieces.next()?.trim().to_ascii_uppercase();
        let parameters = pieces
            .take(100)
            .filter_map(|p| p.split_once('='))
            .map(|(n, v)| (n.to_ascii_uppercase(), v.trim_matches('"').to_owned()))
            .collect();
        Some(Self {
            name,
            parameters,
            value: value.get(1..)?.to_owned(),
        })
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct Raw(Vec<Property>);

impl Raw {
    fn first(&self, name: &str) -> Option<&Property> {
        self.0.iter().find(|p| p.name == name)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.first(name)
            .map(|p| unescaped(&p.value))
            .filter(|text| !text.trim().is_empty())
    }

    fn event(&self, method: &str) -> Event {
        let summary = self.text("SUMMARY").unwrap_or_else(|| "(no title)".into());
        let cancelled = self
            .first("STATUS")
            .is_some_and(|p| p.value.eq_ignore_ascii_case("CANCELLED"));
        let what = match method {
            _ if cancelled => "Cancelled",
            "REQUEST" => "Invitation",
            "CANCEL" => "Cancelled",
            "REPLY" => "Answer to an invitation",
            "COUNTER" => "Another time proposed",
            _ => "Event",
        };
        let mut fields = Vec::new();
        let mut add = |label, text: Option<String>| {
            if let Some(text) = text {
                fields.push((label, text));
            }
        };
        add("Start", self.first("DTSTART").map(when));
        let end = self.first("DTEND").or_else(|| self.first("DUE"));
        add("End", end.map(when));
        add("Repeats", self.first("RRULE").map(repeats));
        add("Location", self.text("LOCATION"));
        add("Organizer", self.first("ORGANIZER").map(person));
        let guests = self.0.iter().filter(|p| p.name == "ATTENDEE");
        let guests: Vec<String> = guests.take(20).map(guest).collect();
        add("Guests", Some(guests.join(", ")).filter(|g| !g.is_empty()));
        add("Text", self.text("DESCRIPTION"));
        Event {
            heading: format!("{what}: {summary}"),
            fields,
        }
    }
}

fn repeats(rule: &Property) -> String {
    let frequency = rule
        .value
        .split(';')
        .find_map(|p| p.strip_prefix("FREQ="))
        .unwrap_or_default();
    frequency.to_ascii_lowercase()
}

fn person(property: &Property) -> String {
    let address = property.value.trim();
    let address = address
        .get(..7)
        .filter(|p| p.eq_ignore_ascii_case("mailto:"))
        .and_then(|_| address.get(7..))
        .unwrap_or(address);
    match property.parameter("CN").filter(|cn| *cn != address) {
        Some(name) => format!("{name} <{address}>"),
        None => address.to_owned(),
    }
}

fn guest(property: &Property) -> String {
    let state = match property.parameter("PARTSTAT").map(str::to_ascii_uppercase) {
        Some(state) if state == "ACCEPTED" => " (accepted)",
        Some(state) if state == "DECLINED" => " (declined)",
        Some(state) if state == "TENTATIVE" => " (tentative)",
        _ => "",
    };
    format!("{}{state}", person(property))
}

/// `20261124T090000Z` as `Tue 24 Nov 2026 09:00 UTC`; what is no date stays as it is.
fn when(property: &Property) -> String {
    let value = property.value.trim();
    let Some(shown) = readable(value) else {
        return value.to_owned();
    };
    match property.parameter("TZID") {
        _ if value.ends_with('Z') => format!("{shown} UTC"),
        Some(zone) => format!("{shown} ({zone})"),
        None => shown,
    }
}

fn readable(value: &str) -> Option<String> {
    let day = value.get(..8)?;
    let iso = format!("{}-{}-{}", day.get(..4)?, day.get(4..6)?, day.get(6..8)?);
    let clock = match value.get(8..9) {
        Some("T") => Some((value.get(9..11)?, value.get(11..13)?)),
        _ => None,
    };
    let (hour, minute) = clock.unwrap_or(("00", "00"));
    let epoch = header::date(format!("{iso}T{hour}:{minute}:00Z").as_bytes())?.epoch;
    let date = date::day(epoch);
    Some(match clock {
        Some((hour, minute)) => format!("{date} {hour}:{minute}"),
        None => date,
    })
}

fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_is_told_in_words() {
        let text = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\nDTSTART:x\r\n\
            END:VTIMEZONE\r\nBEGIN:VEVENT\r\nSUMMARY:Quarterly\r\n  planning\\, all\r\n\
            DTSTART;TZID=Europe/Warsaw:20261124T090000\r\nDTEND:20261124T093000Z\r\n\
            ORGANIZER;CN=\"Kowalczyk: Maria\":mailto:m@x.example\r\nLOCATION:Room 1\r\n\
            BEGIN:VALARM\r\nSUMMARY:no\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let events = events(text);
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].heading, "Invitation: Quarterly planning, all");
        let fields: Vec<String> = events[0]
            .fields
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        assert_eq!(
            fields,
            [
                "Start=Tue 24 Nov 2026 09:00 (Europe/Warsaw)",
                "End=Tue 24 Nov 2026 09:30 UTC",
                "Location=Room 1",
                "Organizer=Kowalczyk: Maria <m@x.example>",
            ]
        );
        assert!(super::events("garbage\n:::\nBEGIN:VEVENT").is_empty());
    }
}
