//! Runs the program in a folder of its own, without the settings of the person who runs the tests.
#![allow(dead_code, reason = "each test file uses some of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A fresh folder with the program in it, so to speak.
pub(crate) struct Program {
    folder: tempfile::TempDir,
}

/// What the program said.
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    pub(crate) fn new() -> Self {
        Program { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// The program with these arguments, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_thalweg"));
        command.args(arguments).current_dir(self.folder());
        for name in ["THALWEG_DATA", "THALWEG_CPU", "THALWEG_THREADS", "NO_COLOR", "http_proxy", "HTTP_PROXY"]
        {
            command.env_remove(name);
        }
        for name in ["ALL_PROXY", "all_proxy", "https_proxy", "HTTPS_PROXY"] {
            command.env_remove(name);
        }
        let home = self.folder();
        command.env("HOME", home).env("XDG_DATA_HOME", home.join("share")).env("COLUMNS", "100");
        command.stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments).output().unwrap())
    }

    /// Runs it, and it must succeed.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> Said {
        let said = self.run(arguments);
        assert_eq!(said.status, 0, "{arguments:?}: {}", said.stderr);
        said
    }

    /// Runs it with `--json`, and it must succeed.
    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let said = self.succeed(&[arguments, &["--json"]].concat());
        serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {}", said.stdout))
    }
}

pub(crate) fn said(output: Output) -> Said {
    Said {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A folder of the data that the tests share, or nothing, said loudly.
pub(crate) fn shared(folder: &str) -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = std::env::var_os("THALWEG_SHARED").map_or(own, PathBuf::from).join(folder);
    if !path.exists() {
        assert!(std::env::var_os("THALWEG_SHARED").is_none(), "THALWEG_SHARED is set, but has no {folder}");
        // Written past the test harness, which hides what a passing test prints.
        let message = format!("SKIPPED: {} is not there; set THALWEG_SHARED to the shared data\n", folder);
        std::io::Write::write_all(&mut std::io::stderr(), message.as_bytes()).expect("stderr can be written");
        return None;
    }
    Some(path)
}
