//! The plan of a sweep: its settings, its runs, what they came to, and which come next.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::MOST_RUNS;
use super::halving::{Halving, promoted};
use super::problem::SweepProblem;
use super::rows::figure;
use super::search::{Search, Wanted};
use super::space::Setting;
use crate::data::Fold;
use crate::experiment::Experiment;
use crate::model_file::TrainingSummary;
use crate::train::more_is_better;

/// The version of `sweep.json`.
pub(super) const VERSION: u32 = 1;

/// Characters of a run's settings in its folder's name.
const LONGEST_LABEL: usize = 80;

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// It has to be trained, or trained on.
    Waiting,
    /// It is at the rung of its last result, and goes on if it is promoted.
    Paused,
    /// It came to its end.
    Finished,
    /// Its loss stopped being finite. It would again.
    Diverged,
    /// Something else was wrong; it is tried again when the sweep is gone on with.
    Failed,
}

impl RunState {
    /// The name in `sweep.json`.
    pub const fn name(self) -> &'static str {
        match self {
            RunState::Waiting => "waiting",
            RunState::Paused => "paused",
            RunState::Finished => "finished",
            RunState::Diverged => "diverged",
            RunState::Failed => "failed",
        }
    }

    /// Whether it ended without a result.
    pub const fn is_failure(self) -> bool {
        matches!(self, RunState::Diverged | RunState::Failed)
    }
}

/// One run of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedRun {
    /// Which of the plan's settings.
    pub setting: usize,
    /// Its seed.
    pub seed: u64,
    /// The fold that it holds out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<Fold>,
    /// The name of its folder in the sweep's.
    pub folder: String,
    /// What became of it.
    pub state: RunState,
    /// Why there is no result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it came to at each rung; without halving, at its end.
    pub results: Vec<TrainingSummary>,
}

/// A sweep: what was asked for, and what came of it so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of this form.
    pub version: u32,
    /// The experiment.
    pub name: String,
    /// The command line, word by word; empty where there was none.
    pub command: Vec<String>,
    /// How the settings were chosen.
    pub search: Search,
    /// What was varied.
    pub vary: Vec<String>,
    /// The seed that they were drawn by.
    pub seed: u64,
    /// Which metric says how good a setting is: `validation.loss`.
    pub metric: String,
    /// Whether the best settings stand first in the table; a grid keeps its order unless a metric was named.
    pub sorted: bool,
    /// Every metric that there is.
    pub metrics: Vec<String>,
    /// The rungs.
    pub halving: Option<Halving>,
    /// The folder in which sets known by name are looked for first.
    pub data_folder: Option<PathBuf>,
    /// The settings.
    pub settings: Vec<Setting>,
    /// The runs, setting by setting, as many of each.
    pub runs: Vec<PlannedRun>,
}

/// A run that can be made, or gone on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// Which of the plan's runs.
    pub run: usize,
    /// The rung that it is to reach.
    pub rung: usize,
    /// Up to how many epochs it is trained; `None`: to its end.
    pub until: Option<u64>,
}

/// `learning_rate=0.01, hidden=[32]`.
pub fn label(setting: &Setting) -> String {
    setting.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
}

impl Plan {
    /// Plans the runs of these settings, whose experiments are given in the same order; `own` is the experiment without them. How good
    /// a setting is stays open until [`Plan::decide_by`].
    ///
    /// # Errors
    /// What is wrong with seeds, folds or halving, and [`SweepProblem::TooMany`].
    pub fn new(
        wanted: &Wanted,
        settings: Vec<Setting>,
        experiments: &[Experiment],
        own: &Experiment,
    ) -> Result<Plan, SweepProblem> {
        let halving = wanted.halving(experiments)?;
        let seeds = wanted.seeds(own.seed)?;
        let folds = match wanted.folds {
            Some(of) if of < 2 => return Err(SweepProblem::Folds { given: of }),
            Some(of) if of > MOST_RUNS => return Err(SweepProblem::TooMany { most: MOST_RUNS }),
            Some(of) => (1..=of).map(|number| Some(Fold { number, of })).collect(),
            None => vec![None],
        };
        let each = seeds.as_ref().map_or(1, Vec::len).saturating_mul(folds.len());
        if settings.len().saturating_mul(each) > MOST_RUNS {
            return Err(SweepProblem::TooMany { most: MOST_RUNS });
        }
        let mut runs = Vec::new();
        for (setting, experiment) in experiments.iter().enumerate() {
            for &seed in seeds.as_deref().unwrap_or(&[experiment.seed]) {
                for &fold in &folds {
                    let words = run_label(&settings[setting], seeds.is_some().then_some(seed), fold);
                    runs.push(PlannedRun {
                        setting,
                        seed,
                        fold,
                        folder: folder_name(runs.len(), &words),
                        state: RunState::Waiting,
                        reason: None,
                        results: Vec::new(),
                    });
                }
            }
        }
        Ok(Plan {
            version: VERSION,
            name: own.name.clone(),
            command: Vec::new(),
            search: wanted.search(),
            vary: wanted.vary.clone(),
            seed: own.seed,
            metric: String::new(),
            sorted: false,
            metrics: Vec::new(),
            halving,
            data_folder: None,
            settings,
            runs,
        })
    }

    /// Settles which of the `known` metrics says how good a setting is: the one that is wanted, else the validation loss, else the
    /// training loss.
    ///
    /// # Errors
    /// [`SweepProblem::UnknownMetric`], and [`SweepProblem::DecidedByTest`] with halving.
    pub fn decide_by(&mut self, wanted: Option<&str>, known: Vec<String>) -> Result<(), SweepProblem> {
        self.metrics = known;
        let is_known = |metric: &str| self.metrics.iter().any(|known| known == metric);
        let default = if is_known("validation.loss") { "validation.loss" } else { "train.loss" };
        let metric = wanted.unwrap_or(default);
        self.check_metric(metric)?;
        if self.halving.is_some() && metric.starts_with("test.") {
            return Err(SweepProblem::DecidedByTest { metric: metric.to_owned() });
        }
        self.sorted = wanted.is_some() || self.search != Search::Grid || self.halving.is_some();
        self.metric = metric.to_owned();
        Ok(())
    }

    /// Whether there is a metric.
    ///
    /// # Errors
    /// [`SweepProblem::UnknownMetric`].
    pub fn check_metric(&self, metric: &str) -> Result<(), SweepProblem> {
        match self.metrics.iter().any(|known| known == metric) {
            true => Ok(()),
            false => {
                let known = self.metrics.join(", ");
                Err(SweepProblem::UnknownMetric { metric: metric.to_owned(), known })
            }
        }
    }

    /// How many runs each setting has.
    pub fn repeats(&self) -> usize {
        self.runs.len() / self.settings.len().max(1)
    }

    /// The runs of a setting.
    pub fn runs_of(&self, setting: usize) -> std::ops::Range<usize> {
        let repeats = self.repeats();
        setting * repeats..(setting + 1) * repeats
    }

    /// What a run is called: its settings, and the seed and the fold where a setting has several runs.
    pub fn run_label(&self, run: usize) -> String {
        let planned = &self.runs[run];
        let runs = &self.runs[self.runs_of(planned.setting)];
        let has_seeds = runs.iter().any(|other| other.seed != planned.seed);
        run_label(&self.settings[planned.setting], has_seeds.then_some(planned.seed), planned.fold)
    }

    /// A run's experiment, made from that of its setting.
    pub fn experiment_of(&self, run: usize, setting: &Experiment) -> Experiment {
        let run = &self.runs[run];
        let mut experiment = setting.clone();
        experiment.seed = run.seed;
        experiment.data.fold = run.fold.or(experiment.data.fold);
        experiment
    }

    /// How many rungs there are; one without halving.
    pub fn rungs(&self) -> usize {
        self.halving.as_ref().map_or(1, |halving| halving.epochs.len())
    }

    /// Which settings stand at each rung so far, in the order in which they came there.
    pub fn standing(&self) -> Vec<Vec<usize>> {
        let mut rungs = vec![(0..self.settings.len()).collect::<Vec<usize>>()];
        let Some(halving) = &self.halving else { return rungs };
        for rung in 0..self.rungs() - 1 {
            let here = &rungs[rung];
            // Results count in the rung's own order: those behind one that is missing have to wait.
            let scores: Vec<Option<f64>> =
                here.iter().map_while(|&setting| self.score(setting, rung)).collect();
            let up = promoted(&scores, halving.reduction).into_iter().map(|place| here[place]).collect();
            rungs.push(up);
        }
        rungs
    }

    /// The runs that can be made now, those of the highest rung first. A caller that has begun one leaves it out until it is recorded.
    pub fn ready(&self) -> Vec<Job> {
        let mut jobs = Vec::new();
        for (rung, settings) in self.standing().into_iter().enumerate().rev() {
            let until = self
                .halving
                .as_ref()
                .and_then(|halving| (rung + 1 < halving.epochs.len()).then(|| halving.epochs[rung]));
            let runs = settings.into_iter().flat_map(|setting| self.runs_of(setting));
            jobs.extend(runs.filter(|&run| !self.is_decided(run, rung)).map(|run| Job { run, rung, until }));
        }
        jobs
    }

    /// Whether every run that has to be made was made.
    pub fn is_complete(&self) -> bool {
        self.ready().is_empty()
    }

    /// What a run came to at a rung: one that ended before stays as it was.
    pub fn result_at(&self, run: usize, rung: usize) -> Option<&TrainingSummary> {
        let run = &self.runs[run];
        let last = (run.state == RunState::Finished).then(|| run.results.last()).flatten();
        run.results.get(rung).or(last)
    }

    /// Whether nothing is left to do for a run at a rung.
    pub(super) fn is_decided(&self, run: usize, rung: usize) -> bool {
        self.result_at(run, rung).is_some() || self.runs[run].state.is_failure()
    }

    /// How good a setting is at a rung, smaller being better: the mean of its runs. The outer `None`: not all of them are
    /// there yet; the inner one: some of them failed.
    fn score(&self, setting: usize, rung: usize) -> Option<Option<f64>> {
        let runs = self.runs_of(setting);
        if !runs.clone().all(|run| self.is_decided(run, rung)) {
            return None;
        }
        let value = |run| figure(self.result_at(run, rung)?, &self.metric);
        let count = runs.len() as f64;
        let sum = runs.map(value).sum::<Option<f64>>();
        Some(sum.map(|sum| signed(&self.metric, sum / count)))
    }

    /// Records what a job came to.
    pub fn record(&mut self, job: Job, is_at_its_end: bool, result: TrainingSummary) {
        let run = &mut self.runs[job.run];
        run.results.truncate(job.rung);
        run.results.push(result);
        run.state = if is_at_its_end { RunState::Finished } else { RunState::Paused };
    }

    /// Records that a job came to nothing.
    pub fn record_failure(&mut self, job: Job, diverged: bool, reason: String) {
        let run = &mut self.runs[job.run];
        run.state = if diverged { RunState::Diverged } else { RunState::Failed };
        run.reason = Some(reason);
    }

    /// Gives runs that failed another chance; those that diverged would again.
    pub fn retry_failed(&mut self) {
        for run in self.runs.iter_mut().filter(|run| run.state == RunState::Failed) {
            run.state = if run.results.is_empty() { RunState::Waiting } else { RunState::Paused };
            run.reason = None;
        }
    }
}

/// A metric's value so that smaller is better.
pub(super) fn signed(metric: &str, value: f64) -> f64 {
    let name = metric.split_once('.').map_or(metric, |(_, name)| name);
    if more_is_better(name) { -value } else { value }
}

/// `learning_rate=0.01, seed=1, fold=2`.
fn run_label(setting: &Setting, seed: Option<u64>, fold: Option<Fold>) -> String {
    let mut words = setting.clone();
    words.extend(seed.map(|seed| ("seed".to_owned(), seed.to_string())));
    words.extend(fold.map(|fold| ("fold".to_owned(), fold.number.to_string())));
    label(&words)
}

/// `01-learning_rate=0.01`, with nothing in it that a file system might refuse.
fn folder_name(index: usize, label: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "=._-+".contains(c) { c } else { '_' };
    let label: String = label.replace(", ", "-").chars().map(plain).take(LONGEST_LABEL).collect();
    format!("{:02}-{label}", index + 1)
}
