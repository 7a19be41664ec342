//! The few things a reader wants of a text/calendar part (RFC 5545): what, when, where, who.

mod zone;

use std::collections::BTreeMap;

use super::date;
use zone::Zone;

/// Events that are told.
const MAX_EVENTS: usize = 20;
/// The label of what an event says at length.
pub const TEXT: &str = "Text";
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

/// Reads the events, tasks and journal entries of a calendar; with the reader's offset from UTC
/// in minutes at an epoch second, times are told for that zone too.
pub fn events(text: &str, local: Option<fn(i64) -> i32>) -> Vec<Event> {
    let mut reader = Reader::default();
    for line in unfolded(text) {
        if let Some(property) = Property::parse(&line) {
            reader.take(property);
        }
        if reader.found.len() >= MAX_EVENTS {
            break;
        }
    }
    let Reader {
        method,
        found,
        zones,
        ..
    } = reader;
    let clock = Clock { zones, local };
    found.iter().map(|raw| raw.event(&method, &clock)).collect()
}

#[derive(Default)]
struct Reader {
    method: String,
    found: Vec<Raw>,
    open: Option<Raw>,
    /// Components that are open inside an event.
    inner: usize,
    zones: BTreeMap<String, Zone>,
    zone: Option<Zone>,
}

impl Reader {
    fn take(&mut self, property: Property) {
        let value = property.value.to_ascii_uppercase();
        let name = property.name.as_str();
        if let Some(raw) = &mut self.open {
            match name {
                "BEGIN" => self.inner += 1,
                "END" if self.inner > 0 => self.inner -= 1,
                "END" => self.found.extend(self.open.take()),
                _ if self.inner == 0 => raw.properties.push(property),
                _ => {}
            }
        } else if let Some(zone) = &mut self.zone {
            if name == "END" && value == "VTIMEZONE" {
                let zone = self.zone.take().unwrap_or_default();
                self.zones.insert(zone.id.clone(), zone);
            } else {
                zone.take(name, &property.value);
            }
        } else {
            match (name, value.as_str()) {
                ("METHOD", _) => self.method = value,
                ("BEGIN", "VTIMEZONE") if self.zones.len() < MAX_EVENTS => {
                    self.zone = Some(Zone::default());
                }
                ("BEGIN", "VEVENT") => self.open = Some(Raw::new(Kind::Event)),
                ("BEGIN", "VTODO") => self.open = Some(Raw::new(Kind::Task)),
                ("BEGIN", "VJOURNAL") => self.open = Some(Raw::new(Kind::Journal)),
                _ => {}
            }
        }
    }
}

/// What is needed to tell a time.
struct Clock {
    zones: BTreeMap<String, Zone>,
    local: Option<fn(i64) -> i32>,
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Event,
    Task,
    Journal,
}

struct Raw {
    kind: Kind,
    properties: Vec<Property>,
}

impl Raw {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            properties: Vec::new(),
        }
    }

    fn first(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|p| p.name == name)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.first(name)
            .map(|p| unescaped(&p.value))
            .filter(|text| !text.trim().is_empty())
    }

    fn event(&self, method: &str, clock: &Clock) -> Event {
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
            _ if self.kind == Kind::Task => "Task",
            _ if self.kind == Kind::Journal => "Journal",
            _ => "Event",
        };
        let mut fields = Vec::new();
        let mut add = |label, text: Option<String>| {
            if let Some(text) = text {
                fields.push((label, text));
            }
        };
        let start = self.first("DTSTART");
        add("Start", start.map(|p| clock.told(p)));
        let end = self.first("DTEND").and_then(|p| clock.end(p, start));
        add("End", end);
        add("Due", self.first("DUE").map(|p| clock.told(p)));
        add("Repeats", self.first("RRULE").map(repeats));
        add("Location", self.text("LOCATION"));
        add("Organizer", self.first("ORGANIZER").map(person));
        let guests = self.properties.iter().filter(|p| p.name == "ATTENDEE");
        let guests: Vec<String> = guests.take(20).map(guest).collect();
        add("Guests", Some(guests.join(", ")).filter(|g| !g.is_empty()));
        add(TEXT, self.text("DESCRIPTION"));
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

/// A calendar time as written: local seconds since 1970, and whether there is a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wall {
    seconds: i64,
    clock: bool,
}

impl Wall {
    /// Reads `20261124` and `20261124T090000`, with or without `Z`.
    fn parse(value: &str) -> Option<Self> {
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = value.get(from..to)?;
            digits.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
            digits.parse().ok()
        };
        let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
        let days = date::days(year, month, day)?;
        let clock = matches!(value.as_bytes().get(8), Some(b'T' | b't'));
        let (hour, minute) = if clock {
            (number(9, 11)?, number(11, 13)?)
        } else {
            (0, 0)
        };
        (hour < 24 && minute < 60).then_some(())?;
        Some(Self {
            seconds: days * 86_400 + hour * 3600 + minute * 60,
            clock,
        })
    }

    /// `Tue 24 Nov 2026 09:00`.
    fn shown(self) -> String {
        let day = date::day(self.seconds);
        if !self.clock {
            return day;
        }
        let minutes = self.seconds.rem_euclid(86_400) / 60;
        format!("{day} {:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl Clock {
    /// `20261124T090000Z` as `Tue 24 Nov 2026 09:00 UTC`, and the same for the reader's zone; what
    /// is no date stays as it is.
    fn told(&self, property: &Property) -> String {
        let value = property.value.trim();
        let Some(wall) = Wall::parse(value) else {
            return value.to_owned();
        };
        let name = property.parameter("TZID");
        let zulu = value.ends_with(['Z', 'z']);
        let offset = match (zulu, name) {
            (true, _) => Some(0),
            (false, Some(name)) => self.zones.get(name).and_then(|z| z.offset(wall.seconds)),
            (false, None) => None,
        };
        let shown = wall.shown();
        let there = match (zulu, name, offset) {
            _ if !wall.clock => return shown,
            (true, ..) => format!("{shown} UTC"),
            (_, Some(name), Some(offset)) => {
                format!("{shown} {} ({name})", date::zone_name(offset))
            }
            (_, Some(name), None) => format!("{shown} ({name})"),
            (_, None, _) => shown,
        };
        let (Some(offset), Some(offset_at)) = (offset, self.local) else {
            return there;
        };
        let epoch = wall.seconds - i64::from(offset) * 60;
        let local = offset_at(epoch);
        if local == offset {
            return there;
        }
        let here = Wall {
            seconds: epoch + i64::from(local) * 60,
            clock: true,
        };
        format!("{there} = {} here", here.shown())
    }

    /// The end, where it says more than the start. A day without a time is not part of the event
    /// any more (RFC 5545 section 3.6.1), which no person would say so.
    fn end(&self, end: &Property, start: Option<&Property>) -> Option<String> {
        let Some(wall) = Wall::parse(end.value.trim()) else {
            return Some(self.told(end));
        };
        if wall.clock {
            return Some(self.told(end));
        }
        let last = Wall {
            seconds: wall.seconds - 86_400,
            clock: false,
        };
        let first = start.and_then(|p| Wall::parse(p.value.trim()));
        let longer = first.is_none_or(|first| first.seconds < last.seconds);
        longer.then(|| last.shown())
    }
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
        let events = events(text, None);
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].heading, "Invitation: Quarterly planning, all");
        assert_eq!(
            fields(&events[0]),
            [
                "Start=Tue 24 Nov 2026 09:00 (Europe/Warsaw)",
                "End=Tue 24 Nov 2026 09:30 UTC",
                "Location=Room 1",
                "Organizer=Kowalczyk: Maria <m@x.example>",
            ]
        );
        assert!(super::events("garbage\n:::\nBEGIN:VEVENT", None).is_empty());
    }

    fn fields(event: &Event) -> Vec<String> {
        let each = event.fields.iter();
        each.map(|(n, v)| format!("{n}={v}")).collect()
    }

    const WARSAW: &str = "BEGIN:VTIMEZONE\nTZID:Warsaw\nBEGIN:DAYLIGHT\n\
        TZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nDTSTART:19700329T020000\n\
        RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\nEND:DAYLIGHT\nBEGIN:STANDARD\n\
        TZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nDTSTART:19701025T030000\n\
        RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\nEND:VTIMEZONE\n";

    #[test]
    fn times_are_told_in_the_zone_of_the_event_and_of_the_reader() {
        let check = |line: &str, local: Option<fn(i64) -> i32>, want: &str| {
            let text = format!("{WARSAW}BEGIN:VEVENT\nSUMMARY:x\n{line}\nEND:VEVENT\n");
            let events = super::events(&text, local);
            assert_eq!(fields(&events[0]), [want], "{line}");
        };
        let winter = "DTSTART;TZID=Warsaw:20261124T090000";
        check(winter, None, "Start=Tue 24 Nov 2026 09:00 +0100 (Warsaw)");
        check(
            winter,
            Some(|_| -300),
            "Start=Tue 24 Nov 2026 09:00 +0100 (Warsaw) = Tue 24 Nov 2026 03:00 here",
        );
        check(
            winter,
            Some(|_| 60),
            "Start=Tue 24 Nov 2026 09:00 +0100 (Warsaw)",
        );
        check(
            "DTSTART;TZID=Warsaw:20260724T003000",
            Some(|_| 0),
            "Start=Fri 24 Jul 2026 00:30 +0200 (Warsaw) = Thu 23 Jul 2026 22:30 here",
        );
        check(
            "DTSTART;TZID=Warsaw:20260329T010000",
            None,
            "Start=Sun 29 Mar 2026 01:00 +0100 (Warsaw)",
        );
        check(
            "DTSTART;TZID=Warsaw:20260329T030000",
            None,
            "Start=Sun 29 Mar 2026 03:00 +0200 (Warsaw)",
        );
        check(
            "DTSTART;TZID=Elsewhere:20261124T090000",
            Some(|_| 0),
            "Start=Tue 24 Nov 2026 09:00 (Elsewhere)",
        );
        check(
            "DTSTART:20261124T230000Z",
            Some(|_| 330),
            "Start=Tue 24 Nov 2026 23:00 UTC = Wed 25 Nov 2026 04:30 here",
        );
        check(
            "DTSTART:20261124T090000",
            Some(|_| 60),
            "Start=Tue 24 Nov 2026 09:00",
        );
        check(
            "DTSTART;VALUE=DATE:20261124",
            Some(|_| 60),
            "Start=Tue 24 Nov 2026",
        );
        check("DTSTART:20261324T090000", None, "Start=20261324T090000");
        check("DTSTART:soon", None, "Start=soon");
        check("DTSTART:99999999T999999", None, "Start=99999999T999999");
    }

    #[test]
    fn whole_days_end_on_the_day_that_people_name() {
        let check = |end: &str, want: &[&str]| {
            let text = format!("BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261124\n{end}\nEND:VEVENT\n");
            assert_eq!(fields(&super::events(&text, None)[0]), want, "{end}");
        };
        check("DTEND;VALUE=DATE:20261125", &["Start=Tue 24 Nov 2026"]);
        check(
            "DTEND;VALUE=DATE:20261127",
            &["Start=Tue 24 Nov 2026", "End=Thu 26 Nov 2026"],
        );
    }

    #[test]
    fn tasks_are_told_too() {
        let text = "BEGIN:VTODO\nSUMMARY:Buy oil\nDUE:20261124T090000Z\nEND:VTODO\n\
            BEGIN:VJOURNAL\nSUMMARY:Rain\nEND:VJOURNAL\n";
        let events = super::events(text, None);
        assert_eq!(events[0].heading, "Task: Buy oil");
        assert_eq!(fields(&events[0]), ["Due=Tue 24 Nov 2026 09:00 UTC"]);
        assert_eq!(events[1].heading, "Journal: Rain");
    }
}
