//! Whether a team is worth its threads: measured while the work goes on.

use std::time::Instant;

/// How long a stretch of steps is timed, in seconds: long enough that the clock and a hiccup do not decide.
const STRETCH: f64 = 2e-3;

/// A team whose stretch takes this much longer than its best one has lost a processor to somebody else, perhaps.
const SLOWER: f64 = 1.4;

/// How long one thread goes untimed after a change, in seconds: caches fill.
const WARM_UP: f64 = 1e-3;

/// The same for the team: sleeping threads wake, perhaps on a processor that is busy, and the system takes a tick or two to move
/// them.
const SETTLE: f64 = 10e-3;

/// Seconds of a step beside which a team's barriers are nothing: such steps are the team's without a trial.
const LONG: f64 = 10e-3;

/// Stretches alone after which the team is tried again, at most: the first trial comes after one, in case it was a hiccup,
/// each further one after twice as many.
const PATIENCE: u32 = 256;

/// Multiply-adds of a step's forward pass below which one thread begins: such a step takes a fraction of a millisecond, and a fit of
/// some of them may be over before a team is awake.
const SHORT: usize = 4_000_000;

/// How many stretches one thread takes then before the team is tried.
const FIRST_ALONE: u32 = 4;

/// Decides, stretch by stretch, whether all threads work or one alone, by how long each takes for a row.
///
/// The first stretch is the team's and the second one thread's; then whoever was faster goes on. A team that becomes
/// slow, because another program wants its processors, is compared with one thread again; one thread is compared with
/// the team soon, and if that is no faster, less and less often. What is computed never depends on it.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    together: bool,
    began: Option<Instant>,
    /// Steps and rows since.
    steps: u64,
    rows: u64,
    /// Seconds a row, of the last stretch of the team and of one thread.
    team: Option<f64>,
    alone: Option<f64>,
    /// Of the team's best stretch.
    best: f64,
    /// Stretches since the other way was tried.
    since: u32,
    /// Stretches alone until the team is tried again.
    patience: u32,
    is_warm: bool,
}

impl Pace {
    /// Nothing measured yet.
    pub(crate) fn new() -> Self {
        Pace {
            together: true,
            began: None,
            steps: 0,
            rows: 0,
            team: None,
            alone: None,
            best: f64::INFINITY,
            since: 0,
            patience: 1,
            is_warm: false,
        }
    }

    /// For steps of so many multiply-adds in their forward pass: where these are few, one thread begins.
    pub(crate) fn for_steps_of(multiply_adds: usize) -> Self {
        match multiply_adds < SHORT {
            true => Pace { together: false, patience: FIRST_ALONE, ..Pace::new() },
            false => Pace::new(),
        }
    }

    /// Whether the next step is the team's; asked before every step.
    #[inline]
    pub(crate) fn is_together(&mut self, rows: usize) -> bool {
        let now = Instant::now();
        let Some(began) = self.began else {
            self.begin(now);
            self.rows = rows as u64;
            return self.together;
        };
        let seconds = (now - began).as_secs_f64();
        let is_long = self.steps == 1 && seconds >= LONG;
        self.steps += 1;
        if is_long {
            self.begin(now);
        } else if !self.is_warm {
            if seconds >= if self.together { SETTLE } else { WARM_UP } {
                self.is_warm = true;
                self.begin(now);
            }
        } else if seconds >= STRETCH && self.rows > 0 {
            self.together = self.next(seconds / self.rows as f64);
            self.begin(now);
        }
        self.rows += rows as u64;
        self.together
    }

    /// Begins a stretch.
    fn begin(&mut self, now: Instant) {
        self.began = Some(now);
        (self.steps, self.rows) = (1, 0);
    }

    /// Who takes the next stretch, after one that took so many seconds a row.
    fn next(&mut self, per_row: f64) -> bool {
        self.since += 1;
        if self.together {
            self.team = Some(per_row);
            self.best = self.best.min(per_row);
            match self.alone {
                None => self.turn(false),
                Some(alone) if alone < per_row => {
                    // A trial that failed makes the next one wait longer; a team that had been good is tried at once.
                    self.patience = if self.since > 1 { 1 } else { PATIENCE.min(2 * self.patience) };
                    self.turn(false)
                }
                Some(_) if per_row > SLOWER * self.best && self.since > 1 => {
                    self.patience = 1;
                    self.turn(false)
                }
                Some(_) => true,
            }
        } else {
            self.alone = Some(per_row);
            match self.team {
                Some(team) if team < per_row => self.turn(true),
                _ if self.since >= self.patience => self.turn(true),
                _ => false,
            }
        }
    }

    fn turn(&mut self, together: bool) -> bool {
        self.since = 0;
        self.is_warm = false;
        together
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who takes each of so many stretches, where a row takes the team and one thread so long.
    fn stretches(pace: &mut Pace, count: usize, team: f64, alone: f64) -> Vec<bool> {
        (0..count)
            .map(|_| {
                let together = pace.together;
                pace.together = pace.next(if together { team } else { alone });
                together
            })
            .collect()
    }

    #[test]
    fn a_team_that_is_faster_goes_on() {
        let mut pace = Pace::new();
        let mut expected = vec![true; 200];
        expected[1] = false;
        assert_eq!(stretches(&mut pace, 200, 1.0, 1.8), expected);
    }

    #[test]
    fn one_thread_begins_with_short_steps() {
        let mut pace = Pace::for_steps_of(SHORT - 1);
        let expected = [[false; 4], [true; 4]].concat();
        assert_eq!(stretches(&mut pace, 8, 1.0, 1.8), expected);
        let mut pace = Pace::for_steps_of(SHORT - 1);
        let expected = [vec![false; 4], vec![true], vec![false; 8], vec![true]].concat();
        assert_eq!(stretches(&mut pace, 14, 2.0, 1.0), expected);
        assert!(Pace::for_steps_of(SHORT).together);
    }

    #[test]
    fn one_thread_that_is_faster_goes_on_and_the_team_is_tried_again() {
        let mut pace = Pace::new();
        let who = stretches(&mut pace, 2000, 1.0, 0.7);
        let tries = who.iter().filter(|together| **together).count();
        assert!((12..=20).contains(&tries), "{tries} tries");
    }

    #[test]
    fn a_hiccup_costs_a_stretch_or_two() {
        let mut pace = Pace::new();
        stretches(&mut pace, 10, 1.0, 1.8);
        let hiccup = stretches(&mut pace, 1, 9.0, 1.8);
        let after = stretches(&mut pace, 20, 1.0, 1.8);
        assert_eq!(hiccup, [true]);
        assert!(after.iter().filter(|together| !**together).count() <= 2, "{after:?}");
    }

    #[test]
    fn a_busy_neighbour_is_noticed_and_so_is_its_end() {
        let mut pace = Pace::new();
        stretches(&mut pace, 10, 1.0, 1.8);
        let busy = stretches(&mut pace, 100, 9.0, 1.9);
        assert!(busy.iter().filter(|together| **together).count() < 10);
        stretches(&mut pace, 260, 1.0, 1.8);
        assert!(stretches(&mut pace, 20, 1.0, 1.8).iter().all(|together| *together));
    }
}
