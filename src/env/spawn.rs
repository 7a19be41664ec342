//! Other programs, by argument vector and in a process group of their own; never by a shell
//! (SAFETY P11, A3, S6).

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use thiserror::Error;
use tokio::io::AsyncReadExt;
use zeroize::Zeroizing;

use crate::config::secrets::SecretError;
use crate::model::Secret;
use crate::net::Later;

/// How long a password command may take: its person may have to touch a key or type a phrase.
pub const COMMAND_LIMIT: Duration = Duration::from_secs(60);
/// Octets of output that are taken.
const OUTPUT: u64 = 64 * 1024;
/// Octets of a command's complaint that are shown.
const COMPLAINT: usize = 400;

/// Starts other programs.
pub trait Spawn: Send + Sync {
    /// Starts an opener and leaves it alone; it gets no terminal.
    fn open(&self, argv: Vec<OsString>) -> Result<(), SpawnError>;
    /// Gives the terminal to a program and waits for its end; its exit code, `None` after a signal.
    fn on_terminal(&self, argv: Vec<OsString>) -> Result<Option<i32>, SpawnError>;
    /// Runs a command without a terminal and takes what it prints; it is killed at the limit.
    fn capture(
        &self,
        argv: Vec<String>,
        limit: Duration,
    ) -> Later<'static, Result<Captured, SpawnError>>;
}

/// What a command left behind. Its output may be a secret.
pub struct Captured {
    /// What it wrote to its standard output.
    pub output: Zeroizing<Vec<u8>>,
    /// What it wrote to its standard error, cut.
    pub complaint: String,
    /// Its exit code; `None` after a signal.
    pub code: Option<i32>,
}

impl std::fmt::Debug for Captured {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Captured(code {:?})", self.code)
    }
}

/// A program that did not do what it was started for. Arguments are not told: they may be private.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SpawnError {
    /// No program was named.
    #[error("no command is set")]
    Empty,
    /// The system did not start it.
    #[error("cannot start \"{program}\": {why}")]
    Start {
        /// Its name.
        program: String,
        /// The system's words.
        why: String,
    },
    /// It was killed at its limit.
    #[error("\"{program}\" did not end in {seconds} s")]
    TimedOut {
        /// Its name.
        program: String,
        /// The limit.
        seconds: u64,
    },
}

/// The argument vector that opens `file`: `%s` is replaced in each argument; without any it comes
/// last. Nothing is split or expanded.
pub fn opening(template: &[String], file: &Path) -> Vec<OsString> {
    let mut found = false;
    let mut argv: Vec<OsString> = template
        .iter()
        .map(|argument| {
            let mut parts = argument.split("%s");
            let mut out = OsString::from(parts.next().unwrap_or(""));
            for part in parts {
                found = true;
                out.push(file);
                out.push(part);
            }
            out
        })
        .collect();
    if !found {
        argv.push(file.as_os_str().to_owned());
    }
    argv
}

/// The secret that a command printed: its first line.
pub fn first_line(
    argv: &[String],
    printed: Result<Captured, SpawnError>,
) -> Result<Secret, SecretError> {
    let program = argv.first().cloned().unwrap_or_default();
    let failed = |why: String| SecretError::Command {
        program: program.clone(),
        why,
    };
    let captured = printed.map_err(|error| failed(error.to_string()))?;
    if captured.code != Some(0) {
        let how = match captured.code {
            Some(code) => format!("it ended with code {code}"),
            None => "it was killed".to_owned(),
        };
        return Err(failed(match captured.complaint.as_str() {
            "" => how,
            complaint => format!("{how}: {complaint}"),
        }));
    }
    let text = std::str::from_utf8(&captured.output)
        .map_err(|_| failed("what it printed is no UTF-8 text".to_owned()))?;
    let line = text.lines().next().unwrap_or("");
    if line.is_empty() {
        return Err(failed("it printed nothing on its first line".to_owned()));
    }
    Ok(Secret::new(line))
}

/// The real thing.
#[derive(Clone, Copy, Debug)]
pub struct SystemSpawn;

impl Spawn for SystemSpawn {
    fn open(&self, argv: Vec<OsString>) -> Result<(), SpawnError> {
        let (program, arguments) = argv.split_first().ok_or(SpawnError::Empty)?;
        let name = program.to_string_lossy().into_owned();
        let failed = |error: std::io::Error| SpawnError::Start {
            program: name.clone(),
            why: error.to_string(),
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(failed)?;
        // The thread ends with the program that it waits for, so that no zombie stays.
        std::thread::Builder::new()
            .name("opener".to_owned())
            .spawn(move || match child.wait() {
                Ok(status) if status.success() => {}
                outcome => tracing::info!(?outcome, "an opener ended badly"),
            })
            .map_err(failed)?;
        Ok(())
    }

    fn on_terminal(&self, argv: Vec<OsString>) -> Result<Option<i32>, SpawnError> {
        let (program, arguments) = argv.split_first().ok_or(SpawnError::Empty)?;
        let status = Command::new(program).args(arguments).status();
        let status = status.map_err(|error| SpawnError::Start {
            program: program.to_string_lossy().into_owned(),
            why: error.to_string(),
        })?;
        Ok(status.code())
    }

    fn capture(
        &self,
        argv: Vec<String>,
        limit: Duration,
    ) -> Later<'static, Result<Captured, SpawnError>> {
        Box::pin(async move { captured(argv, limit).await })
    }
}

/// Kills a whole process group when it is dropped unless the command has ended.
struct Group(Option<rustix::process::Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // It may have ended by itself a moment ago.
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}

async fn captured(argv: Vec<String>, limit: Duration) -> Result<Captured, SpawnError> {
    let (program, arguments) = argv.split_first().ok_or(SpawnError::Empty)?;
    let failed = |error: std::io::Error| SpawnError::Start {
        program: program.clone(),
        why: error.to_string(),
    };
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let pid = child.id().and_then(|id| i32::try_from(id).ok());
    let mut group = Group(pid.and_then(rustix::process::Pid::from_raw));
    // Room is taken beforehand so that no half-filled buffer with a secret is left behind.
    let mut output = Zeroizing::new(Vec::with_capacity(OUTPUT as usize));
    let mut complaint = Vec::new();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let work = async {
        let read_output = async {
            match stdout {
                Some(pipe) => pipe.take(OUTPUT).read_to_end(&mut output).await,
                None => Ok(0),
            }
        };
        let read_complaint = async {
            match stderr {
                Some(pipe) => pipe.take(OUTPUT).read_to_end(&mut complaint).await,
                None => Ok(0),
            }
        };
        let (out, err, status) = tokio::join!(read_output, read_complaint, child.wait());
        out.and(err).and(status)
    };
    let status = match tokio::time::timeout(limit, work).await {
        Ok(status) => status.map_err(failed)?,
        Err(_) => {
            return Err(SpawnError::TimedOut {
                program: program.clone(),
                seconds: limit.as_secs(),
            });
        }
    };
    group.0 = None;
    Ok(Captured {
        output,
        complaint: shortened(&complaint),
        code: status.code(),
    })
}

fn shortened(complaint: &[u8]) -> String {
    let text = String::from_utf8_lossy(complaint);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(COMPLAINT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(argv: &[&str], limit: Duration) -> Result<Captured, SpawnError> {
        let argv = argv.iter().map(|a| (*a).to_owned()).collect();
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(SystemSpawn.capture(argv, limit))
    }

    fn password(argv: &[&str]) -> Result<Secret, SecretError> {
        let names: Vec<String> = argv.iter().map(|a| (*a).to_owned()).collect();
        first_line(&names, run(argv, COMMAND_LIMIT))
    }

    #[test]
    fn a_password_command_gives_its_first_line() {
        let got = password(&["printf", "%s\\n", "s3cret word", "rest"]).unwrap();
        assert_eq!(got.expose(), "s3cret word");
        let got = password(&["printf", "no newline"]).unwrap();
        assert_eq!(got.expose(), "no newline");
    }

    #[test]
    fn s2_a_failed_password_command_tells_its_complaint_and_not_its_output() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "canary\n").unwrap();
        for (argv, words) in [
            (
                &["cat", file.to_str().unwrap(), "/nonexistent"][..],
                "code 1: cat: /nonexistent",
            ),
            (&["true"][..], "printed nothing"),
            (&["printf", "\\377"][..], "no UTF-8"),
            (&["/nonexistent/command"][..], "cannot start"),
        ] {
            let error = password(argv).unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(text.contains(words), "{text}");
            assert!(!text.contains("canary"), "{text}");
        }
    }

    #[test]
    fn s6_an_argument_is_never_read_by_a_shell() {
        let hostile = "$(touch /nonexistent); `id` | cat > x && ' \" \n;";
        let got = run(&["printf", "%s", hostile], COMMAND_LIMIT).unwrap();
        assert_eq!(*got.output, hostile.as_bytes());
    }

    #[test]
    fn a_command_that_hangs_is_killed_with_all_its_children() {
        let mark = format!("1000.{}", std::process::id());
        let running = || {
            let processes = std::fs::read_dir("/proc").unwrap();
            let lines =
                processes.filter_map(|p| std::fs::read(p.unwrap().path().join("cmdline")).ok());
            let sleeps = lines.filter(|line| {
                line.starts_with(b"sleep") && String::from_utf8_lossy(line).contains(&mark)
            });
            sleeps.count()
        };
        // `timeout` is the command, `sleep` its child.
        let argv = ["timeout", "1000", "sleep", &mark];
        let error = run(&argv, Duration::from_secs(1)).unwrap_err();
        assert!(matches!(error, SpawnError::TimedOut { seconds: 1, .. }));
        let until = std::time::Instant::now() + Duration::from_secs(10);
        while running() > 0 && std::time::Instant::now() < until {
            std::thread::yield_now();
        }
        assert_eq!(running(), 0);
    }

    #[test]
    fn a3_a_file_name_is_one_argument_whatever_it_holds() {
        let name = Path::new("/run/x/$(id) `id` ;|&\n%s'\".pdf");
        for (template, end) in [
            (&["view", "%s"][..], vec!["view", name.to_str().unwrap()]),
            (&["view"][..], vec!["view", name.to_str().unwrap()]),
        ] {
            let template: Vec<String> = template.iter().map(|a| (*a).to_owned()).collect();
            assert_eq!(opening(&template, name), end);
        }
        let template = ["view".to_owned(), "--file=%s".to_owned()];
        assert_eq!(opening(&template, Path::new("/a b"))[1], "--file=/a b");
    }

    #[test]
    fn p11_an_opener_gets_the_exact_name() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("a $(touch oops) ; b|c`d`\n'\"");
        let argv = opening(&["touch".to_owned(), "%s".to_owned()], &name);
        SystemSpawn.open(argv).unwrap();
        let until = std::time::Instant::now() + Duration::from_secs(10);
        while !name.exists() && std::time::Instant::now() < until {
            std::thread::yield_now();
        }
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert!(name.exists() && files.len() == 1, "{files:?}");
        assert_eq!(SystemSpawn.open(Vec::new()), Err(SpawnError::Empty));
    }
}
