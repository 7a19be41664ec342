//! Bytes to model and back: reading, text, sanitising, file names.
