//! The only SQL: schema, rows, bodies, journal, change bus.
