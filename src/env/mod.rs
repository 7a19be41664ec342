//! Every seam to the world in one struct, real and fake.
//!
//! What the program needs of the machine (time, randomness, links, the keyring, other programs,
//! private files, room on the disk) comes through [`Env`], so that a test can hold each of them
//! still, cut it off or let it lie. [`harden`] makes the process itself discreet; [`Neighbours`] are
//! the other processes of this program.

mod clock;
pub mod disk;
pub mod fake;
pub mod files;
pub mod harden;
mod neighbours;
mod random;
pub mod spawn;
pub mod zone;

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::config::keyring::Keyring;
use crate::config::paths::Paths;
use crate::config::secrets::{SecretError, Secrets};
use crate::config::settings::{AccountSettings, Keep};
use crate::model::Secret;
use crate::net::{Dial, TcpDial, Timer, Transcript};

pub use clock::SystemClock;
pub use disk::{Disk, SystemDisk};
pub use files::{PRIVATE_LOCK, PrivateTemp};
pub use neighbours::{Ear, LONGEST, Neighbours};
pub use random::{Random, SystemRandom};
pub use spawn::{Spawn, SpawnError, SystemSpawn};

/// The world.
#[derive(Clone)]
pub struct Env {
    /// What time it is, and waiting for it.
    pub clock: Arc<dyn Timer>,
    /// Unguessable octets.
    pub random: Arc<dyn Random>,
    /// Links to servers.
    pub dial: Arc<dyn Dial>,
    /// The keyring.
    pub secrets: Arc<dyn Secrets>,
    /// Other programs.
    pub spawn: Arc<dyn Spawn>,
    /// Room on the disk.
    pub disk: Arc<dyn Disk>,
    /// The log of the wire, where one was asked for.
    pub transcript: Option<Arc<Transcript>>,
    /// The folder for files that another program is to open; gone with the last owner.
    pub temp: Arc<PrivateTemp>,
}

impl std::fmt::Debug for Env {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Env({})", self.temp.path().display())
    }
}

impl Env {
    /// The real world; `transcript` names the file for the log of the wire. The folders of `paths`
    /// must be there ([`Paths::prepare`]).
    pub fn real(paths: &Paths, transcript: Option<&Path>) -> io::Result<Self> {
        let transcript = transcript.map(Transcript::open).transpose()?;
        Ok(Self {
            clock: Arc::new(SystemClock::start()),
            random: Arc::new(SystemRandom),
            dial: Arc::new(TcpDial::default()),
            secrets: Arc::new(Keyring::start()),
            spawn: Arc::new(SystemSpawn),
            disk: Arc::new(SystemDisk),
            transcript: transcript.map(Arc::new),
            temp: Arc::new(PrivateTemp::create(&paths.run)?),
        })
    }

    /// The password or token of an account, from where it is kept.
    pub async fn password(&self, account: &AccountSettings) -> Result<Secret, SecretError> {
        match &account.keep {
            Keep::Keyring => self.secrets.get(&account.id).await,
            Keep::Ask => Err(SecretError::Ask),
            Keep::Command(argv) => {
                let printed = self.spawn.capture(argv.clone(), spawn::COMMAND_LIMIT).await;
                spawn::first_line(argv, printed)
            }
        }
    }
}
