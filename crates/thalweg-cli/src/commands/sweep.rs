//! `thalweg sweep`: one run per value of a setting, side by side.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::{Map, Value, json};
use thalweg::experiment::split_values;
use thalweg::metrics::Metric;
use thalweg::model_file::{PartFigures, Status as RunStatus};
use thalweg::run::{self, Place, RunFolder, TrainResult};
use thalweg::train::{History, Outcome};
use thalweg::whole_file::write_whole;
use thalweg::{Experiment, Loss};

use crate::arguments::{SweepArguments, split_setting};
use crate::exit::{Failure, Status};
use crate::interrupt::Interrupt;
use crate::numbers;
use crate::output::Output;
use crate::pictures::{self, PictureProblem};
use crate::table::Table;
use crate::training::parts;
use crate::{draft, environment, training};

/// More runs than anybody waits for; a grid of many keys grows quickly.
const MOST_RUNS: usize = 10_000;

/// Pixels per unit of the picture as PNG.
const PIXELS_PER_UNIT: f64 = 2.0;

/// One run of the grid.
struct Cell {
    /// The varied keys with this run's values, in the order of `--vary`.
    settings: Vec<(String, String)>,
    experiment: Experiment,
    out: PathBuf,
}

/// What became of a run.
type Ended = Result<(Outcome, TrainResult), Failure>;

pub(crate) fn run(arguments: &SweepArguments, output: &Output) -> Result<Status, Failure> {
    let threads = environment::threads(arguments.threads)?;
    let named = draft::named(&arguments.what, &arguments.data, &arguments.settings)?;
    let name = named.check()?.name;
    let grid = grid(&arguments.vary)?;
    // Every run is checked before the first begins.
    let mut experiments = Vec::new();
    for settings in &grid {
        let mut draft = named.draft.clone();
        for (key, value) in settings {
            draft = draft.set_from(&format!("--vary {key}={value}"), key, value)?;
        }
        experiments.push(draft.check()?);
    }
    let folder = sweep_folder(arguments, &name)?;
    let cells: Vec<Cell> = grid
        .into_iter()
        .zip(experiments)
        .enumerate()
        .map(|(i, (settings, experiment))| {
            let out = folder.join(folder_name(i, &settings));
            Cell { settings, experiment, out }
        })
        .collect();
    output.note(format_args!(
        "{name}: {} on {}, into {}",
        numbers::counted(cells.len() as u64, "run"),
        numbers::counted(threads as u64, "thread"),
        folder.display()
    ));

    let interrupt = Interrupt::listen()?;
    let (side_by_side, each) = shares(threads, cells.len());
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(side_by_side)
        .build()
        .map_err(|error| Failure::new(Status::Failed, format!("cannot start threads: {error}")))?;
    let one = |cell: &Cell| {
        let data_folder = named.data_folder.as_deref();
        let ended = train(cell, data_folder, each, arguments.force, &interrupt);
        output.note(match &ended {
            Ok((_, result)) => format!("{}: {}", label(&cell.settings), figures(result)),
            Err(failure) => format!("{}: {}", label(&cell.settings), failure.message),
        });
        ended
    };
    let ended: Vec<Ended> = pool.install(|| cells.par_iter().map(one).collect());
    let picture = draw(&name, &folder, &cells, &ended)?;
    report(&name, &folder, &cells, &ended, &picture, output);
    if interrupt.is_raised() {
        output.note(format_args!("stopped; the runs in {} can be resumed one by one", folder.display()));
        return Ok(interrupt.status());
    }
    let failed = ended.iter().find_map(|ended| ended.as_ref().err());
    Ok(failed.map_or(Status::Done, |failure| failure.status))
}

/// How many of the runs are made side by side on so many threads, and how many threads each of them works on.
fn shares(threads: usize, runs: usize) -> (usize, usize) {
    let side_by_side = threads.min(runs).max(1);
    (side_by_side, (threads / side_by_side).max(1))
}

/// Trains one run in its own folder, as `thalweg train` would.
fn train(
    cell: &Cell,
    data_folder: Option<&Path>,
    threads: usize,
    force: bool,
    interrupt: &Interrupt,
) -> Ended {
    let mut prepared = run::prepare(cell.experiment.clone(), data_folder)?;
    prepared.threads = threads;
    let place = Place { out: Some(cell.out.clone()), force, ..Place::default() };
    let mut folder = RunFolder::create(&prepared, &place, std::env::args().collect())?;
    Ok(folder.train(&mut prepared, Vec::new(), Some(interrupt.flag()), None)?)
}

/// All combinations of the values, the last key's values changing fastest.
fn grid(vary: &[String]) -> Result<Vec<Vec<(String, String)>>, Failure> {
    let mut grid = vec![Vec::new()];
    let mut varied: Vec<&str> = Vec::new();
    for vary in vary {
        let (key, values) = split_setting("--vary", vary)?;
        if let Some(before) = varied.iter().find(|before| long_name(before) == long_name(key)) {
            return Err(Failure::usage(format!(
                "--vary {vary}: `{before}` is varied already; give all its values at once: --vary {before}=A,B,C"
            )));
        }
        varied.push(key);
        let values = split_values(values);
        if values.iter().any(|value| value.is_empty()) {
            return Err(Failure::usage(format!("--vary {vary}: a value between the commas is missing")));
        }
        if grid.len() * values.len() > MOST_RUNS {
            return Err(Failure::usage(format!(
                "this grid has more than {MOST_RUNS} runs; vary less at once"
            )));
        }
        let with = |settings: &Vec<(String, String)>, value: &str| {
            let mut settings = settings.clone();
            settings.push((key.to_owned(), value.to_owned()));
            settings
        };
        grid =
            grid.iter().flat_map(|settings| values.iter().map(move |value| with(settings, value))).collect();
    }
    Ok(grid)
}

/// A setting's name in one spelling, whichever of its names was given: `lr` and `training.optimizer.learning-rate` are
/// `learning_rate`.
fn long_name(key: &str) -> String {
    let key = key.replace('-', "_");
    let short = ["training.", "data.", "network."].iter().find_map(|table| key.strip_prefix(table));
    match short.unwrap_or(&key) {
        "lr" | "optimizer.learning_rate" => "learning_rate".to_owned(),
        name => name.to_owned(),
    }
}

/// The folder that takes the runs: the one asked for, or the next `runs/NAME-sweep-001`.
fn sweep_folder(arguments: &SweepArguments, name: &str) -> Result<PathBuf, Failure> {
    if let Some(out) = &arguments.out {
        let is_taken = fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some());
        if is_taken && !arguments.force {
            return Err(Failure::usage(format!(
                "{}: the folder already exists; choose another with --out, or replace the runs in it with --force",
                out.display()
            )));
        }
        fs::create_dir_all(out).map_err(|error| thalweg::Error::io(out, "create", error))?;
        return Ok(out.clone());
    }
    let runs = Path::new("runs");
    fs::create_dir_all(runs).map_err(|error| thalweg::Error::io(runs, "create", error))?;
    let mut number = 1;
    loop {
        let folder = runs.join(format!("{name}-sweep-{number:03}"));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(thalweg::Error::io(folder, "create", error).into()),
        }
    }
}

/// `01-learning_rate=0.01`, with nothing in it that a file system might refuse.
fn folder_name(index: usize, settings: &[(String, String)]) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "=._-+".contains(c) { c } else { '_' };
    let label: String = label(settings).replace(", ", "-").chars().map(plain).take(80).collect();
    format!("{:02}-{label}", index + 1)
}

/// `learning_rate=0.01, hidden=[32]`.
fn label(settings: &[(String, String)]) -> String {
    settings.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
}

/// A result in one line.
fn figures(result: &TrainResult) -> String {
    let part = |(name, part): (&str, &PartFigures)| match part.accuracy {
        Some(accuracy) => format!("{name} loss {}, {}", numbers::loss(part.loss), numbers::percent(accuracy)),
        None => format!("{name} loss {}", numbers::loss(part.loss)),
    };
    let stopped = if result.summary.status == RunStatus::Interrupted { "stopped early; " } else { "" };
    format!("{stopped}{}", parts(result).map(part).collect::<Vec<_>>().join("; "))
}

/// Draws the training losses of all runs that came to an end into one picture; its files come back.
fn draw(name: &str, folder: &Path, cells: &[Cell], ended: &[Ended]) -> Result<Vec<PathBuf>, Failure> {
    let curves: Vec<(String, &History)> = cells
        .iter()
        .zip(ended)
        .filter_map(|(cell, ended)| Some((label(&cell.settings), &ended.as_ref().ok()?.0.history)))
        .collect();
    let Some(first) = cells.iter().zip(ended).find_map(|(cell, ended)| ended.is_ok().then_some(cell)) else {
        return Ok(Vec::new());
    };
    let training = &first.experiment.training;
    let loss =
        RunFolder::open(&first.out)?.experiment().training.loss.clone().unwrap_or(Loss::MeanSquaredError);
    let picture = pictures::sweep(name, training, &loss, &curves)?;
    let (svg, png) = (folder.join("loss.svg"), folder.join("loss.png"));
    let pixels = picture.to_png(PIXELS_PER_UNIT).map_err(PictureProblem::Draw)?;
    write_whole(&svg, |file| file.write_all(picture.to_svg().as_bytes()))?;
    write_whole(&png, |file| file.write_all(&pixels))?;
    Ok(vec![svg, png])
}

/// The table of all runs, in the order of the grid.
fn report(name: &str, folder: &Path, cells: &[Cell], ended: &[Ended], picture: &[PathBuf], output: &Output) {
    let runs: Vec<Value> = cells.iter().zip(ended).map(|(cell, ended)| run_object(cell, ended)).collect();
    let paths: Vec<String> = picture.iter().map(|path| path.display().to_string()).collect();
    output.json(
        &json!({ "name": name, "folder": folder.display().to_string(), "picture": paths, "runs": runs }),
    );
    // Every part has the same columns in all runs: the first that came to an end shows which.
    let Some((_, example)) = ended.iter().find_map(|ended| ended.as_ref().ok()) else { return };
    let asked = asked(cells);
    let mut heads: Vec<String> =
        cells.first().map_or(Vec::new(), |cell| cell.settings.iter().map(|(key, _)| key.clone()).collect());
    for (part, figures) in parts(example) {
        heads.push(format!("{part} loss"));
        heads.push(format!("{part} {}", if figures.accuracy.is_some() { "accuracy" } else { "r2" }));
        heads.extend(asked.iter().map(|metric| format!("{part} {}", metric.name())));
    }
    let mut table = Table::new(heads);
    for (cell, ended) in cells.iter().zip(ended) {
        let mut row: Vec<String> = cell.settings.iter().map(|(_, value)| value.clone()).collect();
        match ended {
            Ok((_, result)) => {
                for (_, part) in parts(result) {
                    row.push(numbers::loss(part.loss));
                    let r2 = || part.r2.map_or("-".to_owned(), numbers::measure);
                    row.push(part.accuracy.map_or_else(r2, numbers::percent));
                    let value =
                        |metric: &Metric| part.metric(*metric).map_or("-".to_owned(), numbers::measure);
                    row.extend(asked.iter().map(value));
                }
            }
            Err(failure) if failure.status == Status::Diverged => row.push("diverged".to_owned()),
            Err(_) => row.push("failed".to_owned()),
        }
        table.row(row);
    }
    output.line(table);
    output.line(format_args!("the runs lie in {}", folder.display()));
    if let Some(path) = picture.first() {
        output.line(format_args!("their curves together: {}", path.display()));
    }
}

/// The metrics that the experiments ask for beside those that every run has.
fn asked(cells: &[Cell]) -> Vec<Metric> {
    let is_asked =
        |metric: &Metric| cells.iter().any(|cell| cell.experiment.training.metrics.contains(metric));
    Metric::ALL.into_iter().filter(|metric| !metric.is_always_there()).filter(is_asked).collect()
}

/// A run as JSON: its settings, and its result or why there is none.
fn run_object(cell: &Cell, ended: &Ended) -> Value {
    let settings: Map<String, Value> =
        cell.settings.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect();
    let mut object = json!({ "settings": settings });
    match ended {
        Ok((_, result)) => {
            if let (Value::Object(object), Value::Object(result)) = (&mut object, training::object(result)) {
                object.extend(result);
            }
        }
        Err(failure) => {
            object["run"] = json!(cell.out.display().to_string());
            object["status"] = json!(if failure.status == Status::Diverged { "diverged" } else { "failed" });
            object["error"] = json!(failure.message);
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_has_every_combination_in_order() {
        let grid = grid(&["lr=1,2".to_owned(), "hidden=[4, 4],none".to_owned()]).unwrap();
        let labels: Vec<String> = grid.iter().map(|settings| label(settings)).collect();
        assert_eq!(
            labels,
            ["lr=1, hidden=[4, 4]", "lr=1, hidden=none", "lr=2, hidden=[4, 4]", "lr=2, hidden=none"]
        );
        assert_eq!(folder_name(0, &grid[0]), "01-lr=1-hidden=_4-4_");
    }

    #[test]
    fn runs_side_by_side_take_the_threads_and_share_what_is_left() {
        assert_eq!(shares(4, 6), (4, 1));
        assert_eq!(shares(4, 4), (4, 1));
        assert_eq!(shares(8, 3), (3, 2));
        assert_eq!(shares(3, 1), (1, 3));
        assert_eq!(shares(1, 5), (1, 1));
    }

    #[test]
    fn empty_values_and_endless_grids_are_refused() {
        assert!(grid(&["lr=1,,2".to_owned()]).is_err());
        assert!(grid(&["lr".to_owned()]).is_err());
        for again in ["lr", "learning_rate", "training.optimizer.learning-rate"] {
            let twice = grid(&["lr=1".to_owned(), format!("{again}=2")]).unwrap_err();
            assert_eq!(twice.status, Status::Usage);
            assert!(twice.message.contains("`lr` is varied already"), "{}", twice.message);
        }
        assert!(grid(&["l2=1".to_owned(), "training.l1=2".to_owned()]).is_ok());
        let many = vec!["seed=1,2,3,4,5,6,7,8,9,10".to_owned(); 5];
        assert_eq!(grid(&many).unwrap_err().status, Status::Usage);
    }
}
