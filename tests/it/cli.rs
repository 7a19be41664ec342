//! The real binary, in a home of its own: what every command-line test shares.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A home directory that ends with the test, and the environment that makes it one.
pub struct Home {
    dir: tempfile::TempDir,
}

/// What one run printed, with the home's path taken out.
#[derive(Debug, PartialEq)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
    pub bytes: Vec<u8>,
}

impl Home {
    pub fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("lacebark-cli-")
            .tempdir()
            .unwrap();
        for name in ["config", "data", "cache", "run"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        Self { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes the settings that the next run reads.
    pub fn settings(&self, text: &str) {
        let dir = self.path("config/lacebark");
        std::fs::create_dir_all(&dir).unwrap();
        let file = dir.join("config.toml");
        std::fs::write(&file, text).unwrap();
        // As the program itself leaves them.
        for (path, mode) in [(&dir, 0o700), (&file, 0o600)] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    }

    /// The binary with nothing in its environment that this home does not give.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lacebark"));
        command
            .args(args)
            .env_clear()
            .env("HOME", self.dir.path())
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .current_dir(self.dir.path());
        command
    }

    /// Runs a line of arguments that hold no blanks.
    pub fn run(&self, line: &str) -> Run {
        self.run_with(line, "")
    }

    /// The same with something on standard input.
    pub fn run_with(&self, line: &str, stdin: &str) -> Run {
        self.finish(&mut self.command(line.split_whitespace()), stdin)
    }

    pub fn finish(&self, command: &mut Command, stdin: &str) -> Run {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        // A command that does not read its input may have ended already.
        let _ = pipe.write_all(stdin.as_bytes());
        drop(pipe);
        let output = child.wait_with_output().unwrap();
        Run {
            code: output.status.code().unwrap_or(-1),
            out: self.filtered(&output.stdout),
            err: self.filtered(&output.stderr),
            bytes: output.stdout,
        }
    }

    fn filtered(&self, bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).replace(&self.dir.path().display().to_string(), "HOME")
    }
}

impl Run {
    /// Asserts an ending and gives the outputs as one text for a snapshot.
    #[track_caller]
    pub fn ends(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:#?}");
        match (self.out.is_empty(), self.err.is_empty()) {
            (_, true) => self.out,
            (true, false) => self.err,
            (false, false) => format!("{}--- stderr\n{}", self.out, self.err),
        }
    }

    /// The one JSON object of a run that ended with 0.
    #[track_caller]
    pub fn json(self) -> serde_json::Value {
        assert_eq!(self.code, 0, "{self:#?}");
        let value: serde_json::Value = serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}: {:?}", self.out));
        assert_eq!(value["schema"], 1, "{value}");
        value
    }
}

/// Every regular file and folder below `dir` with its mode.
pub fn modes(dir: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    let mut stack = vec![dir.to_owned()];
    while let Some(dir) = stack.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let meta = entry.metadata().unwrap();
            found.push((entry.path(), meta.permissions().mode() & 0o777));
            if meta.is_dir() {
                stack.push(entry.path());
            }
        }
    }
    found
}
