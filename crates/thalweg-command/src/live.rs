//! `train --live`: the picture that moves, drawn in the terminal while the network trains.
//!
//! A run's steps take microseconds, so the whole of it would be over in a blink: the show spreads evenly chosen steps over
//! the seconds it is given and waits between them. Each picture is drawn over the one before by moving the cursor up; the
//! terminal is left as it is otherwise, so that nothing has to be put right however the run ends, and the last picture
//! stays.

use std::io::Write;
use std::time::{Duration, Instant};

use thalweg::Result;
use thalweg::train::{Command, Observer, Part, Progress, Report, Snapshot};
use thalweg_draw::terminal::{Screen, Trace};

use crate::pictures::{Recorder, Subject, View};

/// Pictures in a second.
pub(crate) const FRAMES_PER_SECOND: f64 = 30.0;

/// A longer show is this long.
const MOST_SECONDS: f64 = 3600.0;

/// The longest wait between two pictures: a run of few steps is over sooner than the seconds it is given.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// The smallest terminal in which a picture can be told.
const LEAST_SIZE: (usize, usize) = (20, 6);

/// Batches over which the loss is averaged where a step sees a few rows only.
const SMOOTHED: usize = 10;

/// What is said where `--live` finds no terminal to draw in.
pub(crate) const NO_TERMINAL: &str = "--live draws in a terminal and stderr is none; training goes on, and the frames become an animation all the same";

/// Draws a run in the terminal as it goes; it feeds the recorder, which is not to be an observer of the run itself.
pub(crate) struct Live<'a, W: Write> {
    recorder: &'a mut Recorder,
    name: String,
    out: W,
    size: fn() -> (usize, usize),
    colour: bool,
    period: Duration,
    started: Option<Instant>,
    shown: u32,
    screen: Option<(Screen, (usize, usize))>,
    /// How many lines the last picture took.
    lines: usize,
    /// Nobody sees the pictures any more.
    is_closed: bool,
    steps: Vec<f64>,
    losses: Vec<f64>,
}

impl<'a, W: Write> Live<'a, W> {
    /// A show of so many seconds. `size` is asked for the terminal's columns and rows before each picture.
    pub(crate) fn new(
        recorder: &'a mut Recorder,
        name: &str,
        seconds: f64,
        out: W,
        size: fn() -> (usize, usize),
        colour: bool,
    ) -> Self {
        recorder.evenly(frames(seconds));
        Live {
            recorder,
            name: name.to_owned(),
            out,
            size,
            colour,
            period: Duration::from_secs_f64(seconds.clamp(0.0, MOST_SECONDS) / frames(seconds) as f64),
            started: None,
            shown: 0,
            screen: None,
            lines: 0,
            is_closed: false,
            steps: Vec::new(),
            losses: Vec::new(),
        }
    }

    /// Draws the newest frame over the one before.
    fn show(&mut self) {
        let size @ (columns, rows) = (self.size)();
        let Some(frame) = self.recorder.newest() else { return };
        if frame.loss.is_finite() {
            self.steps.push(frame.step as f64);
            self.losses.push(frame.loss);
        }
        if self.is_closed || columns < LEAST_SIZE.0 || rows < LEAST_SIZE.1 {
            return;
        }
        let is_new = self.screen.as_ref().is_none_or(|(_, before)| *before != size);
        let mut text = String::new();
        if is_new {
            // Lines of another width would lie about; all is drawn anew.
            if self.screen.is_some() {
                text.push_str("\x1b[2J\x1b[H");
            }
            // One column and one row stay free, so that no line wraps and nothing scrolls.
            self.screen = Some((Screen::new(columns - 1, rows - 1, self.colour), size));
        } else {
            text.push_str(&format!("\x1b[{}A\r", self.lines));
        }
        let Some((screen, _)) = self.screen.as_mut() else { return };
        let title = format!("{}  {}", self.name, self.recorder.caption(frame));
        let lines = match (&frame.view, self.recorder.subject()) {
            (View::Curve(y), Subject::Curve(curve)) => {
                screen.fit(&title, (&curve.points.0, &curve.points.1), (&curve.places, y))
            }
            (View::Regions(regions), Subject::Plane(plane)) => {
                let classes: Vec<usize> = regions.classes.iter().map(|&class| usize::from(class)).collect();
                let (x, y, labels) = &plane.points;
                screen.regions(&title, plane.grid, &classes, (x, y, labels))
            }
            _ => loss_lines(screen, self.recorder, &title, &self.steps, &self.losses),
        };
        for line in lines {
            text.push_str(line);
            text.push_str("\x1b[K\n");
        }
        self.lines = lines.len();
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        self.is_closed = written.is_err();
    }

    /// Waits until the next frame is due, if training is ahead of the show.
    fn wait(&mut self) {
        let started = *self.started.get_or_insert_with(Instant::now);
        self.shown += 1;
        let due = started + self.period.saturating_mul(self.shown);
        let wait = due.saturating_duration_since(Instant::now());
        if !self.is_closed && !wait.is_zero() {
            std::thread::sleep(wait.min(LONGEST_WAIT));
        }
    }
}

impl<W: Write> Observer for Live<'_, W> {
    fn next_step(&self) -> Option<u64> {
        self.recorder.next_frame_step()
    }

    fn on_step(&mut self, progress: &Progress, snapshot: &mut dyn Snapshot) -> Result<Command> {
        let is_first = self.started.is_none();
        if self.recorder.record(progress, snapshot)? {
            if is_first {
                // Fewer steps than frames: each is shown for longer.
                let (_, count) = self.recorder.progress();
                let all = self.period.as_secs_f64() * self.recorder.show_frames() as f64;
                self.period = Duration::from_secs_f64(all / count.max(1) as f64).min(LONGEST_WAIT);
            }
            self.show();
            self.wait();
        }
        Ok(Command::Continue)
    }

    fn on_report(&mut self, report: &Report, snapshot: &mut dyn Snapshot) -> Result<Command> {
        self.recorder.note_report(report, snapshot);
        Ok(Command::Continue)
    }
}

/// The loss so far: of the frames, and of the parts that only reports know.
fn loss_lines<'s>(
    screen: &'s mut Screen,
    recorder: &Recorder,
    title: &str,
    steps: &[f64],
    losses: &[f64],
) -> &'s [String] {
    let smooth;
    let (name, losses) = if recorder.is_exact() {
        ("train", losses)
    } else {
        smooth = trailing_means(losses, SMOOTHED);
        ("train, last batches", smooth.as_slice())
    };
    let of_reports = |part| {
        let reports: (Vec<f64>, Vec<f64>) =
            recorder.reports(part).iter().map(|(step, loss)| (*step as f64, *loss)).unzip();
        reports
    };
    let (validation, test) = (of_reports(Part::Validation), of_reports(Part::Test));
    let mut traces = vec![Trace { name, x: steps, y: losses }];
    for (name, (x, y)) in [("validation", &validation), ("test", &test)] {
        if !x.is_empty() {
            traces.push(Trace { name, x, y });
        }
    }
    let all = || traces.iter().flat_map(|trace| trace.y.iter().copied());
    let log = crate::pictures::spans_decades(all());
    screen.curves(title, &traces, log)
}

/// Frames of a show of so many seconds.
fn frames(seconds: f64) -> usize {
    ((seconds.clamp(0.0, MOST_SECONDS) * FRAMES_PER_SECOND).round() as usize).max(2)
}

/// Each value's mean with up to `most - 1` values before it.
fn trailing_means(values: &[f64], most: usize) -> Vec<f64> {
    let mean = |end: usize| {
        let window = &values[(end + 1).saturating_sub(most)..=end];
        window.iter().sum::<f64>() / window.len() as f64
    };
    (0..values.len()).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_show_has_thirty_frames_a_second() {
        assert_eq!(frames(10.0), 300);
        assert_eq!(frames(0.0), 2);
        assert_eq!(frames(f64::NAN.max(1.0)), 30);
    }

    #[test]
    fn means_of_the_last_values() {
        assert_eq!(trailing_means(&[1.0, 3.0, 5.0], 2), [1.0, 2.0, 4.0]);
        assert!(trailing_means(&[], 2).is_empty());
    }
}
