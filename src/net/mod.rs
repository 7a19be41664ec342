//! The only sockets: dialling, TLS, the one read/write loop, the redacted transcript.
