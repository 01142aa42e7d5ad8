//! Training in a run's folder, as `train` and `resume` do it, and what is said before and after.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::Path;

use serde_json::Value;
use thalweg::Error;
use thalweg::layers::Layer;
use thalweg::model_file::{PartFigures, Status as RunStatus, TrainingSummary};
use thalweg::run::{Prepared, RunFolder, TensorBoard, TrainResult};
use thalweg::train::{BatchSize, History, Observer, State};

use crate::exit::{Failure, Status};
use crate::interrupt::Interrupt;
use crate::live::{self, Live};
use crate::numbers;
use crate::output::{self, Output};
use crate::pictures::{self, Recorder, RunView};
use crate::progress::ProgressObserver;
use crate::recorded;
use crate::table::Table;
use crate::trained_model::TrainedModel;

/// The moving picture in the terminal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Show {
    /// Over how long the run is spread.
    pub(crate) seconds: f64,
}

/// What is shown of a run beside its own files.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shown {
    /// The moving picture.
    pub(crate) live: Option<Show>,
    /// Whether event files are written; a run that has some goes on writing them.
    pub(crate) tensorboard: bool,
}

/// Trains until the end or a signal, and prints what came of it.
pub(crate) fn train_in(
    folder: &mut RunFolder,
    prepared: &mut Prepared,
    from: Option<&State>,
    interrupt: &Interrupt,
    shown: Shown,
    output: &Output,
) -> Result<Status, Failure> {
    let is_full_batch = prepared.experiment.training.batch_size == BatchSize::Full;
    let (layers, training) = (prepared.network.layers(), &prepared.experiment.training);
    let mut recorder = Recorder::new(&prepared.train, layers, training)?;
    let mut unsaved = Unsaved::default();
    let events = folder.path().join(TensorBoard::FOLDER);
    let mut board = match shown.tensorboard || events.is_dir() {
        true => Some(TensorBoard::create(&events, prepared.parameters())?),
        false => None,
    };
    let mut observers: Vec<Box<dyn Observer + '_>> = match shown.live {
        Some(show) if io::stderr().is_terminal() && !output.quiet => {
            let colour = console::colors_enabled_stderr();
            let name = &prepared.experiment.name;
            let live = Live::new(&mut recorder, name, show.seconds, io::stderr(), output::error_size, colour);
            vec![Box::new(live), Box::new(&mut unsaved)]
        }
        show => {
            if let Some(show) = show {
                output.note(live::NO_TERMINAL);
                recorder.evenly((show.seconds * live::FRAMES_PER_SECOND) as usize);
            }
            vec![Box::new(ProgressObserver::new(*output, is_full_batch)), Box::new(&mut recorder)]
        }
    };
    if let Some(board) = &mut board {
        observers.push(Box::new(board));
    }
    let trained = folder.train(prepared, observers, Some(interrupt.flag()), from);
    unsaved.0.iter().for_each(|warning| output.notice(warning));
    let (_, result) = match trained {
        Ok(trained) => trained,
        Err(error) => {
            let run = folder.path().display();
            output.note(format_args!("what was recorded until then lies in {run}"));
            if let Error::Diverged { checkpoint: Some(step), .. } = &error {
                output.note(format_args!(
                    "to go on from the checkpoint with another setting: thalweg train --from {run}@{step} --set KEY=VALUE"
                ));
            }
            return Err(error.into());
        }
    };
    if result.summary.status == RunStatus::Interrupted {
        output.note(format_args!(
            "stopped after {}, all of it saved; go on with: thalweg resume {}",
            numbers::counted(result.summary.steps, "step"),
            result.run
        ));
        output.json(&result);
        return Ok(interrupt.status());
    }
    print_result(folder, &result, output)?;
    let drawn = draw_pictures(folder, prepared, &result, &recorder, output);
    print_place(folder, &result, output);
    if let (Some(board), Ok(())) = (&mut board, &drawn) {
        add_pictures(board, &folder.pictures()?)?;
    }
    drawn.map(|()| Status::Done)
}

/// Keeps what could not be saved until the moving picture is over.
#[derive(Default)]
struct Unsaved(Vec<String>);

impl Observer for Unsaved {
    fn on_warning(&mut self, warning: &Error) {
        self.0.push(warning.to_string());
    }
}

/// What shows how far a repetition of a run is.
pub(crate) fn progress(prepared: &Prepared, output: &Output) -> Vec<Box<dyn Observer>> {
    let is_full_batch = prepared.experiment.training.batch_size == BatchSize::Full;
    vec![Box::new(ProgressObserver::new(*output, is_full_batch))]
}

/// Draws every picture that applies into the run's folder.
fn draw_pictures(
    folder: &RunFolder,
    prepared: &Prepared,
    result: &TrainResult,
    recorder: &Recorder,
    output: &Output,
) -> Result<(), Failure> {
    let history = recorded::history(folder)?;
    let view = view(prepared, &history, result.summary.best_epoch);
    let mut model = TrainedModel(prepared.untrained_model());
    let drawn = pictures::draw_run(&view, &mut model, recorder, &folder.pictures()?)?;
    for (kind, problem) in &drawn.problems {
        output.notice(format_args!("the picture {kind} was not drawn: {problem}"));
    }
    Ok(())
}

/// Shows a run's pictures in TensorBoard too.
fn add_pictures(board: &mut TensorBoard, pictures: &Path) -> Result<(), Failure> {
    let read = |error| Failure::from(Error::io(pictures, "read", error));
    let mut paths: Vec<_> =
        fs::read_dir(pictures).map_err(read)?.filter_map(Result::ok).map(|e| e.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "png"));
    paths.sort();
    for path in paths {
        let png = fs::read(&path).map_err(read)?;
        board.image(&path.file_stem().unwrap_or_default().to_string_lossy(), &png)?;
    }
    Ok(())
}

/// A run as its pictures see it.
pub(crate) fn view<'a>(prepared: &'a Prepared, history: &'a History, best_epoch: Option<u64>) -> RunView<'a> {
    RunView {
        name: &prepared.experiment.name,
        training: &prepared.experiment.training,
        loss: &prepared.loss,
        layers: prepared.network.layers(),
        train: &prepared.train,
        validation: prepared.validation.as_ref(),
        test: prepared.test.as_ref(),
        history,
        best_epoch,
    }
}

/// Says what is trained on what.
pub(crate) fn announce(prepared: &Prepared, output: &Output) {
    for notice in &prepared.notices {
        output.notice(notice);
    }
    let rows: Vec<String> = prepared
        .parts()
        .map(|(part, data)| format!("{} {}", numbers::count(data.rows() as u64), part.name()))
        .collect();
    let experiment = &prepared.experiment;
    let colon = if experiment.description.is_empty() { "" } else { ": " };
    output.note(format_args!("{}{colon}{}", experiment.name, experiment.description));
    output.note(format_args!("rows: {}", rows.join(", ")));
    output.note(format_args!(
        "network: {} ({} parameters, {}); loss: {}",
        network_line(prepared),
        numbers::count(prepared.network.parameter_count() as u64),
        experiment.precision.name(),
        prepared.loss.name()
    ));
    output.detail(prepared.network.summary().trim_end());
}

/// `64 - dense 30 - sigmoid - dense 10`, the input's shape first.
fn network_line(prepared: &Prepared) -> String {
    fn words(layer: &Layer) -> String {
        match layer {
            Layer::Dense(dense) => format!("dense {}", dense.out_features),
            Layer::Embedding(embedding) => format!("embedding {}", embedding.dimension),
            Layer::Residual(block) => {
                let inner: Vec<String> = block.layers().iter().map(words).collect();
                format!("residual ({})", inner.join(" - "))
            }
            other => other.kind().to_owned(),
        }
    }
    let layers = prepared.network.layers().iter().map(|placed| words(&placed.layer));
    [prepared.network.input_shape().to_string()].into_iter().chain(layers).collect::<Vec<_>>().join(" - ")
}

/// Prints what a run came to.
pub(crate) fn print_result(folder: &RunFolder, result: &TrainResult, output: &Output) -> Result<(), Failure> {
    if output.json {
        output.json(result);
        return Ok(());
    }
    print_figures(result, output);
    let summary = &result.summary;
    let per_second = summary.steps as f64 / summary.seconds.max(1e-9);
    output.line(format_args!(
        "{} in {} ({} a second)",
        numbers::counted(summary.steps, "step"),
        numbers::duration(summary.seconds),
        numbers::count(per_second as u64)
    ));
    if let (Some(best), true) = (summary.best_epoch, summary.validation.is_some()) {
        let is_full_batch = folder.experiment().training.batch_size == BatchSize::Full;
        let moment = best_moment(best, is_full_batch, &recorded::history(folder)?);
        output.line(format_args!("the weights kept are those of {moment}, the best by validation"));
    }
    Ok(())
}

/// When the best weights were met: the epoch, or the step where epochs do not say it.
fn best_moment(best_epoch: u64, is_full_batch: bool, history: &History) -> String {
    if best_epoch > 0 && !is_full_batch {
        return format!("epoch {best_epoch}");
    }
    let mut steps =
        history.reports.iter().filter(|report| report.epoch == best_epoch).map(|report| report.step);
    match (steps.next(), steps.next()) {
        (Some(0), None) => "step 0, before training".to_owned(),
        (Some(step), None) => format!("step {}", numbers::count(step)),
        _ => "the first epoch, before its end".to_owned(),
    }
}

/// Prints where a run lies and what to do next.
pub(crate) fn print_place(folder: &RunFolder, result: &TrainResult, output: &Output) {
    if output.json {
        return;
    }
    let run = &result.run;
    let pictures = folder.path().join("pictures");
    let has_pictures = fs::read_dir(pictures).is_ok_and(|mut files| files.next().is_some());
    let commands = format!(
        "thalweg draw {run} loss --out loss.svg\n      thalweg evaluate {run}\n      thalweg predict {run} DATA"
    );
    if has_pictures {
        output.line(format_args!("the run lies in {run}, its pictures in {run}/pictures"));
        output.note(format_args!("next: look at {run}/pictures\n      {commands}"));
    } else {
        output.line(format_args!("the run lies in {run}"));
        output.note(format_args!("next: {commands}"));
    }
}

/// Prints loss and metrics of every part.
pub(crate) fn print_figures(result: &TrainResult, output: &Output) {
    output.line(figures_table(&parts(result).collect::<Vec<_>>()));
}

/// The parts of a result that exist, by name.
pub(crate) fn parts(result: &TrainResult) -> impl Iterator<Item = (&'static str, &PartFigures)> {
    parts_of(&result.summary)
}

/// The same of its figures alone.
pub(crate) fn parts_of(summary: &TrainingSummary) -> impl Iterator<Item = (&'static str, &PartFigures)> {
    [("train", &summary.train), ("validation", &summary.validation), ("test", &summary.test)]
        .into_iter()
        .filter_map(|(name, part)| Some((name, part.as_ref()?)))
}

/// A row per part: rows, losses and the metrics that go with the task.
pub(crate) fn figures_table(parts: &[(&str, &PartFigures)]) -> Table {
    let are_classes = parts.iter().any(|(_, part)| part.accuracy.is_some());
    let mut table = match are_classes {
        true => Table::new(["part", "rows", "loss", "data loss", "correct", "accuracy"]),
        false => Table::new(["part", "rows", "loss", "data loss", "mse", "mae", "r2"]),
    };
    let measure = |value: Option<f64>| value.map_or("-".to_owned(), numbers::measure);
    for (name, part) in parts {
        let mut cells = vec![
            (*name).to_owned(),
            numbers::count(part.rows),
            numbers::loss(part.loss),
            numbers::loss(part.data_loss),
        ];
        if are_classes {
            cells.push(part.correct.map_or("-".to_owned(), numbers::count));
            cells.push(part.accuracy.map_or("-".to_owned(), numbers::percent));
        } else {
            cells.extend([measure(part.mse), measure(part.mae), measure(part.r2)]);
        }
        table.row(cells);
    }
    table
}

/// A run's result as JSON.
pub(crate) fn object(result: &TrainResult) -> Value {
    serde_json::to_value(result).expect("a result has text keys and numbers only")
}

#[cfg(test)]
mod tests {
    use thalweg::train::Report;

    use super::*;

    fn reports(moments: &[(u64, u64)]) -> History {
        let report = |&(epoch, step): &(u64, u64)| Report {
            epoch,
            step,
            learning_rate: 0.1,
            seconds: 0.0,
            parts: Vec::new(),
            checksum: 0,
        };
        History { reports: moments.iter().map(report).collect() }
    }

    #[test]
    fn the_best_weights_are_those_of_an_epoch_or_a_step() {
        let whole_epochs = reports(&[(0, 0), (1, 10), (2, 20)]);
        assert_eq!(best_moment(2, false, &whole_epochs), "epoch 2");
        assert_eq!(best_moment(0, false, &whole_epochs), "step 0, before training");
        let within = reports(&[(0, 0), (0, 5), (1, 10)]);
        assert_eq!(best_moment(0, false, &within), "the first epoch, before its end");
        assert_eq!(best_moment(1500, true, &reports(&[(0, 0), (1500, 1500)])), "step 1,500");
    }
}
