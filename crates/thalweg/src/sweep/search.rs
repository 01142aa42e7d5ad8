//! Which settings are tried, and how often each.

use std::collections::BTreeSet;
use std::num::ParseIntError;

use serde::{Deserialize, Serialize};

use super::halving::Halving;
use super::problem::SweepProblem;
use super::space::{Setting, Space};
use super::{MOST_RUNS, Sobol, grid, random_point};
use crate::experiment::Experiment;
use crate::train::BatchSize;

/// The epochs of a run that says neither epochs nor steps.
const DEFAULT_EPOCHS: u64 = 100;

/// How settings are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Search {
    /// All combinations of the values.
    Grid,
    /// Drawn evenly.
    Random,
    /// Sobol's points, which leave smaller gaps.
    Sobol,
}

impl Search {
    /// `"grid"`, `"random"` or `"sobol"`.
    pub const fn name(self) -> &'static str {
        match self {
            Search::Grid => "grid",
            Search::Random => "random",
            Search::Sobol => "sobol",
        }
    }
}

/// Successive halving as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HalvingWanted {
    /// One of how many goes on.
    pub reduction: usize,
    /// For how many epochs every setting is trained; `None`: see [`Halving::new`].
    pub first: Option<u64>,
}

/// A sweep as it was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Every `KEY=VALUES`.
    pub vary: Vec<String>,
    /// How settings are chosen; `None`: a grid, or at random where `samples` are wanted.
    pub search: Option<Search>,
    /// How many settings are drawn.
    pub samples: Option<usize>,
    /// How many seeds, or which, each setting is trained for; `None`: the experiment's own.
    pub seeds: Option<String>,
    /// Into how many folds the rows are cut.
    pub folds: Option<usize>,
    /// Whether the runs are halved.
    pub halving: Option<HalvingWanted>,
}

impl Wanted {
    /// How settings are chosen.
    pub fn search(&self) -> Search {
        self.search.unwrap_or(if self.samples.is_some() { Search::Random } else { Search::Grid })
    }

    /// The settings, each once, in the order in which they are tried; draws are by the seed.
    ///
    /// Drawing goes on until there are as many different ones as wanted, or until no new ones come.
    ///
    /// # Errors
    /// What is wrong with the space, the search or the number of samples.
    pub fn settings(&self, seed: u64) -> Result<Vec<Setting>, SweepProblem> {
        let space = Space::parse(&self.vary)?;
        if space.axes.is_empty() && (self.samples.is_some() || self.seeds.is_none() && self.folds.is_none()) {
            return Err(SweepProblem::NothingVaried);
        }
        let search = self.search();
        match (search, self.samples) {
            (Search::Grid, None) => grid(&space),
            (Search::Grid, Some(_)) => Err(SweepProblem::SamplesOfGrid),
            (_, None) => Err(SweepProblem::NoSamples { search: search.name() }),
            (_, Some(samples)) if samples > MOST_RUNS => Err(SweepProblem::TooMany { most: MOST_RUNS }),
            (Search::Random, Some(samples)) => {
                Ok(different(&space, samples, |number| random_point(seed, space.axes.len(), number.into())))
            }
            (Search::Sobol, Some(samples)) => {
                let sobol = Sobol::shifted(space.axes.len(), seed)?;
                Ok(different(&space, samples, |number| sobol.point(number)))
            }
        }
    }

    /// The seeds that each setting is trained for, the experiment's being `own`; `None`: that one only.
    ///
    /// # Errors
    /// [`SweepProblem::Seeds`], [`SweepProblem::SeedVaried`].
    pub fn seeds(&self, own: u64) -> Result<Option<Vec<u64>>, SweepProblem> {
        let Some(given) = &self.seeds else { return Ok(None) };
        if Space::parse(&self.vary)?.varied("seed").is_some() {
            return Err(SweepProblem::SeedVaried);
        }
        let wrong = || SweepProblem::Seeds { given: given.clone() };
        let seeds: Vec<u64> = if given.contains(',') {
            let seeds: Result<Vec<u64>, ParseIntError> =
                given.split(',').map(|seed| seed.trim().parse()).collect();
            seeds.map_err(|_| wrong())?
        } else {
            let count: u64 = given.trim().parse().map_err(|_| wrong())?;
            if count > MOST_RUNS as u64 {
                return Err(SweepProblem::TooMany { most: MOST_RUNS });
            }
            (own..own.saturating_add(count)).collect()
        };
        let different: BTreeSet<u64> = seeds.iter().copied().collect();
        let is_seed = |seed: &u64| i64::try_from(*seed).is_ok();
        match !seeds.is_empty() && different.len() == seeds.len() && seeds.iter().all(is_seed) {
            true => Ok(Some(seeds)),
            false => Err(wrong()),
        }
    }

    /// The rungs of halving, for these experiments, one per setting.
    ///
    /// # Errors
    /// As [`Halving::new`]; [`SweepProblem::LengthVaried`], [`SweepProblem::HalvingBySteps`].
    pub fn halving(&self, experiments: &[Experiment]) -> Result<Option<Halving>, SweepProblem> {
        let Some(HalvingWanted { reduction, first }) = self.halving else { return Ok(None) };
        let space = Space::parse(&self.vary)?;
        if let Some(key) = ["epochs", "steps"].iter().find_map(|key| space.varied(key)) {
            return Err(SweepProblem::LengthVaried { key: key.to_owned() });
        }
        let mut all = experiments.iter().map(epochs_of);
        match all.next().flatten() {
            Some(full) if all.all(|other| other == Some(full)) => {
                Halving::new(reduction, first, full).map(Some)
            }
            _ => Err(SweepProblem::HalvingBySteps),
        }
    }
}

/// How many epochs an experiment trains for, where it says so: in a full batch, each step is one.
fn epochs_of(experiment: &Experiment) -> Option<u64> {
    let training = &experiment.training;
    match (training.epochs, training.steps) {
        (None, None) => Some(DEFAULT_EPOCHS),
        (Some(epochs), Some(steps)) if training.batch_size == BatchSize::Full => Some(epochs.min(steps)),
        (Some(epochs), _) => Some(epochs),
        (None, Some(steps)) => (training.batch_size == BatchSize::Full).then_some(steps),
    }
}

/// The first `samples` different settings among the points, as far as they come: a space of few values has no more.
fn different(space: &Space, samples: usize, point: impl Fn(u32) -> Vec<f64>) -> Vec<Setting> {
    const TRIES: usize = 20;
    let mut seen = BTreeSet::new();
    let points = (0..(samples * TRIES) as u32).map(|number| space.at(&point(number)));
    points.filter(|setting| seen.insert(setting.clone())).take(samples).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::label;

    fn wanted(vary: &[&str], search: Option<Search>, samples: Option<usize>) -> Wanted {
        Wanted {
            vary: vary.iter().map(|&text| text.to_owned()).collect(),
            search,
            samples,
            ..Wanted::default()
        }
    }

    fn labels(wanted: &Wanted, seed: u64) -> Vec<String> {
        wanted.settings(seed).unwrap().iter().map(label).collect()
    }

    /// These settings may never change: a sweep that is planned anew is the same.
    #[test]
    fn draws_are_those_of_the_seed() {
        let vary = ["lr=1e-4..1e-1", "hidden=16..64", "optimizer=sgd,adam"];
        let random = wanted(&vary, None, Some(4));
        assert_eq!(random.search(), Search::Random);
        insta::assert_snapshot!(labels(&random, 0).join("\n"), @r"
        lr=0.007696, hidden=51, optimizer=sgd
        lr=0.0597, hidden=60, optimizer=sgd
        lr=0.0001457, hidden=19, optimizer=sgd
        lr=0.001671, hidden=17, optimizer=sgd
        ");
        assert_eq!(labels(&random, 0)[..2], labels(&wanted(&vary, None, Some(2)), 0));
        assert_ne!(labels(&random, 0), labels(&random, 1));
        let sobol = wanted(&vary, Some(Search::Sobol), Some(4));
        insta::assert_snapshot!(labels(&sobol, 0).join("\n"), @r"
        lr=0.0001205, hidden=50, optimizer=sgd
        lr=0.003811, hidden=25, optimizer=adam
        lr=0.02143, hidden=62, optimizer=sgd
        lr=0.0006778, hidden=37, optimizer=adam
        ");
        assert_ne!(labels(&sobol, 0), labels(&sobol, 1));
    }

    #[test]
    fn each_setting_is_tried_once() {
        let few = wanted(&["lr=1,2", "l2=0,1"], Some(Search::Random), Some(9));
        let mut all = labels(&few, 0);
        all.sort();
        assert_eq!(all, ["lr=1, l2=0", "lr=1, l2=1", "lr=2, l2=0", "lr=2, l2=1"]);
    }

    #[test]
    fn search_and_samples_go_together() {
        let problem = |vary: &[&str], search, samples| wanted(vary, search, samples).settings(0).unwrap_err();
        assert_eq!(problem(&["lr=1"], Some(Search::Grid), Some(2)), SweepProblem::SamplesOfGrid);
        assert!(matches!(problem(&["lr=0.1..1"], Some(Search::Sobol), None), SweepProblem::NoSamples { .. }));
        assert!(matches!(problem(&["lr=0.1..1"], None, None), SweepProblem::GridOfRange { .. }));
        assert_eq!(problem(&[], None, None), SweepProblem::NothingVaried);
        let seeds = Wanted { seeds: Some("3".to_owned()), ..Wanted::default() };
        assert_eq!(seeds.settings(0).unwrap(), [Setting::new()]);
    }

    #[test]
    fn seeds_are_a_number_or_a_list() {
        let seeds =
            |given: &str, own| Wanted { seeds: Some(given.to_owned()), ..Wanted::default() }.seeds(own);
        assert_eq!(seeds("3", 7).unwrap(), Some(vec![7, 8, 9]));
        assert_eq!(seeds("4, 0,2", 7).unwrap(), Some(vec![4, 0, 2]));
        for wrong in ["", "0", "1,1", "-1", "1,", "9223372036854775808,1"] {
            assert!(matches!(seeds(wrong, 0), Err(SweepProblem::Seeds { .. })), "{wrong}");
        }
        let both = Wanted { seeds: Some("2".to_owned()), ..wanted(&["seed=1,2"], None, None) };
        assert_eq!(both.seeds(0).unwrap_err(), SweepProblem::SeedVaried);
    }
}
