//! Unguessable octets from the kernel, behind a seam so that a test can count on them.

use std::io;

/// A source of randomness.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()>;
}

impl dyn Random {
    /// So many octets in hexadecimal, for names of files and messages.
    pub fn hex(&self, octets: usize) -> io::Result<String> {
        let mut bytes = vec![0; octets];
        self.fill(&mut bytes)?;
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// A number below `limit` (0 for 0); for jitter, not for keys.
    pub fn below(&self, limit: u64) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes).checked_rem(limit).unwrap_or(0))
    }
}

/// The kernel's.
#[derive(Clone, Copy, Debug)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        getrandom::fill(bytes).map_err(|error| io::Error::other(error.to_string()))
    }
}
