//! `thalweg doctor`: what is wrong with an experiment or a run, and what mends it.

use std::path::Path;

use console::style;
use thalweg::doctor::{self, Diagnosis, Finding, Severity};
use thalweg::run::{self, RunFolder};

use crate::arguments::{DataFlags, DoctorArguments, SettingFlags};
use crate::exit::{Failure, Status};
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::{draft, environment, training};

pub(crate) fn run(arguments: &DoctorArguments, output: &Output) -> Result<Status, Failure> {
    let threads = environment::threads(arguments.threads)?;
    let path = Path::new(&arguments.what);
    let folder = match RunFolder::is_run(path) {
        true => Some(opened(path, arguments)?),
        false => None,
    };
    let mut prepared = match &folder {
        Some(folder) => folder.prepare()?,
        None => {
            let named = draft::named(&arguments.what, &arguments.data, &arguments.settings)?;
            run::prepare(named.check()?, named.data_folder.as_deref())?
        }
    };
    prepared.threads = threads;
    training::announce(&prepared, output);
    let interrupt = Interrupt::listen()?;
    let diagnosis = match &folder {
        Some(folder) => doctor::examine_run(folder, &prepared, Some(interrupt.flag()))?,
        None => doctor::examine(&prepared, Some(interrupt.flag()))?,
    };
    let Some(diagnosis) = diagnosis else {
        output.note("stopped; nothing was judged");
        return Ok(interrupt.status());
    };
    output.json(&diagnosis);
    print(&diagnosis, output);
    Ok(Status::Done)
}

/// A run is examined as it was: a setting for it would be one for another run.
fn opened(path: &Path, arguments: &DoctorArguments) -> Result<RunFolder, Failure> {
    if arguments.data != DataFlags::default() || arguments.settings != SettingFlags::default() {
        return Err(Failure::usage(format!(
            "{}: a run is examined as it was, without other data or settings; to examine its experiment with them: \
             thalweg doctor {}",
            path.display(),
            path.join("experiment.toml").display()
        )));
    }
    Ok(RunFolder::open(path)?)
}

fn print(diagnosis: &Diagnosis, output: &Output) {
    output.line(format_args!("looked at: {}", diagnosis.looked_at));
    for finding in &diagnosis.findings {
        output.line("");
        output.line(block(finding));
    }
    output.line("");
    let checked: Vec<&str> = diagnosis.checked.iter().map(|kind| kind.words()).collect();
    if diagnosis.findings.is_empty() {
        output.line(format_args!("Nothing to report: {}.", checked.join(", ")));
    } else {
        output.line(format_args!("looked for: {}", checked.join(", ")));
    }
    for not_checked in &diagnosis.not_checked {
        output.line(format_args!("not judged: {}, since {}", not_checked.kind.words(), not_checked.reason));
    }
}

/// A finding in four lines: what it is, what it says, the figures, the cure.
fn block(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Problem => style(finding.severity.name()).red().bold(),
        Severity::Hint => style(finding.severity.name()).yellow().bold(),
    };
    format!(
        "{severity}: {}\n  {}\n  evidence: {}\n  cure: {}",
        finding.kind.words(),
        finding.message,
        finding.evidence,
        finding.cure
    )
}
