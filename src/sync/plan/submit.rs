//! Whom to name to a submission server, and what its words mean for each recipient (SAFETY R2).

use crate::model::{Delivery, Reply};
use crate::net::smtp::{Address, Addressed, Envelope, Offers, Said};

/// What is put off is tried at least so often.
const LONGEST: i64 = 30 * 60;
/// And not before this.
const SHORTEST: i64 = 60;
/// After so long a no for now is one for good (RFC 5321 section 4.5.4.1).
const GIVE_UP: i64 = 5 * 24 * 3600;

/// A message as far as its envelope is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter<'a> {
    /// Who hears of failures.
    pub sender: &'a str,
    /// Those who do not have it, each with a number to tell them by.
    pub to: Vec<(usize, &'a str)>,
    /// Its octets.
    pub size: u64,
    /// Whether some are above 127.
    pub eight_bit: bool,
    /// Whether header or addresses hold anything but ASCII.
    pub utf8: bool,
}

/// What a try is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What to name; `None` where nobody is left.
    pub envelope: Option<Envelope>,
    /// The numbers of its recipients, in order.
    pub named: Vec<usize>,
    /// Who is refused without asking the server.
    pub refused: Vec<(usize, Delivery)>,
}

/// Plans a try for what the server offers.
pub fn plan(letter: &Letter<'_>, offers: &Offers) -> Plan {
    let all = |said: Said| Plan {
        refused: letter
            .to
            .iter()
            .map(|(number, _)| (*number, delivery(&said)))
            .collect(),
        ..Plan::default()
    };
    if let Some(most) = offers.most().filter(|most| letter.size > *most) {
        let text = format!(
            "the message has {} octets, the server takes {most}",
            letter.size
        );
        return all(Said::ours(552, "5.3.4", text));
    }
    if letter.eight_bit && !offers.eight_bit {
        let text = "the message has 8-bit octets, and the server takes none";
        return all(Said::ours(554, "5.6.3", text));
    }
    if letter.utf8 && !offers.utf8 {
        let text = "an address is not ASCII, and the server takes no such message";
        return all(Said::ours(553, "5.6.7", text));
    }
    let from = match letter.sender {
        "" => None,
        sender => match sender.parse::<Address>() {
            Ok(address) => Some(address),
            Err(_) => {
                let text = format!("the sender \"{sender}\" is no mail address");
                return all(Said::ours(553, "5.1.7", text));
            }
        },
    };
    let mut plan = Plan::default();
    let mut to = Vec::new();
    for (number, text) in &letter.to {
        match text.parse::<Address>() {
            Ok(address) => {
                to.push(address);
                plan.named.push(*number);
            }
            Err(_) => {
                let said = Said::ours(553, "5.1.3", "this is no mail address");
                plan.refused.push((*number, delivery(&said)));
            }
        }
    }
    if !to.is_empty() {
        plan.envelope = Some(Envelope {
            from,
            to,
            size: letter.size,
            eight_bit: letter.eight_bit,
            utf8: letter.utf8,
        });
    }
    plan
}

/// What the answers to an envelope mean: who is taken, and what the others got.
pub fn addressed(named: &[usize], said: &Addressed) -> (Vec<usize>, Vec<(usize, Delivery)>) {
    let mut taken = Vec::new();
    let mut others = Vec::new();
    for (at, number) in named.iter().enumerate() {
        if !said.sender.is_yes() {
            others.push((*number, delivery(&said.sender)));
            continue;
        }
        match said.recipients.get(at).and_then(Option::as_ref) {
            Some(said) if said.is_yes() => taken.push(*number),
            Some(said) => others.push((*number, delivery(said))),
            None => {}
        }
    }
    (taken, others)
}

/// What one answer means for all who were taken.
pub fn verdict(taken: &[usize], said: &Said) -> Vec<(usize, Delivery)> {
    taken
        .iter()
        .map(|number| (*number, delivery(said)))
        .collect()
}

fn delivery(said: &Said) -> Delivery {
    let reply = Reply {
        code: said.code,
        status: said.enhanced.clone(),
        text: said.text.clone(),
    };
    if said.is_yes() {
        Delivery::Taken
    } else if said.is_for_now() {
        Delivery::Deferred(reply)
    } else {
        Delivery::Refused(reply)
    }
}

/// A no for now that has lasted for days is one for good.
pub fn worn_out(results: &mut [(usize, Delivery)], age: i64) {
    if age < GIVE_UP {
        return;
    }
    for (_, delivery) in results {
        if let Delivery::Deferred(reply) = delivery {
            *delivery = Delivery::Refused(reply.clone());
        }
    }
}

/// How many seconds to wait after a no for now, for a message that was due `age` seconds ago.
pub fn put_off(age: i64) -> i64 {
    (age / 2).clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter<'a>(to: &[&'a str]) -> Letter<'a> {
        Letter {
            sender: "alice@example.org",
            to: to.iter().copied().enumerate().collect(),
            size: 100,
            eight_bit: false,
            utf8: false,
        }
    }

    fn codes(results: &[(usize, Delivery)]) -> Vec<(usize, u16)> {
        results
            .iter()
            .map(|(number, delivery)| {
                let code = match delivery {
                    Delivery::Taken => 250,
                    Delivery::Waiting => 0,
                    Delivery::Deferred(reply) | Delivery::Refused(reply) => reply.code,
                };
                (*number, code)
            })
            .collect()
    }

    #[test]
    fn r2_what_the_server_cannot_take_is_refused_before_anything_is_sent() {
        let offers = Offers {
            size: Some(Some(1000)),
            ..Offers::default()
        };
        let check = |letter: Letter<'_>, code: u16| {
            let plan = plan(&letter, &offers);
            assert_eq!(plan.envelope, None);
            assert_eq!(codes(&plan.refused), [(0, code), (1, code)]);
        };
        let both = letter(&["b@example.org", "c@example.org"]);
        check(
            Letter {
                size: 1001,
                ..both.clone()
            },
            552,
        );
        check(
            Letter {
                eight_bit: true,
                ..both.clone()
            },
            554,
        );
        check(
            Letter {
                utf8: true,
                ..both.clone()
            },
            553,
        );
        check(
            Letter {
                sender: "alice",
                ..both.clone()
            },
            553,
        );
        let fits = plan(&Letter { size: 1000, ..both }, &offers);
        assert_eq!(fits.envelope.unwrap().to.len(), 2);
    }

    #[test]
    fn c2_what_is_no_address_is_refused_alone() {
        let plan = plan(
            &letter(&["b@example.org", "x>\r\nRCPT TO:<e@x", "c@example.org"]),
            &Offers::default(),
        );
        assert_eq!(plan.named, [0, 2]);
        assert_eq!(codes(&plan.refused), [(1, 553)]);
        // The empty sender is one.
        let bounce = Letter {
            sender: "",
            ..letter(&["b@example.org"])
        };
        assert_eq!(
            super::plan(&bounce, &Offers::default())
                .envelope
                .unwrap()
                .from,
            None
        );
    }

    #[test]
    fn r2_each_recipient_keeps_its_own_answer() {
        let said = |code| Said {
            code,
            enhanced: None,
            text: String::new(),
        };
        let answers = Addressed {
            sender: said(250),
            recipients: vec![Some(said(250)), Some(said(550)), Some(said(451)), None],
        };
        let (taken, others) = addressed(&[4, 5, 6, 7], &answers);
        assert_eq!(taken, [4]);
        assert_eq!(codes(&others), [(5, 550), (6, 451)]);
        assert!(matches!(others[0].1, Delivery::Refused(_)));
        assert!(matches!(others[1].1, Delivery::Deferred(_)));
        let refused = Addressed {
            sender: said(452),
            ..answers
        };
        let (taken, others) = addressed(&[4, 5], &refused);
        assert!(taken.is_empty());
        assert_eq!(codes(&others), [(4, 452), (5, 452)]);
        assert_eq!(codes(&verdict(&[1, 2], &said(250))), [(1, 250), (2, 250)]);
    }

    #[test]
    fn r2_r18_what_is_put_off_waits_longer_each_time_and_ends() {
        let (mut age, mut tries) = (0, 0);
        while age < GIVE_UP {
            let wait = put_off(age);
            assert!((SHORTEST..=LONGEST).contains(&wait));
            age += wait;
            tries += 1;
        }
        assert!((100..400).contains(&tries), "{tries}");
        assert_eq!(put_off(-1_000_000), SHORTEST, "a clock that was set back");
        let reply = Reply {
            code: 451,
            status: None,
            text: String::new(),
        };
        let mut results = [(0, Delivery::Deferred(reply.clone())), (1, Delivery::Taken)];
        worn_out(&mut results, GIVE_UP - 1);
        assert!(matches!(results[0].1, Delivery::Deferred(_)));
        worn_out(&mut results, GIVE_UP);
        assert_eq!(
            results,
            [(0, Delivery::Refused(reply)), (1, Delivery::Taken)]
        );
    }
}
