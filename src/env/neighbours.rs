//! Other processes of this program over the same mail: each that wants to hear of them has a
//! datagram socket, and who has something to tell sends to all of them.
//!
//! A socket lies in the folder for it ([`Paths::run`]) and is found from the folder of the locks,
//! which every process over the same mail knows, whatever its environment says: a symbolic link of
//! the same name, the process's number, leads from there. What may come in and where letters go is
//! settled by the file system: both folders are ours and closed to others (0700), the socket is
//! 0600, so that no other user can send to it, put a socket in its place or read it on the way.
//! That is checked before anything secret is sent (SAFETY S1). What a letter says is not decided
//! here.

use std::fs::{self, File};
use std::io;
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use zeroize::{Zeroize, Zeroizing};

use crate::config::Paths;

/// The longest letter.
pub const LONGEST: usize = 8 << 10;

/// So many sockets of one process are looked for.
const NAMES: u32 = 16;

/// So many octets a socket's address holds everywhere.
const ADDRESS: usize = 100;

const SUFFIX: &str = ".wake";

/// Where the processes over one store find each other.
#[derive(Clone, Debug)]
pub struct Neighbours {
    meet: PathBuf,
    run: PathBuf,
}

/// A socket that hears letters, until it is dropped.
#[derive(Debug)]
pub struct Ear {
    place: PathBuf,
    link: Option<PathBuf>,
    socket: UnixDatagram,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Neighbours {
    /// The neighbours over the store of `paths`.
    pub fn of(paths: &Paths) -> Self {
        Self {
            meet: paths.locks(),
            run: paths.run.clone(),
        }
    }

    /// The neighbours that are found from this folder of locks, to be told alone.
    pub fn found_from(locks: &Path) -> Self {
        Self {
            meet: locks.to_owned(),
            run: locks.to_owned(),
        }
    }

    /// Calls `heard` for each letter, one after the other, on a thread of its own: it may wait for
    /// the store.
    pub fn listen(&self, heard: impl Fn(&[u8]) + Send + 'static) -> io::Result<Ear> {
        let (place, socket) = bind(&self.run).or_else(|_| bind(&self.meet))?;
        let link = match place.file_name() {
            Some(name) if place.parent() != Some(self.meet.as_path()) => {
                let link = self.meet.join(name);
                remove(&link)?;
                symlink(&place, &link)?;
                Some(link)
            }
            _ => None,
        };
        let ended = Arc::new(AtomicBool::new(false));
        let (end, hearing) = (ended.clone(), socket.try_clone()?);
        let thread = std::thread::Builder::new()
            .name("neighbours".to_owned())
            .spawn(move || hear(&hearing, &end, heard))?;
        Ok(Ear {
            place,
            link,
            socket,
            ended,
            thread: Some(thread),
        })
    }

    /// Sends to every other process that listens. One whose queue is full has something to look at
    /// already; the name of one that is gone is cleared away.
    pub fn tell_all(&self, letter: &[u8]) {
        let Ok(names) = self.names(|pid| pid != std::process::id()) else {
            return;
        };
        if names.is_empty() {
            return;
        }
        let sent = Folder::open(&self.meet).and_then(|folder| {
            let socket = sender()?;
            for name in names {
                match socket.send_to(letter, folder.address(&name)) {
                    Ok(_) => {}
                    Err(error) if is_gone(&error) => clear(&self.meet.join(&name)),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => tracing::debug!(%error, "a process is not told"),
                }
            }
            Ok(())
        });
        if let Err(error) = sent {
            tracing::debug!(%error, "other processes are not told");
        }
    }

    /// Sends to one process, whose socket is ours alone; `NotFound` if it does not listen.
    pub fn tell(&self, pid: u32, letter: &[u8]) -> io::Result<()> {
        let folder = Folder::open(&self.meet)?;
        let socket = sender()?;
        let mut told = false;
        for name in self.names(|other| other == pid)? {
            let found = match fs::metadata(self.meet.join(&name)) {
                Ok(found) => found,
                Err(error) if is_gone(&error) => continue,
                Err(error) => return Err(error),
            };
            if !found.file_type().is_socket() || !is_private(&found) {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            match socket.send_to(letter, folder.address(&name)) {
                Ok(_) => told = true,
                Err(error) if is_gone(&error) => {}
                Err(error) => return Err(error),
            }
        }
        if told {
            Ok(())
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    /// The names of sockets whose process is `wanted`.
    fn names(&self, wanted: impl Fn(u32) -> bool) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.meet)? {
            let name = entry?.file_name();
            let Some(name) = name.to_str() else { continue };
            if pid_of(name).is_some_and(&wanted) {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }
}

impl Ear {
    /// Whether others still find it: the folder of the socket may go while we live.
    pub fn is_found(&self) -> bool {
        let by = self.link.as_ref().unwrap_or(&self.place);
        fs::metadata(by).is_ok_and(|found| found.file_type().is_socket())
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        for path in self.link.iter().chain([&self.place]) {
            if let Err(error) = remove(path) {
                tracing::debug!(%error, "a socket's name stays");
            }
        }
        self.ended.store(true, Ordering::Release);
        if let Err(error) = self.socket.shutdown(Shutdown::Both) {
            tracing::debug!(%error, "a socket does not end");
            return;
        }
        let Some(thread) = self.thread.take() else {
            return;
        };
        // The last clone of what the thread calls may be dropped by itself.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("the thread that hears other processes broke off");
        }
    }
}

/// A letter may hold a password, so that it is wiped when it was taken.
fn hear(socket: &UnixDatagram, ended: &AtomicBool, heard: impl Fn(&[u8])) {
    let mut buffer = Zeroizing::new(vec![0; LONGEST]);
    loop {
        let length = match socket.recv(&mut buffer) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                tracing::warn!(%error, "other processes are not heard any more");
                return;
            }
        };
        if ended.load(Ordering::Acquire) {
            return;
        }
        if let Some(letter) = buffer.get_mut(..length) {
            heard(letter);
            letter.zeroize();
        }
    }
}

/// A folder that is ours alone. The address of a file in a deep one goes over its descriptor, where
/// the system has such paths.
struct Folder {
    path: PathBuf,
    file: File,
}

impl Folder {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let found = file.metadata()?;
        if !found.is_dir() || !is_private(&found) {
            let text = format!("{} is not ours alone", path.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
        }
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    fn address(&self, name: &str) -> PathBuf {
        let path = self.path.join(name);
        let fits = path.as_os_str().len() <= ADDRESS;
        if fits || !cfg!(any(target_os = "linux", target_os = "android")) {
            return path;
        }
        PathBuf::from(format!("/proc/self/fd/{}/{name}", self.file.as_raw_fd()))
    }
}

fn is_private(found: &fs::Metadata) -> bool {
    found.uid() == rustix::process::geteuid().as_raw() && found.permissions().mode() & 0o077 == 0
}

/// A socket in `folder`, under a name of this process that no living one has.
fn bind(folder: &Path) -> io::Result<(PathBuf, UnixDatagram)> {
    let opened = Folder::open(folder)?;
    for number in 0..NAMES {
        let name = match number {
            0 => format!("{}{SUFFIX}", std::process::id()),
            more => format!("{}-{more}{SUFFIX}", std::process::id()),
        };
        let (address, place) = (opened.address(&name), folder.join(&name));
        let socket = match UnixDatagram::bind(&address) {
            Ok(socket) => socket,
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                // A living process of that number is another part of this one.
                match sender()?.connect(&address) {
                    Ok(()) => continue,
                    Err(_) => remove(&place)?,
                }
                UnixDatagram::bind(&address)?
            }
            Err(error) => return Err(error),
        };
        fs::set_permissions(&place, fs::Permissions::from_mode(0o600))?;
        return Ok((place, socket));
    }
    Err(io::ErrorKind::AddrInUse.into())
}

fn sender() -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    // A process that was stopped takes nothing: it is not waited for.
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// The process of `4711.wake` or `4711-1.wake`.
fn pid_of(name: &str) -> Option<u32> {
    let stem = name.strip_suffix(SUFFIX)?;
    stem.split('-').next()?.parse().ok()
}

fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound
    )
}

/// Removes what a process left behind that did not end in order.
fn clear(name: &Path) {
    let target = fs::read_link(name).ok();
    let ours = target.filter(|target| target.file_name() == name.file_name());
    for path in ours.iter().map(PathBuf::as_path).chain([name]) {
        if let Err(error) = remove(path) {
            tracing::debug!(%error, "a dead socket stays");
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    use super::*;

    fn prepared(root: &Path) -> (Paths, Neighbours) {
        let paths = Paths::below(root);
        paths.prepare().unwrap();
        let neighbours = Neighbours::of(&paths);
        (paths, neighbours)
    }

    fn listening(neighbours: &Neighbours) -> (Ear, Receiver<Vec<u8>>) {
        let (post, letters) = channel();
        let ear = neighbours.listen(move |letter| post.send(letter.to_vec()).unwrap());
        (ear.unwrap(), letters)
    }

    /// A socket of another process: it lies under another number.
    fn as_another(paths: &Paths, ear: &Ear) -> PathBuf {
        let other = paths.locks().join("1.wake");
        symlink(&ear.place, &other).unwrap();
        other
    }

    #[test]
    fn s4_a_socket_is_for_its_owner_alone_and_goes_with_the_value() {
        let root = tempfile::tempdir().unwrap();
        let (paths, neighbours) = prepared(root.path());
        let (ear, _letters) = listening(&neighbours);
        let (second, _more) = listening(&neighbours);
        assert_ne!(ear.place, second.place);
        for ear in [&ear, &second] {
            let mode = fs::metadata(&ear.place).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            assert_eq!(ear.place.parent(), Some(paths.run.as_path()));
            assert!(ear.is_found());
        }
        fs::remove_file(&ear.place).unwrap();
        assert!(!ear.is_found());
        drop((ear, second));
        assert_eq!(fs::read_dir(&paths.run).unwrap().count(), 0);
        assert_eq!(fs::read_dir(paths.locks()).unwrap().count(), 0);
    }

    #[test]
    fn a_letter_reaches_who_listens_and_a_dead_name_is_cleared() {
        let root = tempfile::tempdir().unwrap();
        let (paths, neighbours) = prepared(root.path());
        let (ear, letters) = listening(&neighbours);
        let other = as_another(&paths, &ear);
        neighbours.tell_all(b"look");
        let heard = letters.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(heard, b"look");
        neighbours.tell(1, b"one").unwrap();
        let heard = letters.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(heard, b"one");
        let absent = neighbours.tell(2, b"one").unwrap_err();
        assert_eq!(absent.kind(), io::ErrorKind::NotFound);
        // What a killed process leaves: a socket that nobody reads.
        let dead = paths.run.join("2.wake");
        drop(UnixDatagram::bind(&dead).unwrap());
        symlink(&dead, paths.locks().join("2.wake")).unwrap();
        assert!(neighbours.tell(2, b"one").is_err());
        neighbours.tell_all(b"look");
        assert!(fs::symlink_metadata(paths.locks().join("2.wake")).is_err());
        assert!(!dead.exists());
        drop(ear);
        neighbours.tell_all(b"look");
        assert!(fs::symlink_metadata(other).is_err());
    }

    #[test]
    fn s1_nothing_is_sent_where_another_user_could_be() {
        let root = tempfile::tempdir().unwrap();
        let (paths, neighbours) = prepared(root.path());
        let (ear, letters) = listening(&neighbours);
        as_another(&paths, &ear);
        let open = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        let refused = |what: &str| {
            let told = neighbours.tell(1, b"hunter2").unwrap_err();
            assert_eq!(told.kind(), io::ErrorKind::PermissionDenied, "{what}");
        };
        open(&ear.place, 0o666);
        refused("a socket that others may write to");
        open(&ear.place, 0o600);
        open(&paths.locks(), 0o777);
        refused("a folder in which others may put one");
        let elsewhere = neighbours.listen(|_| ()).unwrap();
        assert_eq!(elsewhere.place.parent(), Some(paths.run.as_path()));
        open(&paths.run, 0o755);
        assert!(neighbours.listen(|_| ()).is_err(), "neither is ours alone");
        open(&paths.locks(), 0o700);
        let (beside, _letters) = listening(&neighbours);
        assert_eq!(beside.place.parent(), Some(paths.locks().as_path()));
        assert!(letters.try_recv().is_err(), "a refused letter was sent");
    }

    #[test]
    fn a_folder_too_deep_for_a_sockets_address_will_do() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("d".repeat(120));
        let (paths, neighbours) = prepared(&deep);
        let (ear, letters) = listening(&neighbours);
        as_another(&paths, &ear);
        neighbours.tell_all(b"look");
        assert_eq!(
            letters.recv_timeout(Duration::from_secs(10)).unwrap(),
            b"look"
        );
    }

    #[test]
    fn who_is_stopped_holds_up_nobody() {
        let root = tempfile::tempdir().unwrap();
        let (_paths, neighbours) = prepared(root.path());
        let stopped = UnixDatagram::bind(neighbours.meet.join("1.wake")).unwrap();
        for _ in 0..5_000 {
            neighbours.tell_all(b"look");
        }
        assert!(neighbours.meet.join("1.wake").exists());
        drop(stopped);
    }
}
