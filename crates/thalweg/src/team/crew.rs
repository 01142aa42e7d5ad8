//! A team and one thread alone: whoever is faster makes the next step.

use super::{Pace, Team};
use crate::error::Result;

/// Threads for steps that a team or one thread alone can make, chosen by [`Pace`].
pub(crate) struct Crew {
    threads: usize,
    /// `None` until its first step.
    team: Option<Team>,
    alone: Team,
    pace: Pace,
    /// Whether the team makes the step that is going on.
    is_together: bool,
    /// Whether the system refused to start the team when its first step came.
    is_refused: bool,
}

impl Crew {
    /// So many threads. Where `pace` lets one thread begin, the others are started with the team's first step, as a fit may be over before
    /// that; if the system refuses one of them then, one thread makes all steps.
    ///
    /// # Errors
    /// As [`Team::new`].
    pub(crate) fn new(threads: usize, pace: Pace) -> Result<Crew> {
        Team::check(threads)?;
        let team = if threads > 1 && pace.begins_together() { Some(Team::new(threads)?) } else { None };
        Ok(Crew { threads, team, alone: Team::new(1)?, pace, is_together: false, is_refused: false })
    }

    /// A team that makes every step.
    #[cfg(test)]
    pub(crate) fn always(threads: usize) -> Crew {
        Crew::new(threads, Pace::always_together()).expect("so many threads")
    }

    /// How many threads the team has.
    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    /// Who makes the next step, of so many rows.
    #[inline]
    pub(crate) fn next(&mut self, rows: usize) -> &mut Team {
        let (team, threads, is_refused) = (&mut self.team, self.threads, &mut self.is_refused);
        let is_awake = || match team {
            _ if *is_refused => false,
            None => {
                *team = Team::new(threads).ok();
                *is_refused = team.is_none();
                false
            }
            Some(team) if team.is_awake() => true,
            Some(team) => {
                team.call();
                false
            }
        };
        self.is_together = threads > 1 && self.pace.is_together(rows, is_awake) && !self.is_refused;
        if self.is_together && self.team.is_none() {
            self.start();
        }
        self.now()
    }

    /// Starts the team, for a step that does not wait until it is awake.
    #[cold]
    fn start(&mut self) {
        self.team = Team::new(self.threads).ok();
        self.is_refused = self.team.is_none();
        self.is_together = !self.is_refused;
    }

    /// Who makes a step that is too short for a team.
    pub(crate) fn alone(&mut self) -> &mut Team {
        self.is_together = false;
        &mut self.alone
    }

    /// Who makes the step that is going on.
    #[inline]
    pub(crate) fn now(&mut self) -> &mut Team {
        match &mut self.team {
            Some(team) if self.is_together => team,
            _ => &mut self.alone,
        }
    }
}
