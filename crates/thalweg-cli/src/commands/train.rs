//! `thalweg train`.

use serde_json::Value;
use thalweg::run::{self, Place, RunFolder};

use crate::arguments::TrainArguments;
use crate::exit::{Failure, Status};
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::training::{Show, Shown};
use crate::{draft, environment, training};

/// Seconds of the longest `--live`.
const LONGEST_SHOW: f64 = 3600.0;

pub(crate) fn run(arguments: &TrainArguments, output: &Output) -> Result<Status, Failure> {
    let flags = &arguments.run;
    let threads = environment::threads(flags.threads)?;
    let mut named = draft::named(&arguments.what, &arguments.data, &arguments.settings)?;
    if let Some(name) = &flags.name {
        let quoted = Value::from(name.as_str()).to_string();
        named.draft = named.draft.set_from(&format!("--name {name}"), "name", &quoted)?;
    }
    if !(0.0..=LONGEST_SHOW).contains(&flags.live_seconds) {
        return Err(Failure::usage(format!(
            "--live-seconds must be from 0 to {LONGEST_SHOW}, not {}",
            flags.live_seconds
        )));
    }
    let live = flags.live.then_some(Show { seconds: flags.live_seconds });
    let shown = Shown { live, tensorboard: flags.tensorboard };
    let experiment = named.check()?;
    let interrupt = Interrupt::listen()?;
    let mut prepared = run::prepare(experiment, named.data_folder.as_deref())?;
    prepared.threads = threads;
    training::announce(&prepared, output);
    let place = Place { out: flags.out.clone(), force: flags.force, ..Place::default() };
    let command = std::env::args().collect();
    let mut folder = RunFolder::create(&prepared, &place, command)?;
    training::train_in(&mut folder, &mut prepared, None, &interrupt, shown, output)
}
