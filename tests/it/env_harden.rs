//! What the process does for its own discretion, seen in a process of its own.

use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::process::Command;

use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

const FOLDER: &str = "LACEBARK_TEST_HARDEN";

#[test]
fn s1_s4_a_hardened_process_leaves_no_core_and_nothing_that_others_can_read() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        let folder = tempfile::tempdir().unwrap();
        let name =
            "env_harden::s1_s4_a_hardened_process_leaves_no_core_and_nothing_that_others_can_read";
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(FOLDER, folder.path())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        let passed = output.status.success() && told.contains("1 passed");
        assert!(passed, "{told}{complaint}");
        return;
    };
    // Nothing of this process is hidden by itself.
    rustix::process::umask(rustix::fs::Mode::empty());
    lacebark::env::harden::harden().unwrap();
    assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    let core = getrlimit(Resource::Core);
    assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let file = std::path::Path::new(&folder).join("file");
    File::create(&file).unwrap();
    let inner = std::path::Path::new(&folder).join("folder");
    fs::DirBuilder::new().mode(0o777).create(&inner).unwrap();
    assert_eq!((mode(&file), mode(&inner)), (0o600, 0o700));
}
