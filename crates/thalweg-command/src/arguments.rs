//! The arguments: verbs, their flags, and what help says of them.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use thalweg::activations::Activation;
use thalweg::experiment::Draft;
use thalweg::sweep::Halving;
use thalweg::{Loss, Optimizer};

use crate::exit::{Failure, Status};

/// Help for the whole program, below the list of verbs.
const EPILOGUE: &str = "\
Begin with:
  thalweg train digits              train on handwritten digits that come with the program
  thalweg list                      what else can be trained
  thalweg train table.csv --target price

Environment:
  THALWEG_DATA     folder in which data sets are looked for
  THALWEG_CPU      kernels to use: avx512, avx2 or portable
  THALWEG_THREADS  threads at most; one per processor if unset

Exit status:
  0 done; 1 failed or found a difference; 2 wrong usage; 3 a file is missing or wrong;
  4 diverged; 130 and 143 interrupted, with a checkpoint written";

/// Trains neural networks on the CPU, from the formulas up.
#[derive(Debug, Parser)]
#[command(name = "thalweg", version, after_help = EPILOGUE, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) flags: GlobalFlags,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Flags of every verb.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct GlobalFlags {
    /// Print the result as one JSON object on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say nothing but results, errors and warnings (`note:`)
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say more
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Whether to use colours; `auto` asks the terminal and NO_COLOR
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
    /// Draw no progress bar
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    Auto,
    Always,
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Train(Box<TrainArguments>),
    Resume(ResumeArguments),
    Verify(VerifyArguments),
    At(AtArguments),
    Evaluate(EvaluateArguments),
    Predict(PredictArguments),
    Sweep(Box<SweepArguments>),
    Compare(CompareArguments),
    Explain(Box<ExplainArguments>),
    LrFind(Box<LrFindArguments>),
    Gradcheck(Box<GradcheckArguments>),
    Doctor(Box<DoctorArguments>),
    Inspect(InspectArguments),
    List(ListArguments),
    New(NewArguments),
    Draw(DrawArguments),
    Bench(BenchArguments),
    /// Get data sets
    #[command(subcommand, after_help = "Example:\n  thalweg data fetch mnist")]
    Data(DataVerb),
    Completions(CompletionsArguments),
}

/// Train a network and keep the run in a folder
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  thalweg train digits
  thalweg train spiral --hidden 50,50 --lr 0.5 --steps 5000
  thalweg train houses.csv --target price --epochs 200
  thalweg train my.toml --set training.schedule=cosine
  thalweg train --from runs/digits-001@900 --lr 1e-4
  thalweg train digits --from other.safetensors")]
pub(crate) struct TrainArguments {
    /// A built-in experiment (see `thalweg list`), an experiment file, or a data file [default: that of --from]
    #[arg(value_name = "EXPERIMENT|FILE.toml|DATA", required_unless_present = "from")]
    pub(crate) what: Option<String>,
    /// Begin from a run after any of its steps, by default its last, as if it went on from there with the new settings; or with the
    /// weights of a model file
    #[arg(long, value_name = "RUN[@STEP]|MODEL", help_heading = "Run")]
    pub(crate) from: Option<String>,
    #[command(flatten)]
    pub(crate) data: DataFlags,
    #[command(flatten)]
    pub(crate) run: RunFlags,
    #[command(flatten)]
    pub(crate) settings: SettingFlags,
}

/// Go on with an interrupted run; a finished run prints its result again
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  thalweg resume runs/mnist-001")]
pub(crate) struct ResumeArguments {
    /// The run's folder
    pub(crate) run: PathBuf,
    /// The folder in which data sets are looked for first
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Threads at most; small steps stay on one. The result is the same [default: one per processor]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
}

/// Train a run again and compare it with what it wrote down, to the bit
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  thalweg verify runs/digits-001 --threads 1")]
pub(crate) struct VerifyArguments {
    /// The run's folder
    pub(crate) run: PathBuf,
    /// Threads at most; small steps stay on one. The result is the same [default: one per processor]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
}

/// Make the model that a run had after any of its steps
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  thalweg at runs/digits-001 --step 100 --out early.safetensors")]
pub(crate) struct AtArguments {
    /// The run's folder
    pub(crate) run: PathBuf,
    /// After how many steps; 0 is the start
    #[arg(long, value_name = "N")]
    pub(crate) step: u64,
    /// Write the model to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Overwrite the file if it is there
    #[arg(long)]
    pub(crate) force: bool,
    /// Threads at most; small steps stay on one. The result is the same [default: one per processor]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
}

/// Loss and metrics of a trained model on data
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  thalweg evaluate runs/digits-001
  thalweg evaluate runs/houses-001 new-houses.csv --json")]
pub(crate) struct EvaluateArguments {
    /// A run's folder or a model file
    #[arg(value_name = "RUN|MODEL")]
    pub(crate) model: PathBuf,
    /// Data with targets: a file, or a set's name [default: the run's own test part, else its validation part,
    /// else what it was trained on]
    #[arg(value_name = "DATA")]
    pub(crate) source: Option<String>,
    /// The folder in which data sets are looked for first
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// What a trained model says of data, as CSV
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  thalweg predict runs/houses-001 new-houses.csv --out prices.csv
  thalweg predict runs/mnist-001 mnist | head")]
pub(crate) struct PredictArguments {
    /// A run's folder or a model file
    #[arg(value_name = "RUN|MODEL")]
    pub(crate) model: PathBuf,
    /// A file like the one that was trained on, with or without targets, or a set's name
    #[arg(value_name = "DATA")]
    pub(crate) source: String,
    /// Write to this file [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// The folder in which data sets are looked for first
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// Train with many settings, seeds or folds and compare
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  thalweg sweep cats --vary learning_rate=0.01,0.001,0.0001
  thalweg sweep digits --vary hidden=[32],[64,64] --vary optimizer=sgd,adam --seeds 3
  thalweg sweep digits --vary lr=1e-4..1e-1 --vary hidden=16..128 --samples 27 --halving
  thalweg sweep iris --folds 5
  thalweg sweep --resume runs/digits-sweep-001")]
pub(crate) struct SweepArguments {
    /// A built-in experiment, an experiment file, or a data file
    #[arg(value_name = "EXPERIMENT|FILE.toml|DATA", required_unless_present = "resume")]
    pub(crate) what: Option<String>,
    /// A setting and its values, or a range such as 1e-4..1e-1, 16..128 or log:16..128; several make a grid. A value
    /// with commas stands in brackets
    #[arg(long, value_name = "KEY=A,B,C|KEY=LOW..HIGH")]
    pub(crate) vary: Vec<String>,
    /// How settings are chosen [default: grid; with --samples random]
    #[arg(long, value_name = "HOW")]
    pub(crate) search: Option<SearchChoice>,
    /// How many settings are drawn, by the seed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) samples: Option<u32>,
    /// Train each setting for so many seeds, counted from the experiment's, or for those listed
    #[arg(long, value_name = "N|A,B,C")]
    pub(crate) seeds: Option<String>,
    /// Cross-validate: cut the rows outside the test part into so many folds, and hold out each once
    #[arg(long, value_name = "N")]
    pub(crate) folds: Option<usize>,
    /// Train all settings for a few epochs, the best of them for more, and so on (ASHA)
    #[arg(long)]
    pub(crate) halving: bool,
    /// Of how many settings one goes on
    #[arg(long, value_name = "N", default_value_t = Halving::REDUCTION, requires = "halving")]
    pub(crate) reduction: usize,
    /// For how many epochs every setting is trained [default: all epochs / reduction^3]
    #[arg(long, value_name = "N", requires = "halving")]
    pub(crate) first_epochs: Option<u64>,
    /// Put the best by this metric first, such as validation.accuracy; it decides --halving too [default: the
    /// validation loss, else the training loss; a grid keeps its order]
    #[arg(long, value_name = "PART.METRIC")]
    pub(crate) sort: Option<String>,
    /// Go on with the sweep in this folder: make the runs that are missing, and show all
    #[arg(long, value_name = "DIR", conflicts_with_all = NOT_WITH_RESUME)]
    pub(crate) resume: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) data: DataFlags,
    /// The folder that takes one folder per run [default: runs/NAME-sweep-001]
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub(crate) out: Option<PathBuf>,
    /// Overwrite what is there
    #[arg(long, help_heading = "Run")]
    pub(crate) force: bool,
    /// Threads that the runs share, each to the same bits as alone [default: one per processor]
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub(crate) threads: Option<usize>,
    #[command(flatten)]
    pub(crate) settings: SettingFlags,
}

/// How the settings of a sweep are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SearchChoice {
    Grid,
    Random,
    Sobol,
}

/// What the folder of a sweep says already.
const NOT_WITH_RESUME: [&str; 30] = [
    "what",
    "vary",
    "search",
    "samples",
    "seeds",
    "folds",
    "halving",
    "reduction",
    "first_epochs",
    "data",
    "features",
    "target",
    "out",
    "force",
    "seed",
    "precision",
    "epochs",
    "steps",
    "batch_size",
    "learning_rate",
    "optimizer",
    "loss",
    "hidden",
    "activation",
    "dropout",
    "l2",
    "weight_decay",
    "report_every",
    "checkpoint_every",
    "set",
];

/// Print one training step: every matrix, its formula, shape and numbers
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  thalweg explain spiral --step 0
  thalweg explain regression --hidden 3 --step 10")]
pub(crate) struct ExplainArguments {
    /// An experiment, a data file, or a run's folder
    #[arg(value_name = "EXPERIMENT|RUN")]
    pub(crate) what: String,
    /// Which step, from 0 [default: the first]
    #[arg(long, value_name = "N")]
    pub(crate) step: Option<u64>,
    #[command(flatten)]
    pub(crate) data: DataFlags,
    #[command(flatten)]
    pub(crate) settings: SettingFlags,
}

/// Try learning rates from small to large in one short run, and suggest one
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  thalweg lr-find digits --out rates.svg")]
pub(crate) struct LrFindArguments {
    /// A built-in experiment, an experiment file, or a data file
    #[arg(value_name = "EXPERIMENT|FILE.toml|DATA")]
    pub(crate) what: String,
    /// The smallest rate
    #[arg(long, value_name = "RATE", default_value_t = 1e-6)]
    pub(crate) from: f64,
    /// The largest rate
    #[arg(long, value_name = "RATE", default_value_t = 10.0)]
    pub(crate) to: f64,
    /// How many steps the way from one to the other takes
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) tries: u64,
    /// Draw the losses over the rates
    #[arg(long, value_name = "FILE.svg|png")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) data: DataFlags,
    #[command(flatten)]
    pub(crate) settings: SettingFlags,
}

/// Compare an experiment's gradients with differences of its loss
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  thalweg gradcheck spiral")]
pub(crate) struct GradcheckArguments {
    /// A built-in experiment, an experiment file, or a data file
    #[arg(value_name = "EXPERIMENT|FILE.toml|DATA")]
    pub(crate) what: String,
    #[command(flatten)]
    pub(crate) data: DataFlags,
    #[command(flatten)]
    pub(crate) settings: SettingFlags,
}

/// Say what is wrong with an experiment or a run, by its own numbers, and what mends it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  thalweg doctor digits
  thalweg doctor houses.csv --target price
  thalweg doctor runs/digits-001 --json")]
pub(crate) struct DoctorArguments {
    /// A run's folder, a built-in experiment, an experiment file, or a data file; of all but a run, at most 2,000
    /// steps are trained in memory
    #[arg(value_name = "RUN|EXPERIMENT|FILE.toml|DATA")]
    pub(crate) what: String,
    /// Threads at most; small steps stay on one. The result is the same [default: one per processor]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    #[command(flatten)]
    pub(crate) data: DataFlags,
    #[command(flatten)]
    pub(crate) settings: SettingFlags,
}

/// Say what a file or folder holds: data, a model, a run
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  thalweg inspect table.csv
  thalweg inspect runs/digits-001/model.safetensors --json")]
pub(crate) struct InspectArguments {
    /// The file or folder
    pub(crate) path: PathBuf,
}

/// List what can be trained without a file of one's own
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  thalweg list")]
pub(crate) struct ListArguments {
    /// The folder in which data sets are looked for first
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// Write a commented experiment file to start from
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  thalweg new spiral --out my-spiral.toml
  thalweg new houses.csv --target price --out houses.toml")]
pub(crate) struct NewArguments {
    /// A built-in experiment, an experiment file, or a data file
    #[arg(value_name = "DATA|EXPERIMENT")]
    pub(crate) what: String,
    /// The input columns or arrays, with commas between [default: all but the target]
    #[arg(long, value_name = "NAMES")]
    pub(crate) features: Option<String>,
    /// The target column or array
    #[arg(long, value_name = "NAMES")]
    pub(crate) target: Option<String>,
    /// Write to this file [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Overwrite the file if it is there
    #[arg(long)]
    pub(crate) force: bool,
}

/// Hold runs against each other: what was set otherwise, and what they came to
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  thalweg compare runs/digits-001 runs/digits-002 --out curves.svg")]
pub(crate) struct CompareArguments {
    /// The runs' folders
    #[arg(value_name = "RUN", num_args = 2.., required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// Draw the training losses together
    #[arg(long, value_name = "FILE.svg|png")]
    pub(crate) out: Option<PathBuf>,
}

/// Draw a picture of a run
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  thalweg draw runs/spiral-001 boundary --out spiral.png")]
pub(crate) struct DrawArguments {
    /// The run's folder
    pub(crate) run: PathBuf,
    /// What to draw, such as `loss`; a wrong kind lists them all
    pub(crate) kind: String,
    /// The picture: its ending says whether it is SVG or PNG
    #[arg(long, value_name = "FILE.svg|png")]
    pub(crate) out: PathBuf,
    /// Which row to draw, where the kind is about one
    #[arg(long, value_name = "N")]
    pub(crate) index: Option<usize>,
    /// The folder in which data sets are looked for first
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// Time the engine on this machine, beside what the machine can do
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  thalweg bench --work W1,W5
  thalweg bench --work 784-256-10@32 --threads 1 --json")]
pub(crate) struct BenchArguments {
    /// What to time, with commas between: W0, W1, W2, W3, W3L, W4 ... W10, INF1, INF1024, INF9, CONV, DEPTHWISE (each also
    /// with -DX or -DW), or the sizes of a network and its batch, such as 784-256-10@32 [default: everything that has a name]
    #[arg(long, value_name = "WORKS", value_delimiter = ',')]
    pub(crate) work: Vec<String>,
    /// Numbers of threads, with commas between [default: 1 and one per processor]
    #[arg(long, value_name = "N,N", value_delimiter = ',')]
    pub(crate) threads: Vec<usize>,
    /// How long to sample each work
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    pub(crate) seconds: f64,
    /// The folder in which the files of images are looked for first; without such files, images are made
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// Get data sets
#[derive(Debug, Subcommand)]
pub(crate) enum DataVerb {
    Fetch(FetchArguments),
}

/// Download a data set from its public mirrors and check it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  thalweg data fetch mnist")]
pub(crate) struct FetchArguments {
    /// Which set
    pub(crate) set: FetchedSet,
    /// Where to put it; a folder of the set's name is made in it [default: $THALWEG_DATA, else the user's data folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Another mirror: the address to which file names are added
    #[arg(long, value_name = "URL", hide = true)]
    pub(crate) mirror: Option<String>,
}

/// The sets that can be downloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FetchedSet {
    Mnist,
    FashionMnist,
}

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  thalweg completions bash > ~/.local/share/bash-completion/completions/thalweg")]
pub(crate) struct CompletionsArguments {
    /// Which shell
    pub(crate) shell: Shell,
}

/// Where data comes from.
#[derive(Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct DataFlags {
    /// The folder in which data sets are looked for first, or a file in place of the experiment's data
    #[arg(long, value_name = "DIR|FILE")]
    pub(crate) data: Option<PathBuf>,
    /// The input columns or arrays, with commas between [default: all but the target]
    #[arg(long, value_name = "NAMES")]
    pub(crate) features: Option<String>,
    /// The target column or array
    #[arg(long, value_name = "NAMES")]
    pub(crate) target: Option<String>,
}

/// Where a run goes and how it is shown.
#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
pub(crate) struct RunFlags {
    /// The run's folder [default: runs/NAME-001, the next free number]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Overwrite the run that is in --out
    #[arg(long)]
    pub(crate) force: bool,
    /// What the run is called [default: the experiment's name]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Draw the picture that moves in the terminal while training
    #[arg(long)]
    pub(crate) live: bool,
    /// Write TensorBoard's event files into the run's folder too
    #[arg(long)]
    pub(crate) tensorboard: bool,
    /// Over how many seconds --live spreads the run
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    pub(crate) live_seconds: f64,
    /// Threads at most; small steps stay on one. The result is the same [default: one per processor]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
}

/// Flags that stand for keys of the experiment file.
#[derive(Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Settings (each replaces the experiment's own)")]
pub(crate) struct SettingFlags {
    /// The one seed [file default: 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<String>,
    /// What to compute in: f32 or f64 [file default: f32]
    #[arg(long, value_name = "TYPE")]
    precision: Option<String>,
    /// Passes over the training rows [file default: 100]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    epochs: Option<String>,
    /// Updates at most [file default: none]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    steps: Option<String>,
    /// Rows per update, or `full` [file default: 32]
    #[arg(long, value_name = "ROWS", allow_negative_numbers = true)]
    batch_size: Option<String>,
    /// Step length of the optimizer [file default: the optimizer's own; Adam 0.001]
    #[arg(long, visible_alias = "lr", value_name = "RATE", allow_negative_numbers = true)]
    learning_rate: Option<String>,
    #[arg(long, value_name = "NAME", help = names("The update rule", &Optimizer::NAMES, "adam"))]
    optimizer: Option<String>,
    #[arg(long, value_name = "NAME", help = names("The loss", &Loss::NAMES, "by the target"))]
    loss: Option<String>,
    /// Sizes of the hidden layers, in place of all that are there; `none` for none
    #[arg(long, value_name = "SIZES")]
    hidden: Option<String>,
    #[arg(long, value_name = "NAME", help = names("The hidden layers' activation", &Activation::NAMES, "relu"))]
    activation: Option<String>,
    /// Chance that a unit is dropped, after each hidden layer [file default: none]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    dropout: Option<String>,
    /// Penalty on the squares of weights [file default: 0]
    #[arg(long, value_name = "STRENGTH", allow_negative_numbers = true)]
    l2: Option<String>,
    /// Decoupled decay of weights [file default: 0]
    #[arg(long, value_name = "STRENGTH", allow_negative_numbers = true)]
    weight_decay: Option<String>,
    /// How often to report: "50 steps", "1 epoch", "2 minutes" [file default: 1 epoch; full batch 100 steps]
    #[arg(long, value_name = "EVERY")]
    report_every: Option<String>,
    /// How often to save a checkpoint, likewise [file default: at the end]
    #[arg(long, value_name = "EVERY")]
    checkpoint_every: Option<String>,
    /// How many of the newest checkpoints stay in the run's folder [file default: 2]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    keep_checkpoints: Option<String>,
    /// Any key of the experiment file, such as training.schedule=cosine; may be given many times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

fn names(what: &str, names: &[&str], default: &str) -> String {
    format!("{what}: {} [file default: {default}]", names.join(", "))
}

impl SettingFlags {
    /// Lays the flags over an experiment, `--set` last.
    pub(crate) fn lay_over(&self, mut draft: Draft) -> Result<Draft, Failure> {
        let flags = [
            ("seed", &self.seed),
            ("precision", &self.precision),
            ("epochs", &self.epochs),
            ("steps", &self.steps),
            ("batch_size", &self.batch_size),
            ("learning_rate", &self.learning_rate),
            ("optimizer", &self.optimizer),
            ("loss", &self.loss),
            ("hidden", &self.hidden),
            ("activation", &self.activation),
            ("dropout", &self.dropout),
            ("l2", &self.l2),
            ("weight_decay", &self.weight_decay),
            ("report_every", &self.report_every),
            ("checkpoint_every", &self.checkpoint_every),
            ("keep_checkpoints", &self.keep_checkpoints),
        ];
        for (key, value) in flags {
            if let Some(value) = value {
                let flag = format!("--{} {value}", key.replace('_', "-"));
                draft = draft.set_from(&flag, key, value)?;
            }
        }
        for setting in &self.set {
            let (key, value) = split_setting("--set", setting)?;
            draft = draft.set(key, value)?;
        }
        Ok(draft)
    }
}

/// Cuts `KEY=VALUE`.
pub(crate) fn split_setting<'a>(flag: &str, setting: &'a str) -> Result<(&'a str, &'a str), Failure> {
    match setting.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim(), value.trim())),
        _ => {
            Err(Failure::usage(format!("{flag} {setting}: this is not KEY=VALUE, such as learning_rate=0.1")))
        }
    }
}

/// Reads the program's arguments. Help and errors are printed here; their status comes back.
pub(crate) fn parse() -> Result<Arguments, ExitCode> {
    let arguments: Vec<_> = std::env::args_os().collect();
    let asked = |when: &str| {
        let both = format!("--color={when}");
        arguments.iter().any(|argument| *argument == *both)
            || arguments.windows(2).any(|pair| pair[0] == "--color" && pair[1] == *when)
    };
    let color = match (asked("always"), asked("never")) {
        (_, true) => clap::ColorChoice::Never,
        (true, _) => clap::ColorChoice::Always,
        _ => clap::ColorChoice::Auto,
    };
    let parsed = Arguments::command()
        .color(color)
        .try_get_matches_from(arguments)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    parsed.map_err(|error| {
        // Nobody reads any more: that is no error.
        let _ = error.print();
        match error.use_stderr() {
            true => Status::Usage.into(),
            false => Status::Done.into(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_example_of_draw_names_a_kind_that_there_is() {
        let program = Arguments::command();
        let help =
            program.find_subcommand("draw").and_then(|draw| draw.get_after_help()).unwrap().to_string();
        let kind = help.split("runs/spiral-001 ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
        assert!(crate::pictures::KINDS.iter().any(|known| known.name == kind), "{kind}");
    }

    #[test]
    fn a_setting_needs_a_key() {
        assert_eq!(split_setting("--set", "l2 = 0.1").unwrap(), ("l2", "0.1"));
        assert_eq!(split_setting("--set", "=1").unwrap_err().status, Status::Usage);
        assert!(split_setting("--set", "seed").is_err());
    }
}
