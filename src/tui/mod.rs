//! The screen: pure app, pure screens, a dull shell.
