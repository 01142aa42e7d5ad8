//! Instructions of a training step, counted by callgrind: a regression shows without a clock, whatever else the machine
//! does. `cargo bench --package thalweg --bench instructions`, which `./test full` runs.
//!
//! The program runs itself under valgrind with few and with many steps; the difference belongs to the steps alone. The
//! kernels are AVX2's, since valgrind knows no AVX-512. Counts stand in `instructions.txt` beside this file and
//! may grow by [`TOLERANCE`]; `INSTRUCTIONS_UPDATE=1` writes them anew.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use thalweg::activations::Activation;
use thalweg::data::{Dataset, DatasetTargets, Features, FittedScale};
use thalweg::layers::{Dense, Layer};
use thalweg::optimizers::Optimizer;
use thalweg::train::{BatchSize, Every, TrainingSettings};
use thalweg::{Loss, Network, Shape, Trainer};

/// How many times its stored count a step may take: compilers differ a little.
const TOLERANCE: f64 = 1.05;

/// Steps of the short and of the long run.
const STEPS: [u64; 2] = [20, 120];

const WORKS: [&str; 4] =
    ["27-9-3 of 100 rows", "784-30-10 in batches of 10", "784-128-10 in batches of 32", "12288-1 of 64 rows"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, work, steps, ..] = arguments.as_slice()
        && let Ok(steps) = steps.parse()
    {
        run(work, steps);
        return ExitCode::SUCCESS;
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("SKIPPED: instructions are counted by valgrind, which is not here");
        return ExitCode::SUCCESS;
    }
    compare()
}

/// Counts every work and holds it against the stored count.
fn compare() -> ExitCode {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/instructions.txt");
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    let mut text = String::new();
    let mut is_worse = false;
    for work in WORKS {
        let [short, long] = STEPS.map(|steps| count(work, steps));
        let per_step = (long - short) / (STEPS[1] - STEPS[0]);
        let before = stored.lines().find_map(|line| line.strip_suffix(work)?.trim().parse::<u64>().ok());
        let verdict = match before {
            Some(before) if per_step as f64 > before as f64 * TOLERANCE => {
                is_worse = true;
                format!("WORSE than {before}")
            }
            Some(before) => format!("stored: {before}"),
            None => "not stored".to_owned(),
        };
        println!("{per_step:>12} instructions a step: {work} ({verdict})");
        text.push_str(&format!("{per_step:>12}  {work}\n"));
    }
    if std::env::var_os("INSTRUCTIONS_UPDATE").is_some() {
        std::fs::write(&path, text).expect("the file beside this one can be written");
        return ExitCode::SUCCESS;
    }
    if is_worse {
        println!("a step takes more instructions than it did; INSTRUCTIONS_UPDATE=1 accepts that");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The instructions of this program over so many steps of a work.
fn count(work: &str, steps: u64) -> u64 {
    let program = std::env::current_exe().expect("a running program has a path");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([work, &steps.to_string()])
        .env("THALWEG_CPU", "avx2")
        .output()
        .expect("valgrind was there a moment ago");
    let text = String::from_utf8_lossy(&output.stderr);
    text.lines()
        .find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
        .unwrap_or_else(|| panic!("valgrind says how many instructions it collected:\n{text}"))
}

/// Trains one of the works for so many steps, on one thread.
fn run(work: &str, steps: u64) {
    let dense = |out_features: usize| Layer::from(Dense::new(out_features));
    let relu = || Layer::from(Activation::Relu);
    let sigmoid = || Layer::from(Activation::Sigmoid);
    let adam = Optimizer::from_name("adam").expect("a built-in rule");
    let (layers, data, loss, optimizer, batch_size) = match WORKS.iter().position(|name| *name == work) {
        Some(0) => (
            vec![dense(9), relu(), dense(3)],
            numbers(100, 27, 3),
            Loss::SumOfSquares,
            Optimizer::Sgd,
            BatchSize::Full,
        ),
        Some(1) => (
            vec![dense(30), sigmoid(), dense(10), sigmoid()],
            images(320, 784, 10),
            Loss::HalfSquares,
            Optimizer::Sgd,
            BatchSize::Rows(10),
        ),
        Some(2) => (
            vec![dense(128), relu(), dense(10)],
            images(320, 784, 10),
            Loss::SoftmaxCrossEntropy,
            adam,
            BatchSize::Rows(32),
        ),
        _ => {
            (vec![dense(1)], images(64, 12_288, 2), Loss::BinaryCrossEntropy, Optimizer::Sgd, BatchSize::Full)
        }
    };
    let mut network = Network::<f32>::new(data.feature_shape().clone(), layers).expect("layers that fit");
    network.start(None, thalweg::network::Draw::Philox { seed: 1 }).expect("a start");
    let settings = TrainingSettings {
        loss: Some(loss),
        optimizer,
        learning_rate: Some(1e-4),
        batch_size,
        epochs: None,
        steps: Some(steps),
        report_every: Some(Every::Steps(u64::MAX)),
        ..TrainingSettings::default()
    };
    Trainer::with_settings(settings).threads(1).fit(&mut network, &data).expect("it trains");
}

fn images(rows: usize, columns: usize, classes: usize) -> Dataset {
    let bytes = (0..rows * columns).map(|i| ((i * 2_654_435_761) >> 9) as u8).collect();
    let targets =
        DatasetTargets::Classes { ids: (0..rows).map(|n| (n % classes) as u32).collect(), count: classes };
    Dataset::new(Features::U8(bytes), Shape::from(columns), targets)
        .expect("a data set")
        .with_scale(FittedScale::Divide { divisor: 255.0 })
}

fn numbers(rows: usize, columns: usize, outputs: usize) -> Dataset {
    let value = |i: usize| (((i * 2_654_435_761) >> 9) % 1000) as f64 / 500.0 - 1.0;
    let targets = DatasetTargets::Values { values: (0..rows * outputs).map(value).collect(), outputs };
    let features = Features::F32((0..rows * columns).map(|i| value(i) as f32).collect());
    Dataset::new(features, Shape::from(columns), targets).expect("a data set")
}
