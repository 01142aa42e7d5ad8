//! What a run was trained with, beside its experiment.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::prepare::Prepared;
use super::start::Origin;
use crate::NUMERICS_VERSION;

/// `environment.json`: what a run was trained with, beside its experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// The version of the program.
    pub version: String,
    /// The version of the number contract.
    pub numerics: u32,
    /// The operating system.
    pub system: String,
    /// The processor's architecture.
    pub architecture: String,
    /// The kernels in use: `avx512`, `avx2` or `portable`. They change the speed, never a result.
    pub cpu: String,
    /// The most threads that training could work on. They change the speed, never a result.
    pub threads: usize,
    /// The command line, word by word; empty where there was none.
    pub command: Vec<String>,
    /// The folder in which the files of a set known by name were found, by `--data`, by `THALWEG_DATA` or in the user's
    /// data folder; without such a set, what `--data` gave.
    pub data_folder: Option<PathBuf>,
    /// Every data file that was read.
    pub data: Vec<DataFile>,
    /// What the run began from, if that is another run or a model; `start.safetensors` is a copy of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Origin>,
}

/// A data file and its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl Environment {
    /// What this program on this machine trains with.
    pub fn new(prepared: &Prepared, command: Vec<String>) -> Self {
        let file =
            |(path, sha256): &(PathBuf, String)| DataFile { path: path.clone(), sha256: sha256.clone() };
        Environment {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            numerics: NUMERICS_VERSION,
            system: std::env::consts::OS.to_owned(),
            architecture: std::env::consts::ARCH.to_owned(),
            cpu: crate::kernels::path().name().to_owned(),
            threads: prepared.threads,
            command,
            data_folder: prepared.data_folder.clone(),
            data: prepared.files.iter().map(file).collect(),
            from: prepared.start.as_ref().map(|start| start.origin.clone()),
        }
    }
}
