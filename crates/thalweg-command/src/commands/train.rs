//! `thalweg train`.

use serde_json::Value;
use thalweg::run::{self, Place, RunFolder};

use crate::arguments::TrainArguments;
use crate::exit::{Failure, Status};
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::start::Beginning;
use crate::training::{Show, Shown};
use crate::{draft, environment, training};

/// Seconds of the longest `--live`.
const LONGEST_SHOW: f64 = 3600.0;

pub(crate) fn run(arguments: &TrainArguments, output: &Output) -> Result<Status, Failure> {
    let flags = &arguments.run;
    let threads = environment::threads(flags.threads)?;
    let from =
        arguments.from.as_deref().map(|text| Beginning::read(text, flags.out.as_deref())).transpose()?;
    let what = match (&arguments.what, &from) {
        (Some(what), _) => what.clone(),
        (None, from) => from.as_ref().map_or(Ok(String::new()), Beginning::experiment)?,
    };
    let mut named = draft::named(&what, &arguments.data, &arguments.settings)?;
    if arguments.what.is_none() && named.data_folder.is_none() {
        named.data_folder = from.as_ref().and_then(Beginning::data_folder);
    }
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
    if let Some(from) = &from
        && !from.begin(&mut prepared, &interrupt, output)?
    {
        output.note("stopped; nothing was written");
        return Ok(interrupt.status());
    }
    let place = Place { out: flags.out.clone(), force: flags.force, ..Place::default() };
    let command = std::env::args().collect();
    let mut folder = RunFolder::create(&prepared, &place, command)?;
    training::train_in(&mut folder, &mut prepared, None, &interrupt, shown, output)
}
