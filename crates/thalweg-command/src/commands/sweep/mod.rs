//! `thalweg sweep`: many runs of one experiment, side by side.

mod report;
mod workers;

use std::path::Path;

use thalweg::Experiment;
use thalweg::run;
use thalweg::sweep::{HalvingWanted, Plan, RunState, Search, SweepFolder, Wanted, known_metrics};

use crate::arguments::{SearchChoice, SweepArguments};
use crate::draft::{self, Named};
use crate::environment;
use crate::exit::{Failure, Status};
use crate::interrupt::Interrupt;
use crate::numbers;
use crate::output::Output;

pub(crate) fn run(arguments: &SweepArguments, output: &Output) -> Result<Status, Failure> {
    let threads = environment::threads(arguments.threads)?;
    let (folder, plan) = match (&arguments.resume, &arguments.what) {
        (Some(path), _) => resumed(path, arguments.sort.as_deref())?,
        (None, what) => planned(what.as_deref().unwrap_or_default(), arguments, output)?,
    };
    output.note(format_args!(
        "{}: {} on {}, into {}",
        plan.name,
        numbers::counted(plan.runs.len() as u64, "run"),
        numbers::counted(threads as u64, "thread"),
        folder.path().display()
    ));
    let interrupt = Interrupt::listen()?;
    let _lock = folder.lock()?;
    let plan = workers::work(&folder, plan, threads, &interrupt, output)?;
    let is_stopped = !plan.is_complete();
    let mut rows = plan.rows();
    let metric = arguments.sort.as_ref().unwrap_or(&plan.metric);
    if plan.sorted || arguments.sort.is_some() {
        plan.sort(&mut rows, metric);
    }
    let picture = if is_stopped { Vec::new() } else { report::draw(&folder, &plan, &rows)? };
    report::show(&folder, &plan, &rows, metric, &picture, output);
    if is_stopped {
        let path = folder.path().display();
        output.note(format_args!("stopped, all of it saved; go on with: thalweg sweep --resume {path}"));
        return Ok(interrupt.status());
    }
    Ok(status(&plan))
}

/// A sweep of which no run came to anything ends as its first run did.
fn status(plan: &Plan) -> Status {
    match plan.runs.iter().all(|run| run.state.is_failure()) {
        true if plan.runs[0].state == RunState::Diverged => Status::Diverged,
        true => Status::Failed,
        false => Status::Done,
    }
}

/// Opens a sweep that was begun before.
fn resumed(path: &Path, sort: Option<&str>) -> Result<(SweepFolder, Plan), Failure> {
    let (folder, plan) = SweepFolder::open(path)?;
    if let Some(metric) = sort {
        plan.check_metric(metric).map_err(thalweg::Error::from)?;
    }
    Ok((folder, plan))
}

/// Plans a new sweep. Every run is checked before the first begins, and the data of the first is loaded.
fn planned(what: &str, arguments: &SweepArguments, output: &Output) -> Result<(SweepFolder, Plan), Failure> {
    let wanted = wanted(arguments);
    let named = draft::named(what, &arguments.data, &arguments.settings)?;
    let own = named.check()?;
    let settings = wanted.settings(own.seed).map_err(thalweg::Error::from)?;
    if let Some(samples) = wanted.samples.filter(|&samples| settings.len() < samples) {
        output.notice(format_args!("there are {} different settings, not {samples}", settings.len()));
    }
    let experiments = experiments(&named, &settings)?;
    let mut plan = Plan::new(&wanted, settings, &experiments, &own).map_err(thalweg::Error::from)?;
    let first = run::prepare(plan.experiment_of(0, &experiments[0]), named.data_folder.as_deref())?;
    first.notices.iter().for_each(|notice| output.notice(notice));
    plan.decide_by(arguments.sort.as_deref(), known_metrics(&first)?).map_err(thalweg::Error::from)?;
    plan.command = std::env::args().collect();
    plan.data_folder = first.data_folder;
    let folder = SweepFolder::create(&plan, experiments, arguments.out.as_deref(), arguments.force)?;
    Ok((folder, plan))
}

fn wanted(arguments: &SweepArguments) -> Wanted {
    Wanted {
        vary: arguments.vary.clone(),
        search: arguments.search.map(|search| match search {
            SearchChoice::Grid => Search::Grid,
            SearchChoice::Random => Search::Random,
            SearchChoice::Sobol => Search::Sobol,
        }),
        samples: arguments.samples.map(|samples| samples as usize),
        seeds: arguments.seeds.clone(),
        folds: arguments.folds,
        halving: arguments
            .halving
            .then_some(HalvingWanted { reduction: arguments.reduction, first: arguments.first_epochs }),
    }
}

/// The experiment of each setting.
fn experiments(named: &Named, settings: &[thalweg::sweep::Setting]) -> Result<Vec<Experiment>, Failure> {
    let experiment = |setting: &thalweg::sweep::Setting| {
        let mut draft = named.draft.clone();
        for (key, value) in setting {
            draft = draft.set_from(&format!("--vary {key}={value}"), key, value)?;
        }
        Ok(draft.check()?)
    };
    settings.iter().map(experiment).collect()
}
