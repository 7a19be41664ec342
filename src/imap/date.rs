//! INTERNALDATE and search dates (RFC 9051 section 9, `date-time` and `date`).
