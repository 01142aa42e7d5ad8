//! `thalweg data fetch`: data sets from their public mirrors, checked against the published checksums.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use indicatif::ProgressBar;
use md5::{Digest, Md5};
use serde_json::json;
use thalweg::data::sources::data_folders;

use crate::arguments::{FetchArguments, FetchedSet};
use crate::exit::{Failure, Status};
use crate::interrupt::Interrupt;
use crate::numbers;
use crate::output::Output;
use crate::progress;

/// A file of a set with its published MD5.
struct SetFile {
    name: &'static str,
    md5: &'static str,
}

/// Where a set can be had.
struct Set {
    name: &'static str,
    mirrors: &'static [&'static str],
    files: [SetFile; 4],
}

const MNIST: Set = Set {
    name: "mnist",
    mirrors: &[
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ],
    files: [
        SetFile { name: "train-images-idx3-ubyte.gz", md5: "f68b3c2dcbeaaa9fbdd348bbdeb94873" },
        SetFile { name: "train-labels-idx1-ubyte.gz", md5: "d53e105ee54ea40749a09fcbcd1e9432" },
        SetFile { name: "t10k-images-idx3-ubyte.gz", md5: "9fb629c4189551a2d022fa330f9573f3" },
        SetFile { name: "t10k-labels-idx1-ubyte.gz", md5: "ec29112dd5afa0611ce80d1b7f02629c" },
    ],
};

const FASHION_MNIST: Set = Set {
    name: "fashion-mnist",
    mirrors: &[
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ],
    files: [
        SetFile { name: "train-images-idx3-ubyte.gz", md5: "8d4fb7e6c68d591d4c3dfef9ec88bf0d" },
        SetFile { name: "train-labels-idx1-ubyte.gz", md5: "25c81989df183df01b3e8a0aad5dffbe" },
        SetFile { name: "t10k-images-idx3-ubyte.gz", md5: "bef4ecab320f06d8554ea6380940ec79" },
        SetFile { name: "t10k-labels-idx1-ubyte.gz", md5: "bb300cfdad3c16e7a12a480ee83cd310" },
    ],
};

/// No file of a set is longer; a mirror that sends more sends something else.
const LONGEST: u64 = 64 << 20;

pub(crate) fn run(arguments: &FetchArguments, output: &Output) -> Result<Status, Failure> {
    let set = match arguments.set {
        FetchedSet::Mnist => &MNIST,
        FetchedSet::FashionMnist => &FASHION_MNIST,
    };
    let folder = data_folders(arguments.data.as_deref()).into_iter().next().ok_or_else(|| {
        Failure::usage(
            "this system names no folder for a user's data; say where to put the files with --data DIR",
        )
    })?;
    let folder = folder.join(set.name);
    fs::create_dir_all(&folder).map_err(|error| thalweg::Error::io(&folder, "create", error))?;
    let fetch = Fetch { agent: agent(), interrupt: Interrupt::listen()?, output };
    let mirrors = match &arguments.mirror {
        Some(mirror) => vec![mirror.as_str()],
        None => set.mirrors.to_vec(),
    };
    let mut files = Vec::new();
    for file in &set.files {
        let path = folder.join(file.name);
        let was_there = is_right(&path, file.md5);
        if was_there {
            output.note(format_args!("{}: already there and right", file.name));
        } else {
            fetch.fetch(file, &mirrors, &path)?;
        }
        files.push(json!({ "name": file.name, "path": path.display().to_string(), "fetched": !was_there }));
    }
    output.json(&json!({ "set": set.name, "folder": folder.display().to_string(), "files": files }));
    output.line(format_args!("{} is in {}", set.name, folder.display()));
    Ok(Status::Done)
}

/// A client that follows redirects, waits so long for an answer and no longer.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .user_agent(concat!("thalweg/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(Duration::from_secs(15)))
        .timeout_recv_response(Some(Duration::from_secs(30)))
        .timeout_recv_body(Some(Duration::from_secs(1800)))
        .build()
        .into()
}

struct Fetch<'a> {
    agent: ureq::Agent,
    interrupt: Interrupt,
    output: &'a Output,
}

impl Fetch<'_> {
    /// Fetches a file from the first mirror that gives the right one.
    fn fetch(&self, file: &SetFile, mirrors: &[&str], path: &Path) -> Result<(), Failure> {
        let mut reasons = Vec::new();
        for mirror in mirrors {
            let address = format!("{}/{}", mirror.trim_end_matches('/'), file.name);
            self.output.detail(format_args!("asking {address}"));
            match self.fetch_at(&address, file, path) {
                Ok(bytes) => {
                    self.output.note(format_args!(
                        "{}: {} bytes, checksum right",
                        file.name,
                        numbers::count(bytes)
                    ));
                    return Ok(());
                }
                Err(_) if self.interrupt.is_raised() => {
                    return Err(Failure::new(
                        self.interrupt.status(),
                        "interrupted; nothing half is left behind",
                    ));
                }
                Err(reason) => reasons.push(format!("{address}: {reason}")),
            }
        }
        Err(Failure::new(
            Status::Failed,
            format!(
                "cannot fetch {}: {}; try again later, or put the file into {} yourself",
                file.name,
                reasons.join("; "),
                path.parent().unwrap_or(path).display()
            ),
        ))
    }

    /// Fetches a file from one address; its length comes back.
    fn fetch_at(&self, address: &str, file: &SetFile, path: &Path) -> Result<u64, String> {
        let answer = self.agent.get(address).call().map_err(|error| match error {
            ureq::Error::StatusCode(404) => "there is no such file (status 404)".to_owned(),
            ureq::Error::StatusCode(status) => format!("the server answers with status {status}"),
            error => error.to_string(),
        })?;
        let length = answer.body().content_length();
        if length.is_some_and(|length| length > LONGEST) {
            return Err(format!("the server offers {} bytes, far too many", length.unwrap_or_default()));
        }
        let bar = self.output.progress.then(|| {
            progress::bar(length.unwrap_or(0), "{bytes}/{total_bytes}  {msg}  {bytes_per_sec}  {eta} left")
                .with_message(file.name)
        });
        let mut body = answer.into_body().into_reader().take(LONGEST + 1);
        let mut received = 0;
        let written = thalweg::whole_file::write_whole(path, |out| {
            received = self.copy(&mut body, out, file.md5, length, bar.as_ref())?;
            Ok(())
        });
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        match written {
            Ok(()) => Ok(received),
            // The reason alone: the address is named already, and the file is not there.
            Err(thalweg::Error::Io { source, .. }) => Err(source.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Copies a body and compares it with its checksum.
    fn copy(
        &self,
        body: &mut dyn Read,
        out: &mut dyn Write,
        md5: &str,
        length: Option<u64>,
        bar: Option<&ProgressBar>,
    ) -> io::Result<u64> {
        let mut sum = Md5::new();
        let mut buffer = vec![0; 64 << 10];
        let mut received = 0;
        loop {
            if self.interrupt.is_raised() {
                return Err(io::Error::other("interrupted"));
            }
            let count = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(io::Error::other(format!(
                        "the answer broke off after {received} bytes ({error})"
                    )));
                }
            };
            sum.update(&buffer[..count]);
            out.write_all(&buffer[..count])?;
            received += count as u64;
            if let Some(bar) = bar {
                bar.set_position(received);
            }
        }
        if let Some(length) = length.filter(|&length| length != received) {
            return Err(io::Error::other(format!("the answer broke off after {received} of {length} bytes")));
        }
        let found = hexadecimal(&sum.finalize());
        match found == md5 {
            true => Ok(received),
            false => Err(io::Error::other(format!("its MD5 is {found}, but {md5} is published"))),
        }
    }
}

/// Whether the file is there with this checksum.
fn is_right(path: &Path, md5: &str) -> bool {
    let sum = || -> io::Result<String> {
        let mut file = File::open(path)?;
        let (mut sum, mut buffer) = (Md5::new(), vec![0; 64 << 10]);
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(hexadecimal(&sum.finalize())),
                count => sum.update(&buffer[..count]),
            }
        }
    };
    sum().is_ok_and(|found| found == md5)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
