//! The doctor: what is wrong with an experiment or a run, from its own numbers, with the evidence and the cure.
//!
//! Fourteen rules, a file each, look at the data ([`Kind::UnscaledColumns`] to [`Kind::DuplicateRows`]), at the network layer by
//! layer at its start and after its last step ([`Kind::DeadRelus`] to [`Kind::ExplodingGradients`]), and at the course of training
//! ([`Kind::RateTooHigh`] to [`Kind::Underfitting`]). Their thresholds stand in the files, with their reasons. `docs/doctor.md` lists
//! them.
//!
//! A run is judged by what it left behind: `metrics.jsonl`, its last state, and its data, which is read again. An experiment is trained in
//! memory first, for a bounded number of steps that depends on its sizes alone; what takes a whole run is judged only where the
//! bound was not met. The test part decides nothing here either: of it, only its rows are compared with those of the training part.
//!
//! # Example
//! ```
//! use thalweg::doctor::{self, Kind};
//! use thalweg::experiment::Draft;
//! use thalweg::run;
//!
//! let ill = Draft::builtin("spiral-linear")?.set("lr", "1e-7")?.set("init", "{ name = \"normal\", std = 1.0 }")?;
//! let diagnosis = doctor::examine(&run::prepare(ill.check()?, None)?, None)?.expect("nobody interrupts");
//! let finding = &diagnosis.findings[0];
//! assert_eq!(finding.kind, Kind::RateTooLow);
//! assert!(finding.evidence.get("update_to_weight").is_some_and(|ratio| ratio < 1e-4));
//! assert_eq!(finding.cure, "--lr 1e-5");
//! # Ok::<(), thalweg::Error>(())
//! ```

mod class_imbalance;
mod constant_columns;
mod course;
mod cures;
mod dead_relus;
mod duplicate_rows;
mod exploding_gradients;
mod finding;
mod inputs;
mod leaking_columns;
mod moment;
mod overfitting;
mod patient;
mod probe;
mod rate_too_high;
mod rate_too_low;
mod sample;
mod saturation;
mod small_validation;
#[cfg(test)]
mod tests;
mod underfitting;
mod unscaled_columns;
mod vanishing_gradients;

use std::sync::atomic::AtomicBool;

pub use finding::{Diagnosis, Evidence, Finding, Kind, NotChecked, Severity};

use crate::error::Result;
use crate::network::either;
use crate::run::{Prepared, RunFolder};
use crate::train::State;

use course::Course;
use finding::Verdict;
use inputs::Inputs;
use patient::Patient;

/// The rule of each kind.
const fn rule(kind: Kind) -> fn(&Patient<'_>) -> Verdict {
    match kind {
        Kind::UnscaledColumns => unscaled_columns::find,
        Kind::ConstantColumns => constant_columns::find,
        Kind::LeakingColumns => leaking_columns::find,
        Kind::ClassImbalance => class_imbalance::find,
        Kind::SmallValidation => small_validation::find,
        Kind::DuplicateRows => duplicate_rows::find,
        Kind::DeadRelus => dead_relus::find,
        Kind::Saturation => saturation::find,
        Kind::VanishingGradients => vanishing_gradients::find,
        Kind::ExplodingGradients => exploding_gradients::find,
        Kind::RateTooHigh => rate_too_high::find,
        Kind::RateTooLow => rate_too_low::find,
        Kind::Overfitting => overfitting::find,
        Kind::Underfitting => underfitting::find,
    }
}

/// Examines an experiment: its data, its start, and a probe, which trains a copy of the network as the experiment says, for at
/// most 2,000 steps and fewer where a step is large. `None` if it was interrupted. Nothing is changed or written.
///
/// # Errors
/// As [`Prepared::train`], but for a loss that stops being finite: that is a finding.
pub fn examine(prepared: &Prepared, interrupt: Option<&AtomicBool>) -> Result<Option<Diagnosis>> {
    let Some((course, state)) = probed(prepared, interrupt)? else { return Ok(None) };
    let how = probe_in_words(&course);
    diagnose(prepared, course, state.as_ref(), &how).map(Some)
}

/// Examines a run by its metrics, its last state, and its data. `prepared` is what [`RunFolder::prepare`] gave. A run that left no
/// state (it diverged, or was killed early) is examined as its experiment is, by a probe. `None` if that was interrupted.
/// Nothing is changed or written.
///
/// # Errors
/// As [`RunFolder::metrics`], [`RunFolder::state`] and [`examine`].
pub fn examine_run(
    folder: &RunFolder,
    prepared: &Prepared,
    interrupt: Option<&AtomicBool>,
) -> Result<Option<Diagnosis>> {
    let Some(state) = folder.state()? else {
        let Some((course, state)) = probed(prepared, interrupt)? else { return Ok(None) };
        let how = format!("there is no saved state, so {}", probe_in_words(&course));
        return diagnose(prepared, course, state.as_ref(), &how).map(Some);
    };
    let course = Course::of_run(folder)?;
    let how = format!(
        "the run's {} up to step {}, and its state after step {}",
        counted(course.reports.len() as u64, "report"),
        course.steps,
        state.counters.step
    );
    diagnose(prepared, course, Some(&state), &how).map(Some)
}

fn probed(prepared: &Prepared, interrupt: Option<&AtomicBool>) -> Result<probe::Probed> {
    either!(&prepared.network, network => probe::probe(network, prepared, interrupt))
}

fn probe_in_words(course: &Course) -> String {
    let steps = counted(course.steps, "step");
    match (course.diverged_at, course.is_whole) {
        (Some(_), _) => format!("{steps} of training in memory, until the loss stopped being finite"),
        (None, true) => format!("the whole run, {steps}, trained in memory"),
        (None, false) => format!("the first {steps} of {}, trained in memory", course.total_steps),
    }
}

fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Measures, and asks every rule in turn.
fn diagnose(prepared: &Prepared, course: Course, state: Option<&State>, how: &str) -> Result<Diagnosis> {
    let look = |state| either!(&prepared.network, network => moment::look(network, prepared, state));
    let end = match state {
        Some(state) => look(Some(state))?,
        None => None,
    };
    let mut patient = Patient {
        prepared,
        inputs: Inputs::new(&prepared.train),
        start: look(None)?,
        end,
        course,
        found: Vec::new(),
    };
    let (mut checked, mut not_checked) = (Vec::new(), Vec::new());
    for kind in Kind::ALL {
        match rule(kind)(&patient) {
            Verdict::Judged(findings) => {
                checked.push(kind);
                patient.found.extend(findings);
            }
            Verdict::NotJudged(reason) => not_checked.push(NotChecked { kind, reason }),
        }
    }
    let parts: Vec<String> =
        prepared.parts().map(|(part, data)| format!("{} {}", data.rows(), part.name())).collect();
    let looked_at = format!(
        "{} rows of {}; the network at its start; {how}",
        parts.join(", "),
        counted(prepared.train.columns() as u64, "value")
    );
    Ok(Diagnosis { findings: patient.found, looked_at, checked, not_checked })
}
