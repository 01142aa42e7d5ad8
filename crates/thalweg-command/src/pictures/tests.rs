//! Pictures of small runs: which are drawn, that they are whole, and that the same run gives the same bytes.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use thalweg::data::{self, Dataset, LoadOptions};
use thalweg::experiment::{Draft, Experiment, RandomSource};
use thalweg::network::Draw;
use thalweg::train::{Command, Observer, Outcome, Parts, Progress, Snapshot, Trainer};
use thalweg::{Error, Loss, Network, Result};

use super::*;
use crate::live::Live;

/// A network that stands still, asked through a run of no steps.
struct Standing {
    network: Network<f64>,
    loss: Loss,
}

/// Asks for predictions before the first step.
struct Ask<'a>(&'a Dataset, &'a mut Vec<f64>, bool);

impl Observer for Ask<'_> {
    fn next_step(&self) -> Option<u64> {
        (!self.2).then_some(0)
    }

    fn on_step(&mut self, _: &Progress, snapshot: &mut dyn Snapshot) -> Result<Command> {
        *self.1 = snapshot.predict(self.0)?;
        self.2 = true;
        Ok(Command::Continue)
    }
}

impl Trained for Standing {
    fn predict(&mut self, data: &Dataset) -> Result<Vec<f64>> {
        let mut values = Vec::new();
        let trainer = Trainer::new().loss(self.loss.clone()).full_batch().steps(0);
        trainer.observer(Ask(data, &mut values, false)).fit(&mut self.network.clone(), data)?;
        Ok(values)
    }

    fn data_loss(&mut self, parameters: &[f64], data: &Dataset) -> Result<f64> {
        let mut network = self.network.clone();
        network.parameters_mut().copy_from_slice(parameters);
        match Trainer::new().loss(self.loss.clone()).full_batch().steps(0).fit(&mut network, data) {
            Ok(outcome) => Ok(outcome.parts[0].data_loss),
            Err(Error::Diverged { .. }) => Ok(f64::NAN),
            Err(error) => Err(error),
        }
    }

    fn parameters(&self) -> Vec<f64> {
        self.network.parameters().to_vec()
    }
}

/// A run that is over.
struct Finished {
    experiment: Experiment,
    parts: data::Parts,
    outcome: Outcome,
    recorder: Recorder,
    standing: Standing,
}

impl Finished {
    fn view(&self) -> RunView<'_> {
        RunView {
            name: &self.experiment.name,
            training: &self.experiment.training,
            loss: &self.standing.loss,
            layers: self.standing.network.layers(),
            train: &self.parts.train,
            validation: self.parts.validation.as_ref(),
            test: self.parts.test.as_ref(),
            history: &self.outcome.history,
            best_epoch: self.outcome.best_epoch,
        }
    }

    fn kind(&self, kind: &str, choice: Choice) -> std::result::Result<Drawing, PictureProblem> {
        let mut standing =
            Standing { network: self.standing.network.clone(), loss: self.standing.loss.clone() };
        draw_kind(kind, &self.view(), &mut standing, Some(&self.recorder), choice)
    }
}

/// Trains an experiment in f64, shown on `show` if there is one.
fn finished(
    name: &str,
    settings: &[(&str, &str)],
    folder: Option<PathBuf>,
    show: Option<&mut Vec<u8>>,
) -> Finished {
    let draft = Draft::builtin(name).unwrap();
    let experiment =
        settings.iter().fold(draft, |draft, (key, value)| draft.set(key, value).unwrap()).check().unwrap();
    run_of(experiment, folder, show.map(|out| Show { out, seconds: 0.2, size: || (81, 25), colour: false }))
}

/// A show and where it is seen.
struct Show<'a> {
    out: &'a mut dyn Write,
    seconds: f64,
    size: fn() -> (usize, usize),
    colour: bool,
}

/// Trains an experiment in f64.
fn run_of(experiment: Experiment, folder: Option<PathBuf>, show: Option<Show<'_>>) -> Finished {
    let options = LoadOptions {
        data_folder: folder,
        seed: experiment.seed,
        draws_from_numpy: experiment.random == RandomSource::Numpy,
        images: thalweg::run::load_options(&experiment, None).images,
        ..LoadOptions::default()
    };
    let mut parts = data::load(&experiment.data, &options).unwrap();
    let shape = parts.train.feature_shape().clone();
    let mut network = Network::<f64>::new(shape, experiment.network.layers.clone()).unwrap();
    let draw = match &mut parts.numpy {
        Some(numpy) => Draw::Numpy(numpy),
        None => Draw::Philox { seed: experiment.seed },
    };
    network.start(experiment.network.init.as_ref(), draw).unwrap();
    let loss = experiment.training.loss.clone().unwrap();
    let mut recorder = Recorder::new(&parts.train, network.layers(), &experiment.training).unwrap();
    let trainer = Trainer::with_settings(experiment.training.clone()).seed(experiment.seed);
    let views =
        Parts { train: &parts.train, validation: parts.validation.as_ref(), test: parts.test.as_ref() };
    let outcome = match show {
        None => trainer.observer(&mut recorder).fit_parts(&mut network, views).unwrap(),
        Some(Show { out, seconds, size, colour }) => {
            let live = Live::new(&mut recorder, &experiment.name, seconds, out, size, colour);
            trainer.observer(live).fit_parts(&mut network, views).unwrap()
        }
    };
    Finished { standing: Standing { network, loss }, experiment, parts, outcome, recorder }
}

/// A folder for one test, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("thalweg-pictures-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Draws a run and reads the files back: name and bytes.
fn drawn(run: &mut Finished, folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut standing = Standing { network: run.standing.network.clone(), loss: run.standing.loss.clone() };
    let drawn = draw_run(&run.view(), &mut standing, &run.recorder, folder).unwrap();
    assert!(drawn.problems.is_empty(), "{:?}", drawn.problems);
    let in_folder = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(in_folder, drawn.files.len(), "nothing is left beside the pictures");
    let read = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read(path).unwrap())
    };
    drawn.files.iter().map(read).collect()
}

/// Checks that the files are whole, and returns the kinds, each of which has both.
fn kinds(files: &BTreeMap<String, Vec<u8>>) -> Vec<&str> {
    for (name, bytes) in files {
        if name.ends_with(".svg") {
            let text = std::str::from_utf8(bytes).unwrap();
            assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n"), "{name}");
        } else {
            assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.ends_with(b"IEND\xaeB`\x82"), "{name}");
            assert_eq!(bytes.windows(4).any(|chunk| chunk == b"acTL"), name.contains("animation"), "{name}");
        }
    }
    let ending_in = |ending: &str| {
        let mut names: Vec<&str> = files.keys().filter_map(|name| name.strip_suffix(ending)).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(ending_in(".svg"), ending_in(".png"));
    ending_in(".svg")
}

#[test]
fn a_curve_leaves_its_fit_and_its_path() {
    let folder = Folder::new("curve");
    let mut run = finished("curve", &[("steps", "12"), ("report_every", "4 steps")], None, None);
    let files = drawn(&mut run, &folder.0);
    assert_eq!(kinds(&files), ["activations", "fit", "fit-animation", "loss", "surface", "weights"]);
    let fit = String::from_utf8(files["fit.svg"].clone()).unwrap();
    assert!(fit.contains("start") && fit.contains("end (step 12)"), "{fit}");
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let draw = |name| {
        let folder = Folder::new(name);
        drawn(&mut finished("curve", &[("steps", "9")], None, None), &folder.0)
    };
    assert_eq!(draw("same-1"), draw("same-2"));
}

#[test]
fn points_in_a_plane_leave_their_regions() {
    let folder = Folder::new("spiral");
    let mut run = finished("spiral", &[("steps", "3"), ("hidden", "4")], None, None);
    let files = drawn(&mut run, &folder.0);
    let expected = [
        "accuracy",
        "activations",
        "boundary",
        "boundary-animation",
        "confusion",
        "data",
        "loss",
        "surface",
        "weights",
    ];
    assert_eq!(kinds(&files), expected);
    let loss = String::from_utf8(files["loss.svg"].clone()).unwrap();
    assert!(loss.contains("Learning rate = 1") && loss.contains("steps (in hundreds)"));
}

#[test]
fn images_leave_images() {
    let folder = Folder::new("digits");
    let mut run = finished("digits", &[("epochs", "1"), ("hidden", "8")], None, None);
    let files = drawn(&mut run, &folder.0);
    let expected = [
        "accuracy",
        "activations",
        "confusion",
        "image-25",
        "images",
        "loss",
        "mistakes",
        "surface",
        "weights",
    ];
    assert_eq!(kinds(&files), expected);
    let third = run.kind("image", Choice { index: Some(3), part: Some(Part::Test) }).unwrap();
    assert!(third.to_svg().unwrap().contains("test image 3"));
}

#[test]
fn convolutions_show_their_filters_and_what_they_find() {
    let run = finished("digits-conv", &[("steps", "3")], None, None);
    let filters = run.kind("filters", Choice::default()).unwrap().to_svg().unwrap();
    assert!(filters.contains("digits-conv: 0.weight [16, 1, 3, 3]"));
    let choice = Choice { index: Some(3), part: Some(Part::Test) };
    let features = run.kind("features", choice).unwrap().to_svg().unwrap();
    assert!(features.contains("test image 3 and its 16 maps of layer 1") && features.contains("channel 15"));
    let dense = finished("digits", &[("steps", "1")], None, None);
    let refused = dense.kind("filters", Choice::default()).unwrap_err().to_string();
    assert_eq!(refused, "no picture `filters`: the network has no convolution");
}

#[test]
fn kinds_that_do_not_apply_say_why() {
    let run = finished("curve", &[("steps", "2")], None, None);
    let problem = |kind, choice| run.kind(kind, choice).unwrap_err().to_string();
    let plain = |kind| problem(kind, Choice::default());
    assert_eq!(
        plain("accuracy"),
        "no picture `accuracy`: the target is numbers, not classes; `loss` shows how far off they are"
    );
    assert_eq!(
        plain("boundary"),
        "no picture `boundary`: it needs two features and a class as target, and this data has 1 features"
    );
    assert_eq!(
        plain("images"),
        "no picture `images`: a row of shape [1] is no image; say `network.input_shape = [height, width]` if it is one"
    );
    assert_eq!(
        plain("loss-animation"),
        "no picture `loss-animation`: the animation of the loss (`train --live`) is recorded while training only, and \
         the run's folder `pictures` has none"
    );
    assert!(
        plain("fits")
            .starts_with("there is no picture `fits`; the kinds are loss, loss-animation, accuracy, fit")
    );

    let run = finished("digits", &[("epochs", "1"), ("hidden", "4")], None, None);
    let problem = |kind, choice| run.kind(kind, choice).unwrap_err().to_string();
    assert_eq!(
        problem("fit", Choice::default()),
        "no picture `fit`: it needs one input and one number as target, and this data has 64 inputs and another target or more"
    );
    let far = Choice { index: Some(5000), part: Some(Part::Test) };
    assert_eq!(problem("image", far), "the test part has no row 5000; its 359 rows are numbered 0 to 358");
    let absent = Choice { index: None, part: Some(Part::Validation) };
    assert_eq!(problem("confusion", absent), "this run has no validation part; ask for another");
}

#[test]
fn a_show_draws_in_place_and_its_frames_are_kept() {
    let mut out = Vec::new();
    let run = finished("curve", &[("steps", "20")], None, Some(&mut out));
    // 0.2 seconds of 30 frames: six moments from start to end.
    assert_eq!(
        run.recorder.frames().iter().map(|frame| frame.step).collect::<Vec<_>>(),
        [0, 4, 8, 12, 16, 20]
    );
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.matches("\x1b[24A").count(), 5, "each picture but the first goes back over 24 lines");
    assert!(text.contains("curve  step 20 of 20, loss") && text.contains('●'));
    assert!(
        text.lines().all(|line| line.replace("\x1b[K", "").replace("\x1b[24A\r", "").chars().count() <= 80)
    );

    let mut out = Vec::new();
    let folder = Folder::new("live");
    let mut run = finished("iris", &[("epochs", "2")], None, Some(&mut out));
    assert!(String::from_utf8(out).unwrap().contains("test"));
    assert!(kinds(&drawn(&mut run, &folder.0)).contains(&"loss-animation"));
}

#[test]
fn runs_of_a_sweep_share_a_picture() {
    let runs: Vec<Finished> = ["0.1", "0.01"]
        .iter()
        .map(|rate| finished("curve", &[("steps", "5"), ("lr", rate)], None, None))
        .collect();
    let named: Vec<(String, &History)> = runs
        .iter()
        .zip(["0.1", "0.01"])
        .map(|(run, rate)| (format!("learning_rate {rate}"), &run.outcome.history))
        .collect();
    let picture = sweep("curve", &runs[0].experiment.training, &Loss::MeanSquaredError, &named).unwrap();
    assert!(picture.to_svg().contains("learning_rate 0.01"));
}

/// Draws every built-in experiment into the folder `THALWEG_LOOK`, to be looked at.
#[test]
#[ignore = "writes pictures for a person: THALWEG_LOOK=FOLDER [THALWEG_LOOK_AT=curve,...]"]
fn look() {
    let folder = PathBuf::from(std::env::var_os("THALWEG_LOOK").expect("THALWEG_LOOK names a folder"));
    let shared = std::env::var_os("THALWEG_SHARED").map(|shared| PathBuf::from(shared).join("data"));
    let only = std::env::var("THALWEG_LOOK_AT").unwrap_or_default();
    for (name, data, settings) in [
        ("curve", "", &[][..]),
        ("regression", "", &[]),
        ("digits", "", &[]),
        ("iris", "", &[]),
        ("spiral-linear", "", &[]),
        ("spiral", "", &[]),
        ("cats", "catvnoncat", &[]),
        ("mnist", "mnist", &[("epochs", "2")]),
    ] {
        if !only.is_empty() && !only.split(',').any(|wanted| wanted == name) {
            continue;
        }
        let data_folder = shared.as_ref().map(|shared| shared.join(data));
        let started = std::time::Instant::now();
        let mut run = finished(name, settings, data_folder, None);
        let trained = started.elapsed();
        let files = drawn(&mut run, &folder.join(name));
        println!("{name}: trained in {trained:.1?}, drawn in {:.1?}", started.elapsed() - trained);
        for (file, bytes) in files {
            println!("    {file} {} KB", bytes.len() / 1000);
        }
    }
}

/// Shows a built-in experiment, `THALWEG_LOOK_AT`, in the terminal.
#[test]
#[ignore = "draws in the terminal for a person: THALWEG_LOOK_AT=curve"]
fn watch() {
    let name = std::env::var("THALWEG_LOOK_AT").expect("THALWEG_LOOK_AT names an experiment");
    let draft = Draft::builtin(&name).unwrap();
    let colour = std::env::var_os("NO_COLOR").is_none();
    let show = Show { out: &mut std::io::stderr(), seconds: 5.0, size: || (80, 24), colour };
    run_of(draft.check().unwrap(), None, Some(show));
}
