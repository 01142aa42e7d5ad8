//! Whether a team is worth its threads: measured while the work goes on.

use std::time::Instant;

/// How long a stretch of steps is timed, in seconds: long enough that the clock and a hiccup do not decide.
const STRETCH: f64 = 2e-3;

/// A first impression is the median of so many steps, or a stretch that has fewer: a fit may be over before a stretch is.
const FIRST_STEPS: usize = 9;

/// A team whose stretch takes this much longer than its best one has lost a processor to somebody else, perhaps.
const SLOWER: f64 = 1.4;

/// How long one thread goes untimed after a change, in seconds: caches fill. A first impression knows none.
const WARM_UP: f64 = 1e-3;

/// The same for the team, at its first trial and at most. Sleeping threads wake, perhaps on a processor that is busy, and then the
/// system takes a tick or two to move them: each further trial gives them more time, by this factor.
const FIRST_SETTLE: f64 = 0.1e-3;
const SETTLE: f64 = 10e-3;
const PATIENT_BY: f64 = 4.0;

/// Seconds of a step beside which a team's barriers are nothing: such steps are the team's without a trial.
const LONG: f64 = 10e-3;

/// Stretches alone after which the team is tried again, at most: the first trial comes after some, in case it was a hiccup,
/// each further one after twice as many.
const PATIENCE: u32 = 256;

/// Multiply-adds of a step's forward pass below which one thread begins: such a step takes a fraction of a millisecond, and a fit of
/// some of them may be over before a team is awake.
const SHORT: usize = 4_000_000;

/// Seconds of a step up to which one thread goes on until the team is awake: longer ones are not worth it.
const AWAITED: f64 = 100e-6;

/// How long one thread begins for, in seconds: a fit that is over then had better not start a thread.
const FIRST_ALONE_FOR: f64 = 4e-3;

/// How many stretches one thread goes on after the team's first trial was in vain, where steps are short.
const FIRST_ALONE: u32 = 2;

/// Decides, stretch by stretch, whether all threads work or one alone, by how long each takes for a row.
///
/// At first each has a few steps, the team first where steps are long, else one thread for some milliseconds and then the team; then whoever was faster goes on. A team that becomes
/// slow, because another program wants its processors, is compared with one thread again; one thread is compared with
/// the team soon, and if that is no faster, less and less often. What is computed never depends on it.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    together: bool,
    /// When the stretch began, and its last step.
    began: Option<(Instant, Instant)>,
    /// Steps and rows since.
    steps: u64,
    rows: u64,
    /// The rows of the step that is being made.
    of_step: u64,
    /// Seconds a row of the stretch's first steps.
    first: [f64; FIRST_STEPS],
    /// Seconds a row, of the last stretch of the team and of one thread.
    team: Option<f64>,
    alone: Option<f64>,
    /// Of the team's best stretch.
    best: f64,
    /// Stretches since the other way was tried.
    since: u32,
    /// Stretches alone until the team is tried again.
    patience: u32,
    /// How long the team's next trial goes untimed at first.
    settle: f64,
    is_warm: bool,
    /// Whether one thread goes on until the team is awake.
    awaits: bool,
    /// Whether steps are short.
    is_short: bool,
    /// Whether nothing is measured.
    is_settled: bool,
}

impl Pace {
    /// Nothing measured yet.
    pub(crate) fn new() -> Self {
        Pace {
            together: true,
            began: None,
            steps: 0,
            rows: 0,
            of_step: 0,
            first: [0.0; FIRST_STEPS],
            team: None,
            alone: None,
            best: f64::INFINITY,
            since: 0,
            patience: 1,
            settle: FIRST_SETTLE,
            is_warm: false,
            awaits: false,
            is_short: false,
            is_settled: false,
        }
    }

    /// For steps of so many multiply-adds in their forward pass: where these are few, one thread begins.
    pub(crate) fn for_steps_of(multiply_adds: usize) -> Self {
        match multiply_adds < SHORT {
            true => Pace { together: false, patience: FIRST_ALONE, is_short: true, ..Pace::new() },
            false => Pace::new(),
        }
    }

    /// For a team that makes every step.
    #[cfg(test)]
    pub(crate) fn always_together() -> Self {
        Pace { is_settled: true, ..Pace::new() }
    }

    /// Whether the first step is the team's.
    pub(crate) fn begins_together(&self) -> bool {
        self.together
    }

    /// Whether the next step is the team's; asked before every step. Where steps are short, one thread makes them until the team, called
    /// for its turn, `is_awake`: on a machine that rests, that takes longer than many of them.
    #[inline]
    pub(crate) fn is_together(&mut self, rows: usize, is_awake: impl FnOnce() -> bool) -> bool {
        self.is_settled || self.at(Instant::now(), rows, is_awake)
    }

    /// The same at a time of the clock.
    #[inline]
    fn at(&mut self, now: Instant, rows: usize, is_awake: impl FnOnce() -> bool) -> bool {
        if let Some((began, last)) = self.began
            && !self.awaits
        {
            self.look((now - began).as_secs_f64(), (now - last).as_secs_f64());
        }
        if self.awaits {
            if !is_awake() {
                return false;
            }
            self.awaits = false;
            self.began = None;
        }
        match &mut self.began {
            Some((_, last)) if self.steps > 0 => *last = now,
            began => {
                *began = Some((now, now));
                (self.steps, self.rows) = (0, 0);
            }
        }
        self.steps += 1;
        self.rows += rows as u64;
        self.of_step = rows as u64;
        self.together
    }

    /// Decides after a step: so many seconds after the stretch began, and after the step did. A new stretch begins with no steps.
    #[inline]
    fn look(&mut self, seconds: f64, of_step: f64) {
        if self.steps == 1 && seconds >= LONG {
            if !self.together {
                self.alone = Some(seconds / self.rows.max(1) as f64);
                self.together = self.turn(true);
                self.awaits = false;
            }
            return self.begin();
        }
        if !self.is_warm {
            let is_first = self.last_of(self.together).is_none();
            let untimed = match (self.together, is_first) {
                (true, _) => self.settle,
                (false, true) => 0.0,
                (false, false) => WARM_UP,
            };
            // The first step of all fills caches.
            if seconds >= untimed {
                self.is_warm = true;
                self.begin();
            }
            return;
        }
        if let Some(place) = self.first.get_mut(self.steps as usize - 1) {
            *place = of_step / self.of_step.max(1) as f64;
        }
        let is_first = self.last_of(self.together).is_none();
        let begins_alone = is_first && !self.together && self.is_short;
        if seconds >= if begins_alone { FIRST_ALONE_FOR } else { STRETCH } && self.rows > 0 {
            self.together = self.next(seconds / self.rows as f64);
            self.begin();
        } else if is_first && !begins_alone && self.steps as usize == FIRST_STEPS {
            self.first.sort_by(f64::total_cmp);
            self.together = self.next(self.first[FIRST_STEPS / 2]);
            self.begin();
        }
    }

    /// What the last stretch of the team, or of one thread, took.
    fn last_of(&self, together: bool) -> Option<f64> {
        if together { self.team } else { self.alone }
    }

    /// Begins a stretch.
    fn begin(&mut self) {
        (self.steps, self.rows) = (0, 0);
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
                    self.settle = SETTLE.min(PATIENT_BY * self.settle);
                    self.turn(false)
                }
                Some(_) if per_row > SLOWER * self.best && self.since > 1 => {
                    self.patience = 1;
                    self.turn(false)
                }
                Some(_) => true,
            }
        } else {
            let is_first = self.alone.is_none();
            self.alone = Some(per_row);
            match self.team {
                Some(team) if team < per_row => self.turn(true),
                None if is_first => self.turn(true),
                _ if self.since >= self.patience => self.turn(true),
                _ => false,
            }
        }
    }

    fn turn(&mut self, together: bool) -> bool {
        self.since = 0;
        self.is_warm = false;
        // A called worker does not stay awake for longer than so, and asks are a step apart.
        let step = self.alone.map_or(0.0, |per_row| per_row * self.of_step as f64);
        self.awaits = together && self.is_short && step < AWAITED;
        together
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
        let expected = [[false].as_slice(), &[true; 7]].concat();
        assert_eq!(stretches(&mut pace, 8, 1.0, 1.8), expected);
        let mut pace = Pace::for_steps_of(SHORT - 1);
        let expected = [vec![false, true], vec![false; 4], vec![true], vec![false; 8], vec![true]].concat();
        assert_eq!(stretches(&mut pace, 16, 2.0, 1.0), expected);
        assert!(Pace::for_steps_of(SHORT).together);
    }

    #[test]
    fn a_team_that_sleeps_between_steps_is_tried_all_the_same() {
        // Steps that outlast a called worker, which is asleep whenever it is asked for.
        let mut pace = Pace::for_steps_of(SHORT - 1);
        let mut now = Instant::now();
        let who: Vec<bool> = (0..400)
            .map(|_| {
                let together = pace.at(now, 32, || false);
                now += Duration::from_micros(if together { 250 } else { 400 });
                together
            })
            .collect();
        assert!(who[60..].iter().all(|together| *together), "{who:?}");
    }

    #[test]
    fn long_steps_come_back_to_the_team() {
        for multiply_adds in [SHORT - 1, SHORT] {
            for (team, alone) in [(6_000, 11_000), (9_000, 17_000), (300, 11_000), (4_000, 7_900)] {
                let mut pace = Pace::for_steps_of(multiply_adds);
                let who = steps(&mut pace, 600, team, alone, 50);
                assert!(who[100..].iter().all(|together| *together), "{team} µs against {alone}: {who:?}");
            }
        }
    }

    /// Who takes each step, where one takes the team and one thread so many microseconds, and the first of the team `wake` more.
    fn steps(pace: &mut Pace, count: usize, team: u64, alone: u64, wake: u64) -> Vec<bool> {
        let mut now = Instant::now();
        let mut sleeps = true;
        (0..count)
            .map(|_| {
                let together = pace.at(now, 32, || true);
                let taken = if together { team + wake * u64::from(sleeps) } else { alone };
                sleeps = !together;
                now += Duration::from_micros(taken);
                together
            })
            .collect()
    }

    #[test]
    fn a_first_impression_takes_some_steps() {
        let mut pace = Pace::for_steps_of(SHORT - 1);
        let who = steps(&mut pace, 1000, 60, 100, 80);
        // The step that is not timed, and the rest.
        let alone = 1 + (FIRST_ALONE_FOR / 100e-6) as usize;
        assert!(who[..alone].iter().all(|together| !together), "{who:?}");
        assert!(who[alone..].iter().all(|together| *together), "{who:?}");
        // A team that is slower costs little: once some steps, then those of trials ever further apart.
        let mut pace = Pace::for_steps_of(SHORT - 1);
        let who = steps(&mut pace, 1000, 140, 100, 80);
        assert!(who[..500].iter().filter(|together| **together).count() < 100, "{who:?}");
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
