//! Settings, provider table, paths and secrets.
