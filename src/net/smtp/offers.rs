//! What a server offers in its answer to EHLO (RFC 5321 section 4.1.1.1), read without regard to
//! letter case.

use lettre::transport::smtp::response::Response;

/// What EHLO said. Nothing of it outlives STARTTLS (SAFETY T4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// STARTTLS (RFC 3207).
    pub start_tls: bool,
    /// SIZE (RFC 1870): offered at all, with the most octets of a message, where there is a limit.
    pub size: Option<Option<u64>>,
    /// PIPELINING (RFC 2920).
    pub pipelining: bool,
    /// 8BITMIME (RFC 6152).
    pub eight_bit: bool,
    /// SMTPUTF8 (RFC 6531).
    pub utf8: bool,
    /// ENHANCEDSTATUSCODES (RFC 2034).
    pub enhanced: bool,
    /// AUTH (RFC 4954): its mechanisms, in capitals.
    pub auth: Vec<String>,
    /// All keywords with their parameters, as the server wrote them.
    pub words: Vec<String>,
}

impl Offers {
    pub(super) fn of(response: &Response) -> Self {
        let mut offers = Self::default();
        // The first line holds the server's name and a greeting.
        for line in response.message().skip(1) {
            offers.read(line.trim());
        }
        offers
    }

    fn read(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        self.words.push(line.to_owned());
        let (keyword, rest) = line.split_once([' ', '=', '\t']).unwrap_or((line, ""));
        match keyword.to_ascii_uppercase().as_str() {
            "STARTTLS" => self.start_tls = true,
            "PIPELINING" => self.pipelining = true,
            "8BITMIME" => self.eight_bit = true,
            "SMTPUTF8" => self.utf8 = true,
            "ENHANCEDSTATUSCODES" => self.enhanced = true,
            "SIZE" => self.size = Some(rest.trim().parse().ok().filter(|most| *most > 0)),
            "AUTH" => {
                for word in rest.split_whitespace().map(str::to_ascii_uppercase) {
                    // Old servers write `AUTH=LOGIN` beside the right form.
                    if !self.auth.contains(&word) {
                        self.auth.push(word);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether a SASL mechanism is offered.
    pub fn has_auth(&self, mechanism: &str) -> bool {
        self.auth.iter().any(|word| word == mechanism)
    }

    /// The most octets of a message, where the server named a limit.
    pub fn most(&self) -> Option<u64> {
        self.size.flatten()
    }
}
