//! Where things are, for their owner alone (SAFETY S4).

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use thiserror::Error;

/// How deep folders are looked through for modes to repair.
const DEPTH: usize = 4;

/// Paths given on the command line or by the environment (`--config`, `LACEBARK_CONFIG` …).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// The file of settings.
    pub config: Option<PathBuf>,
    /// The folder of what must not be lost.
    pub data: Option<PathBuf>,
    /// The folder of what can be made again.
    pub cache: Option<PathBuf>,
}

/// Where things are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The file of settings.
    pub config: PathBuf,
    /// The folder of what must not be lost: `mail.db`, locks.
    pub data: PathBuf,
    /// The folder of what can be made again: `search.db`.
    pub cache: PathBuf,
    /// The folder of sockets and opened parts: in memory and gone at logout, where there is such.
    pub run: PathBuf,
    own_config_folder: bool,
    /// Folders that somebody named: they may have been there before us, and hold more than ours.
    named: Vec<PathBuf>,
}

/// What was found about a folder or file of ours when the program started, to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It was open to others, and is not any more.
    Repaired(PathBuf),
    /// It is open to others and was named by hand, so it is left as it is.
    Open(PathBuf),
}

impl std::fmt::Display for Found {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Found::Repaired(path) => write!(
                out,
                "{} was open to others; it is now yours alone",
                path.display()
            ),
            Found::Open(path) => write!(
                out,
                "others can look into {0}, which is left as it is; `chmod 700 {0}` closes it",
                path.display()
            ),
        }
    }
}

/// A path that cannot be used.
#[derive(Debug, Error)]
pub enum PathError {
    /// Neither a home folder nor overrides say where.
    #[error("no home directory is known; name the paths by --config, --data and --cache")]
    NoHome,
    /// A folder that was named and that others share.
    #[error("{path} {what}")]
    Shared {
        /// The folder.
        path: PathBuf,
        /// How others share it.
        what: &'static str,
        /// What to do about it.
        next: String,
    },
    /// The system refuses.
    #[error("cannot use {path}: {source}")]
    Refused {
        /// The culprit.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

impl PathError {
    /// What to do next; empty where the words say it.
    pub fn hint(&self) -> &str {
        match self {
            PathError::NoHome | PathError::Refused { .. } => "",
            PathError::Shared { next, .. } => next,
        }
    }
}

impl Paths {
    /// Finds the paths; the environment is asked for what `overrides` does not say.
    pub fn find(overrides: Overrides) -> Result<Self, PathError> {
        let usual = ProjectDirs::from("", "", "lacebark");
        let usual = |part: fn(&ProjectDirs) -> &Path| {
            usual
                .as_ref()
                .map(|found| part(found).to_owned())
                .ok_or(PathError::NoHome)
        };
        let given = |path: Option<PathBuf>, name: &str| {
            path.or_else(|| {
                std::env::var_os(name)
                    .filter(|value| !value.is_empty())
                    .map(PathBuf::from)
            })
            .map(absolute)
            .transpose()
        };
        let config = given(overrides.config, "LACEBARK_CONFIG")?;
        let own_config_folder = config.is_none();
        let data = given(overrides.data, "LACEBARK_DATA")?;
        let other_data = data.is_some();
        let cache = given(overrides.cache, "LACEBARK_CACHE")?;
        let named = data.iter().chain(&cache).cloned().collect();
        let data = data.map_or_else(|| usual(ProjectDirs::data_dir), Ok)?;
        let run = run_folder(std::env::var_os("XDG_RUNTIME_DIR"), &data, other_data);
        Ok(Self {
            config: match config {
                Some(file) => file,
                None => usual(ProjectDirs::config_dir)?.join("config.toml"),
            },
            cache: match cache {
                Some(folder) => folder,
                None => usual(ProjectDirs::cache_dir)?,
            },
            data,
            run,
            own_config_folder,
            named,
        })
    }

    /// Paths below one folder, as tests and `demo` use them.
    pub fn below(root: &Path) -> Self {
        Self {
            config: root.join("config").join("config.toml"),
            data: root.join("data"),
            cache: root.join("cache"),
            run: root.join("run"),
            own_config_folder: true,
            named: Vec::new(),
        }
    }

    /// The folder for locks: beside the data that they guard.
    pub fn locks(&self) -> PathBuf {
        self.data.join("run")
    }

    /// The database of everything.
    pub fn mail_db(&self) -> PathBuf {
        self.data.join("mail.db")
    }

    /// The full-text index.
    pub fn search_db(&self) -> PathBuf {
        self.cache.join("search.db")
    }

    /// Makes the folders and takes away from others what they may do in ours; answers what is to be
    /// told of that. A folder that somebody named and that was there before keeps its mode: it may
    /// hold more than ours. One that others can change is refused.
    pub fn prepare(&self) -> Result<Vec<Found>, PathError> {
        let mut found = Vec::new();
        let there: Vec<&PathBuf> = self.named.iter().filter(|f| f.exists()).collect();
        for folder in &there {
            found.extend(judged(folder)?);
        }
        let mut repaired = Vec::new();
        let config_folder = self.config.parent().filter(|_| self.own_config_folder);
        let locks = self.locks();
        let folders = [&self.data, &self.cache, &self.run, &locks];
        for folder in folders
            .into_iter()
            .map(PathBuf::as_path)
            .chain(config_folder)
        {
            made(folder).map_err(|source| PathError::Refused {
                path: folder.to_owned(),
                source,
            })?;
        }
        for folder in [&self.data, &self.cache, &self.run] {
            if there.contains(&folder) {
                repair_ours(folder, &mut repaired)?;
            } else {
                repair(folder, DEPTH, &mut repaired)?;
            }
        }
        if let Some(folder) = config_folder {
            repair(folder, 0, &mut repaired)?;
        }
        if self.config.exists() {
            repair(&self.config, 0, &mut repaired)?;
        }
        found.extend(repaired.into_iter().map(Found::Repaired));
        Ok(found)
    }
}

/// A folder that somebody named and that is there.
fn judged(folder: &Path) -> Result<Option<Found>, PathError> {
    let path = || folder.to_owned();
    let meta = fs::metadata(folder).map_err(|source| PathError::Refused {
        path: path(),
        source,
    })?;
    let shared = |what, next| PathError::Shared {
        path: path(),
        what,
        next,
    };
    let mode = meta.permissions().mode();
    if !meta.is_dir() {
        let next = "Name a folder.".to_owned();
        return Err(shared("is no folder", next));
    }
    if meta.uid() != rustix::process::geteuid().as_raw() {
        let next = "Name a folder of your own; one that is not there yet is made.".to_owned();
        return Err(shared("belongs to another user", next));
    }
    if mode & 0o022 != 0 {
        let next = format!(
            "Name a folder for lacebark alone (one that is not there yet is made), or, if nobody \
             else needs this one, `chmod 700 {}`.",
            folder.display()
        );
        return Err(shared("can be changed by others", next));
    }
    Ok((mode & 0o055 != 0).then(|| Found::Open(path())))
}

/// What we put into a folder that may hold more.
const OURS: [&str; 4] = ["mail.db", "search.db", "panes", "run"];

/// Repairs what is ours in a folder that is not.
fn repair_ours(folder: &Path, repaired: &mut Vec<PathBuf>) -> Result<(), PathError> {
    let refused = |source: io::Error| PathError::Refused {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(refused)? {
        let entry = entry.map_err(refused)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let database = name.starts_with("mail.db") || name.starts_with("search.db");
        if database || OURS.contains(&name.as_ref()) {
            repair(&entry.path(), DEPTH - 1, repaired)?;
        }
    }
    Ok(())
}

fn absolute(path: PathBuf) -> Result<PathBuf, PathError> {
    std::path::absolute(&path).map_err(|source| PathError::Refused { path, source })
}

/// Sockets of another data folder must not meet ours, so it gets a folder of its own.
fn run_folder(runtime: Option<OsString>, data: &Path, other_data: bool) -> PathBuf {
    let runtime = runtime
        .map(PathBuf::from)
        .filter(|path| path.is_absolute() && is_ours(path));
    match runtime {
        None => data.join("run"),
        Some(runtime) if other_data => {
            let hash = blake3::hash(data.as_os_str().as_encoded_bytes()).to_hex();
            let short: String = hash.chars().take(12).collect();
            runtime.join("lacebark").join(short)
        }
        Some(runtime) => runtime.join("lacebark"),
    }
}

fn is_ours(path: &Path) -> bool {
    let owner = rustix::process::geteuid().as_raw();
    fs::metadata(path).is_ok_and(|found| found.is_dir() && found.uid() == owner)
}

fn made(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Takes the rights of group and others away from `path` and what is below it, links aside.
fn repair(path: &Path, depth: usize, repaired: &mut Vec<PathBuf>) -> Result<(), PathError> {
    let refused = |source: io::Error| PathError::Refused {
        path: path.to_owned(),
        source,
    };
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        // It went in the meantime: databases come and go beside us.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(refused(error)),
    };
    if found.is_symlink() {
        return Ok(());
    }
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        match fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700)) {
            Ok(()) => repaired.push(path.to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(refused(error)),
        }
    }
    if depth > 0 && found.is_dir() {
        for entry in fs::read_dir(path).map_err(refused)? {
            repair(&entry.map_err(refused)?.path(), depth - 1, repaired)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn s4_folders_are_made_for_the_owner_and_open_ones_are_repaired() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::below(root.path());
        assert!(paths.prepare().unwrap().is_empty());
        for folder in [&paths.data, &paths.cache, &paths.run, &paths.locks()] {
            assert_eq!(mode(folder), 0o700, "{}", folder.display());
        }
        assert_eq!(mode(paths.config.parent().unwrap()), 0o700);
        fs::write(paths.mail_db(), "x").unwrap();
        fs::write(&paths.config, "").unwrap();
        for (path, open) in [
            (paths.mail_db(), 0o664),
            (paths.config.clone(), 0o644),
            (paths.data.clone(), 0o755),
        ] {
            fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
        }
        assert_eq!(paths.prepare().unwrap().len(), 3);
        assert_eq!(
            (
                mode(&paths.mail_db()),
                mode(&paths.config),
                mode(&paths.data)
            ),
            (0o600, 0o600, 0o700)
        );
    }

    #[test]
    fn s4_a_link_in_our_folder_changes_nothing_elsewhere() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::below(root.path());
        paths.prepare().unwrap();
        let outside = root.path().join("outside");
        fs::write(&outside, "x").unwrap();
        fs::set_permissions(&outside, fs::Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::symlink(&outside, paths.data.join("link")).unwrap();
        paths.prepare().unwrap();
        assert_eq!(mode(&outside), 0o644);
    }

    #[test]
    fn a_config_file_named_by_hand_leaves_its_folder_alone() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("dotfiles");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let below = |name: &str| Some(root.path().join(name));
        let paths = Paths::find(Overrides {
            config: Some(folder.join("c.toml")),
            data: below("d"),
            cache: below("c"),
        })
        .unwrap();
        fs::write(&paths.config, "").unwrap();
        paths.prepare().unwrap();
        assert_eq!(mode(&folder), 0o755);
        assert_eq!(mode(&paths.config), 0o600);
    }

    #[test]
    fn two_data_folders_have_two_run_folders() {
        let root = tempfile::tempdir().unwrap();
        let runtime = Some(OsString::from(root.path()));
        let run = |data: &str, other| run_folder(runtime.clone(), Path::new(data), other);
        assert_eq!(run("/a", false), root.path().join("lacebark"));
        assert_ne!(run("/a", true), run("/b", true));
        assert_eq!(run("/a", true), run("/a", true));
        assert_eq!(run_folder(None, Path::new("/a"), true), Path::new("/a/run"));
        let absent = Some(OsString::from("/nonexistent"));
        assert_eq!(
            run_folder(absent, Path::new("/a"), false),
            Path::new("/a/run")
        );
    }

    /// A folder of somebody else's things with this mode, named as the data folder.
    fn named(root: &Path, open: u32) -> (Paths, PathBuf) {
        let folder = root.join(format!("there-{open:o}"));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("theirs"), "x").unwrap();
        fs::write(folder.join("mail.db"), "x").unwrap();
        for (path, mode) in [
            (folder.join("theirs"), 0o644),
            (folder.join("mail.db"), 0o644),
            (folder.clone(), open),
        ] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let paths = Paths::find(Overrides {
            config: Some(root.join("c.toml")),
            data: Some(folder.clone()),
            cache: Some(root.join("made").join("here")),
        });
        (paths.unwrap(), folder)
    }

    #[test]
    fn s4_a_folder_that_was_there_keeps_its_mode_and_is_told_or_refused() {
        let root = tempfile::tempdir().unwrap();
        for (open, words) in [
            (0o700, ""),
            (0o755, "look into"),
            (0o750, "look into"),
            (0o1777, "can be changed by others"),
            (0o775, "can be changed by others"),
        ] {
            let (paths, folder) = named(root.path(), open);
            let refused = words.contains("changed");
            let said = match paths.prepare() {
                Ok(found) => {
                    let all: Vec<_> = found.iter().map(ToString::to_string).collect();
                    assert!(!refused, "{open:o}: {all:?}");
                    assert_eq!(mode(&folder.join("mail.db")), 0o600);
                    assert_eq!(mode(&paths.cache), 0o700, "what we make is ours");
                    all.join("\n")
                }
                Err(error) => {
                    assert!(refused, "{open:o}: {error}");
                    assert_eq!(mode(&folder.join("mail.db")), 0o644, "nothing was touched");
                    assert!(!folder.join("run").exists(), "nothing was made");
                    format!("{error}\n{}", error.hint())
                }
            };
            assert_eq!(mode(&folder), open & 0o777, "{open:o}");
            assert_eq!(mode(&folder.join("theirs")), 0o644, "{open:o}");
            assert!(said.contains(words), "{open:o}: {said}");
            if !words.is_empty() {
                assert!(said.contains(&folder.display().to_string()), "{said}");
                assert!(said.contains("chmod 700"), "{open:o}: {said}");
            }
        }
    }

    #[test]
    fn s4_a_folder_of_another_user_is_refused() {
        if !rustix::process::geteuid().is_root() {
            // Only root can make one.
            return;
        }
        let root = tempfile::tempdir().unwrap();
        let (paths, folder) = named(root.path(), 0o755);
        std::os::unix::fs::chown(&folder, Some(65_534), None).unwrap();
        let error = paths.prepare().unwrap_err();
        assert!(error.to_string().contains("another user"), "{error}");
        assert_eq!(mode(&folder), 0o755);
    }
}
