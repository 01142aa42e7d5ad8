//! `thalweg verify`: a run trained again, and compared to the bit.

use serde_json::{Value, json};
use thalweg::run::{RunFolder, Verification};
use thalweg::train::{BatchSize, Observer};

use crate::arguments::VerifyArguments;
use crate::exit::{Failure, Status};
use crate::interrupt::Interrupt;
use crate::numbers;
use crate::output::Output;
use crate::progress::ProgressObserver;
use crate::{environment, training};

pub(crate) fn run(arguments: &VerifyArguments, output: &Output) -> Result<Status, Failure> {
    let threads = environment::threads(arguments.threads)?;
    let folder = RunFolder::open(&arguments.run)?;
    let interrupt = Interrupt::listen()?;
    let mut prepared = folder.prepare()?;
    prepared.threads = threads;
    training::announce(&prepared, output);
    let is_full_batch = prepared.experiment.training.batch_size == BatchSize::Full;
    let observers: Vec<Box<dyn Observer>> = vec![Box::new(ProgressObserver::new(*output, is_full_batch))];
    let found = folder.verify(&mut prepared, observers, Some(interrupt.flag()))?;
    if found.interrupted {
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
            let tensor = match &difference.tensor {
                Some(tensor) => format!("first in {tensor}"),
                None => "in the losses alone".to_owned(),
            };
            output.line(format_args!("different: between step {before} and step {at}, {tensor}"));
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
        Some(difference) => json!({
            "identical": false,
            "between_steps": difference.between_steps,
            "tensor": difference.tensor,
        }),
    }
}
