//! `thalweg verify`: a run trained again, and compared to the bit.

use serde_json::{Value, json};
use thalweg::run::{Cause, RunFolder, Verification};

use crate::arguments::VerifyArguments;
use crate::exit::{Failure, Status};
use crate::interrupt::Interrupt;
use crate::numbers;
use crate::output::Output;
use crate::{environment, training};

pub(crate) fn run(arguments: &VerifyArguments, output: &Output) -> Result<Status, Failure> {
    let threads = environment::threads(arguments.threads)?;
    let folder = RunFolder::open(&arguments.run)?;
    let interrupt = Interrupt::listen()?;
    let mut prepared = folder.prepare()?;
    prepared.threads = threads;
    training::announce(&prepared, output);
    let observers = training::progress(&prepared, output);
    let found = folder.verify(&mut prepared, observers, Some(interrupt.flag()))?;
    if found.interrupted {
        output.json(&json!({ "identical": null, "reports": found.reports, "step": found.step }));
        output.note(format_args!("stopped; {}", equal(&found)));
        return Ok(interrupt.status());
    }
    output.json(&object(&found));
    Ok(match &found.difference {
        None => {
            output.line(format_args!("identical: {}", equal(&found)));
            Status::Done
        }
        Some(difference) => {
            let [before, at] = difference.between_steps;
            let cause = match &difference.cause {
                Cause::Tensor(tensor) => format!("first in {tensor}"),
                Cause::Losses => "in the losses, not in the weights".to_owned(),
                Cause::Metrics(name) => {
                    format!("in {name} of metrics.jsonl, not in losses and weights: the file was changed")
                }
                Cause::Reports => "where one of them made a report and the other did not".to_owned(),
                Cause::Weights => "in the last weights".to_owned(),
                Cause::Diverged => "where the loss stopped being finite this time".to_owned(),
            };
            output.line(format_args!("different: between step {before} and step {at}, {cause}"));
            Status::Failed
        }
    })
}

/// "21 reports up to step 2,000 are equal in every bit".
fn equal(found: &Verification) -> String {
    let reports = numbers::counted(found.reports as u64, "report");
    format!("{reports} up to step {} equal in every bit", numbers::count(found.step))
}

fn object(found: &Verification) -> Value {
    match &found.difference {
        None => json!({ "identical": true }),
        Some(difference) => {
            let tensor = match &difference.cause {
                Cause::Tensor(tensor) => Some(tensor),
                _ => None,
            };
            json!({ "identical": false, "between_steps": difference.between_steps, "tensor": tensor })
        }
    }
}
