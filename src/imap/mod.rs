//! IMAP4 (RFC 9051, 3501) as a pure machine: framing, tolerant values, typed views, commands.
