//! `train --from`: a run that begins from another, at any of its steps, or from the weights of a model file.

use std::path::{Path, PathBuf};

use thalweg::run::{Prepared, RunFolder};

use crate::exit::Failure;
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::{draft, numbers, training};

/// What `--from` names.
#[derive(Debug)]
pub(crate) enum Beginning {
    /// A run, after so many steps.
    Run { folder: Box<RunFolder>, step: u64 },
    /// A model or a state file.
    File(PathBuf),
}

impl Beginning {
    /// Reads `RUN`, `RUN@STEP` or `FILE`. `out`, where the new run goes, must not be the run that it begins from, nor hold the file.
    pub(crate) fn read(text: &str, out: Option<&Path>) -> Result<Self, Failure> {
        let path = Path::new(text);
        let (path, step) = match text.rsplit_once('@') {
            Some((run, step)) if !path.exists() && RunFolder::is_run(Path::new(run)) => {
                let step = step.parse().map_err(|_| {
                    Failure::usage(format!("--from {text}: after the @ stands a step, such as {run}@100"))
                })?;
                (Path::new(run), Some(step))
            }
            _ => (path, None),
        };
        let refuse_out = |what: &str| Err(Failure::usage(format!("--out {what}; choose another folder")));
        let out = out.and_then(|out| out.canonicalize().ok());
        if !RunFolder::is_run(path) {
            return match std::fs::metadata(path) {
                Ok(found) if found.is_file() => {
                    let is_inside =
                        |out: &PathBuf| path.canonicalize().is_ok_and(|path| path.starts_with(out));
                    if let Some(out) = out.filter(is_inside) {
                        return refuse_out(&format!(
                            "{}: a run cannot replace the folder of the file that it begins from",
                            out.display()
                        ));
                    }
                    Ok(Beginning::File(path.to_owned()))
                }
                Ok(_) => Err(Failure::file(format!("--from {text}: it is neither a run nor a model file"))),
                Err(_) => Err(draft::missing(path)),
            };
        }
        if out.is_some_and(|out| path.canonicalize().ok() == Some(out)) {
            return refuse_out(&format!(
                "{}: a run cannot replace the one that it begins from",
                path.display()
            ));
        }
        let folder = Box::new(RunFolder::open(path)?);
        let step = step.map_or_else(|| folder.last_step(), Ok)?;
        Ok(Beginning::Run { folder, step })
    }

    /// What is trained where nothing else is said: the run's own experiment.
    pub(crate) fn experiment(&self) -> Result<String, Failure> {
        match self {
            Beginning::Run { folder, .. } => Ok(folder.path().join("experiment.toml").display().to_string()),
            Beginning::File(path) => Err(Failure::usage(format!(
                "--from {}: a file of weights does not say what to train; name an experiment or data before it",
                path.display()
            ))),
        }
    }

    /// Where the run found its data.
    pub(crate) fn data_folder(&self) -> Option<PathBuf> {
        match self {
            Beginning::Run { folder, .. } => folder.environment().data_folder.clone(),
            Beginning::File(_) => None,
        }
    }

    /// Lets `prepared` begin from it. False: somebody stopped it before it had come there.
    pub(crate) fn begin(
        &self,
        prepared: &mut Prepared,
        interrupt: &Interrupt,
        output: &Output,
    ) -> Result<bool, Failure> {
        match self {
            Beginning::File(path) => {
                for notice in prepared.begin_from_file(path)? {
                    output.notice(notice);
                }
            }
            Beginning::Run { folder, step } => {
                let mut theirs = folder.prepare()?;
                theirs.threads = prepared.threads;
                output.note(format_args!("making step {step} of {} again", folder.path().display()));
                let observers = training::progress(&theirs, output);
                let state = folder.state_at(&mut theirs, *step, observers, Some(interrupt.flag()))?;
                let Some(state) = state else { return Ok(false) };
                for notice in prepared.begin_from_run(folder, state)? {
                    output.notice(notice);
                }
            }
        }
        let from = match self {
            Beginning::Run { folder, .. } => folder.path().display(),
            Beginning::File(path) => path.display(),
        };
        match prepared.first_step() {
            0 => output.note(format_args!("beginning with the weights of {from}")),
            step => output.note(format_args!("beginning after {} of {from}", numbers::counted(step, "step"))),
        }
        Ok(true)
    }
}
