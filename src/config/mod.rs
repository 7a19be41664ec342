//! Settings, provider table, paths and secrets.
//!
//! The file of settings is read with line numbers and never trusted as a whole: an unknown key is a
//! warning, a faulty account is left out and named, the others stay. Passwords never stand in it;
//! they are in the system keyring ([`secrets`]), asked for, or printed by a command.

pub mod edit;
pub mod keyring;
pub mod load;
pub mod paths;
pub mod providers;
pub mod secrets;
pub mod settings;
mod table;
pub mod url;

pub use load::{ConfigError, load, parse};
pub use paths::{Overrides, Paths};
pub use secrets::{SecretError, Secrets};
pub use settings::{
    AccountKind, AccountSettings, Auth, Cursor, Identity, Keep, Maildrop, Sending, SentCopy,
    Settings, Theme, Ui, UserLevel,
};
pub use table::{Fault, Warning};
pub use url::{Endpoint, Scheme, Security, UrlError};
