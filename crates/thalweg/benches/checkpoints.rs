//! What a report and a checkpoint each epoch cost a run: `cargo bench --package thalweg --bench checkpoints`.
//!
//! 784-512-512-10 on 60,000 made images, batches of 128, momentum. Runs of each kind come in turn, each in a run's folder
//! on the disk; epochs are timed between steps, and the medians are held against each other. The first epoch of a run is left
//! out, in which no checkpoint is written. `THALWEG_BENCH_DIR` says where the folders are made, `THALWEG_THREADS` on how many threads
//! the runs train.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use thalweg::experiment::Draft;
use thalweg::run::{Place, Prepared, RunFolder, prepare};
use thalweg::train::{Command, Observer, Progress, Snapshot};
use thalweg::{Error, Result};

/// Images to train on, and of the test part, which each report goes through in both kinds of run.
const IMAGES: [usize; 2] = [60_000, 500];

/// Epochs of a run, and how many rounds of one run of each kind.
const EPOCHS: usize = 5;
const ROUNDS: usize = 9;

/// What is done each epoch, and the settings for it.
const KINDS: [(&str, &[(&str, &str)]); 3] = [
    ("nothing", &[("report_every", "1000 epochs")]),
    ("a report", &[("report_every", "1 epochs")]),
    ("a report and a checkpoint", &[("report_every", "1 epochs"), ("checkpoint_every", "1 epochs")]),
];

const EXPERIMENT: &str = r#"
name = "checkpoints"
data.source = "mnist"
network.layers = ["flatten", { dense = 512, activation = "relu" }, { dense = 512, activation = "relu" }, { dense = 10 }]

[training]
optimizer = { name = "momentum", learning_rate = 0.05, momentum = 0.9 }
batch_size = 128
"#;

/// Notes when each epoch ended.
struct Epochs<'a> {
    next: u64,
    ends: &'a RefCell<Vec<Instant>>,
}

impl Observer for Epochs<'_> {
    fn next_step(&self) -> Option<u64> {
        Some(self.next)
    }

    fn on_step(&mut self, progress: &Progress, _: &mut dyn Snapshot) -> Result<Command> {
        self.ends.borrow_mut().push(Instant::now());
        self.next = progress.step + progress.steps_per_epoch;
        Ok(Command::Continue)
    }
}

/// Writes files as MNIST has them: half of the pixels black, the others by a linear congruential sequence.
fn make_images(folder: &Path) -> std::io::Result<()> {
    let mut seed = 1_u32;
    let mut next = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed >> 24
    };
    for (part, count) in ["train", "t10k"].into_iter().zip(IMAGES) {
        let header = |magic: u32, sizes: &[u32]| -> Vec<u8> {
            [magic, count as u32].iter().chain(sizes).flat_map(|number| number.to_be_bytes()).collect()
        };
        let mut images = header(0x0803, &[28, 28]);
        images
            .extend((0..count * 784).map(|_| next()).map(|pixel| if pixel < 128 { 0 } else { pixel as u8 }));
        let mut labels = header(0x0801, &[]);
        labels.extend((0..count).map(|_| (next() % 10) as u8));
        fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images)?;
        fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels)?;
    }
    Ok(())
}

/// Seconds of every epoch of a run but the first.
fn epochs(prepared: &mut Prepared, folder: &Path) -> Result<Vec<f64>> {
    let ends = RefCell::new(Vec::new());
    let place = Place { out: Some(folder.join("run")), force: true, ..Place::default() };
    let mut run = RunFolder::create(prepared, &place, Vec::new())?;
    run.train(prepared, vec![Box::new(Epochs { next: 0, ends: &ends })], None, None)?;
    let times = ends.borrow().windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).skip(1).collect();
    Ok(times)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() -> Result<()> {
    let folder = std::env::var_os("THALWEG_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("thalweg-checkpoints-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|error| Error::io(&folder, "create", error))?;
    make_images(&folder).map_err(|error| Error::io(&folder, "write", error))?;
    let draft = Draft::parse(EXPERIMENT, None)?.set("epochs", &EPOCHS.to_string())?;
    let mut kinds = Vec::new();
    for (_, settings) in KINDS {
        let draft = settings.iter().try_fold(draft.clone(), |draft, (key, value)| draft.set(key, value))?;
        let mut prepared = prepare(draft.check()?, Some(&folder))?;
        if let Some(threads) = std::env::var("THALWEG_THREADS").ok().and_then(|threads| threads.parse().ok())
        {
            prepared.threads = threads;
        }
        kinds.push(prepared);
    }
    let start = kinds[0].network.clone();
    let mut times = [const { Vec::new() }; KINDS.len()];
    let mut ratios = [const { Vec::new() }; KINDS.len()];
    for round in 0..ROUNDS {
        let mut medians = [0.0; KINDS.len()];
        // Each kind comes first as often as the others.
        for kind in (0..KINDS.len()).map(|place| (place + round) % KINDS.len()) {
            kinds[kind].network = start.clone();
            let seconds = epochs(&mut kinds[kind], &folder)?;
            medians[kind] = median(seconds.clone());
            times[kind].extend(seconds);
        }
        (0..KINDS.len()).for_each(|kind| ratios[kind].push(medians[kind] / medians[0]));
    }
    let base = median(times[0].clone());
    println!("each epoch                  seconds   more    round by round: median, least, most");
    for (((name, _), times), ratios) in KINDS.iter().zip(times).zip(ratios) {
        let seconds = median(times);
        let [least, most] =
            [f64::min, f64::max].map(|of| ratios.iter().copied().reduce(of).unwrap_or(f64::NAN));
        let [more, middle, least, most] =
            [seconds / base, median(ratios), least, most].map(|ratio| 100.0 * (ratio - 1.0));
        println!("{name:<26} {seconds:>8.4} {more:>6.2} % {middle:>22.2} % {least:>6.2} % {most:>6.2} %");
    }
    fs::remove_dir_all(&folder).map_err(|error| Error::io(&folder, "remove", error))
}
