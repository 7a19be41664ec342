//! Room on the disk.

use std::io;
use std::path::Path;

/// Says how much room there is.
pub trait Disk: Send + Sync {
    /// Octets that we may still write in the file system that holds `path`.
    fn free(&self, path: &Path) -> io::Result<u64>;
}

/// The real disk.
#[derive(Clone, Copy, Debug)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    fn free(&self, path: &Path) -> io::Result<u64> {
        let found = rustix::fs::statvfs(path)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }
}
