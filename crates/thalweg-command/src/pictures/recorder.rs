//! The recorder: it watches a run and keeps what its pictures will need, at little cost.

use thalweg::Result;
use thalweg::data::Dataset;
use thalweg::network::PlacedLayer;
use thalweg::train::{Command, Observer, Part, Progress, Report, Snapshot, TrainingSettings};

use super::subject::{Regions, Subject};

/// Frames of an animation; more would make the files large and show nothing new.
pub(crate) const MOST_FRAMES: usize = 60;

/// Values that the path of the parameters may take in memory, all moments together.
const MOST_PATH_VALUES: usize = 4_000_000;

/// With fewer moments than this a path shows nothing.
const LEAST_PATH: usize = 8;

/// Up to so many products (rows × parameters) the loss of a frame is computed anew instead of taken from the last batch.
const EXACT_LOSS_WORK: usize = 2_000_000;

/// One moment of a run.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Updates made.
    pub(crate) step: u64,
    /// Passes over the data completed.
    pub(crate) epoch: u64,
    /// The loss without penalties: of the training part where that is cheap, else of the last batch. Not a number where
    /// neither is known.
    pub(crate) loss: f64,
    /// What the network says.
    pub(crate) view: View,
}

/// What a network says at one moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum View {
    /// The predictions at the places of a curve.
    Curve(Vec<f64>),
    /// The regions of a plane.
    Regions(Regions),
    /// Nothing that can be shown.
    Loss,
}

/// The parameters at one moment.
#[derive(Clone, Debug)]
pub(crate) struct PathPoint {
    /// Updates made.
    pub(crate) step: u64,
    /// All parameters.
    pub(crate) parameters: Vec<f32>,
}

/// Watches a run and keeps frames for animations and the path of the parameters.
///
/// Frames lie at chosen steps, closer together at the beginning, where most happens; for a show in the terminal they are
/// evenly spread and every few of them are kept. The steps of a run that stops early are not known beforehand: it has
/// fewer frames.
#[derive(Debug)]
pub(crate) struct Recorder {
    subject: Subject,
    /// The loss of a frame can be computed anew.
    is_cheap: bool,
    full_batch: bool,
    /// Moments kept of the path; 0 where the network is too large.
    path_moments: usize,
    /// How many evenly spread frames a show wants.
    show_frames: Option<usize>,
    wanted: Option<Vec<u64>>,
    next: usize,
    /// The newest frame, kept or not.
    newest: Option<Frame>,
    frames: Vec<Frame>,
    path: Vec<PathPoint>,
    latest: Option<PathPoint>,
    /// (step, loss) of each report, by part.
    reports: [Vec<(u64, f64)>; 3],
    loss_word: &'static str,
    steps_per_epoch: u64,
    total_steps: u64,
}

impl Recorder {
    /// A recorder for a run of a network with so many parameters on these rows.
    ///
    /// # Errors
    /// When the rows cannot be asked about, which valid rows always can.
    pub(crate) fn new(train: &Dataset, layers: &[PlacedLayer], training: &TrainingSettings) -> Result<Self> {
        let parameter_count = layers.last().map_or(0, |layer| layer.range.end);
        let moments = (MOST_PATH_VALUES / parameter_count.max(1)).min(MOST_FRAMES);
        Ok(Recorder {
            subject: Subject::of(train, layers, training.loss.as_ref())?,
            is_cheap: train.rows().saturating_mul(parameter_count) <= EXACT_LOSS_WORK,
            full_batch: training.batch_size == thalweg::train::BatchSize::Full,
            path_moments: if moments < LEAST_PATH { 0 } else { moments },
            show_frames: None,
            wanted: None,
            next: 0,
            newest: None,
            frames: Vec::new(),
            path: Vec::new(),
            latest: None,
            reports: Default::default(),
            loss_word: if training.l2 > 0.0 || training.l1 > 0.0 { "data loss" } else { "loss" },
            steps_per_epoch: 1,
            total_steps: 0,
        })
    }

    /// Takes so many evenly spread frames, for a show.
    pub(crate) fn evenly(&mut self, frames: usize) {
        self.show_frames = Some(frames.max(2));
    }

    /// How many frames were asked for.
    pub(crate) fn show_frames(&self) -> usize {
        self.show_frames.unwrap_or(MOST_FRAMES)
    }

    /// How many updates the run makes, once it has begun.
    pub(crate) fn total_steps(&self) -> u64 {
        self.total_steps
    }

    /// Whether a frame's loss is that of the whole training part.
    pub(crate) fn is_exact(&self) -> bool {
        self.is_cheap || self.full_batch
    }

    /// Whether frames were taken for a show.
    pub(crate) fn is_for_show(&self) -> bool {
        self.show_frames.is_some()
    }

    /// What the pictures can be about.
    pub(crate) fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The frames kept, oldest first.
    pub(crate) fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// The newest frame.
    pub(crate) fn newest(&self) -> Option<&Frame> {
        self.newest.as_ref()
    }

    /// How many frames the run will have, once it has begun, and how many it had.
    pub(crate) fn progress(&self) -> (usize, usize) {
        (self.next, self.wanted.as_ref().map_or(0, Vec::len))
    }

    /// (step, loss) of the reports of a part.
    pub(crate) fn reports(&self, part: Part) -> &[(u64, f64)] {
        &self.reports[part as usize]
    }

    /// The path of the parameters, the newest report's last.
    pub(crate) fn path(&self) -> Vec<&PathPoint> {
        let last = self.path.last().map_or(0, |point| point.step);
        self.path.iter().chain(self.latest.iter().filter(|latest| latest.step > last)).collect()
    }

    /// "step 120 of 300, loss 3.21".
    pub(crate) fn caption(&self, frame: &Frame) -> String {
        let step = format!("step {} of {}", frame.step, self.total_steps);
        let moment = if self.full_batch || self.steps_per_epoch <= 1 {
            step
        } else {
            format!("epoch {}, {step}", frame.epoch)
        };
        if frame.loss.is_finite() {
            format!("{moment}, {} {}", self.loss_word, thalweg_draw::terminal::short_number(frame.loss))
        } else {
            moment
        }
    }

    fn plan(&mut self, progress: &Progress) {
        let (first, last) = (progress.step, progress.total_steps);
        self.steps_per_epoch = progress.steps_per_epoch;
        self.total_steps = last;
        self.wanted = Some(match self.show_frames {
            Some(frames) => even_steps(first, last, frames),
            None => early_steps(first, last, MOST_FRAMES),
        });
    }

    fn frame(&self, progress: &Progress, snapshot: &mut dyn Snapshot) -> Result<Frame> {
        let view = match &self.subject {
            Subject::Curve(curve) => View::Curve(snapshot.predict(&curve.rows)?),
            Subject::Plane(plane) => View::Regions(plane.regions(&snapshot.predict(&plane.rows)?)),
            Subject::Other => View::Loss,
        };
        let loss = if self.is_cheap { snapshot.loss_at(&snapshot.parameters())? } else { progress.loss };
        Ok(Frame { step: progress.step, epoch: progress.epoch, loss, view })
    }

    fn path_point(&self, step: u64, snapshot: &dyn Snapshot) -> PathPoint {
        PathPoint { step, parameters: snapshot.parameters().iter().map(|&value| value as f32).collect() }
    }

    /// Takes the frame that is due; false if none is.
    pub(crate) fn record(&mut self, progress: &Progress, snapshot: &mut dyn Snapshot) -> Result<bool> {
        if self.wanted.is_none() {
            self.plan(progress);
        }
        let wanted = self.wanted.as_deref().unwrap_or_default();
        let before = self.next;
        let passed = wanted[before..].iter().take_while(|&&step| step <= progress.step).count();
        if passed == 0 {
            return Ok(false);
        }
        let count = wanted.len();
        self.next = before + passed;
        let frame = self.frame(progress, snapshot)?;
        let is_last = self.next == count;
        if is_kept(self.next - 1, count, MOST_FRAMES) || is_last {
            self.frames.push(frame.clone());
        }
        if self.path_moments > 0 && (is_kept(self.next - 1, count, self.path_moments) || is_last) {
            let point = self.path_point(progress.step, snapshot);
            self.path.push(point);
        }
        self.newest = Some(frame);
        Ok(true)
    }

    /// Keeps what a report says.
    pub(crate) fn note_report(&mut self, report: &Report, snapshot: &dyn Snapshot) {
        for part in &report.parts {
            self.reports[part.part as usize].push((report.step, part.loss));
        }
        if self.path_moments > 0 {
            self.latest = Some(self.path_point(report.step, snapshot));
        }
    }

    /// The step of the next frame.
    pub(crate) fn next_frame_step(&self) -> Option<u64> {
        match &self.wanted {
            None => Some(0),
            Some(wanted) => wanted.get(self.next).copied(),
        }
    }
}

impl Observer for &mut Recorder {
    fn next_step(&self) -> Option<u64> {
        self.next_frame_step()
    }

    fn on_step(&mut self, progress: &Progress, snapshot: &mut dyn Snapshot) -> Result<Command> {
        self.record(progress, snapshot).map(|_| Command::Continue)
    }

    fn on_report(&mut self, report: &Report, snapshot: &mut dyn Snapshot) -> Result<Command> {
        self.note_report(report, snapshot);
        Ok(Command::Continue)
    }
}

/// Whether frame `index` of `count` is among the at most `most` evenly spread ones that are kept.
fn is_kept(index: usize, count: usize, most: usize) -> bool {
    count <= most || index.is_multiple_of(count.div_ceil(most))
}

/// At most `frames` steps from the first to the last, evenly spread.
fn even_steps(first: u64, last: u64, frames: usize) -> Vec<u64> {
    let span = last.saturating_sub(first) as f64;
    let parts = (frames - 1).max(1) as f64;
    distinct((0..frames).map(|i| first + (span * i as f64 / parts).round() as u64))
}

/// At most `frames` steps from the first to the last, closer together at the beginning: the square of an even spread.
fn early_steps(first: u64, last: u64, frames: usize) -> Vec<u64> {
    let span = last.saturating_sub(first) as f64;
    let parts = (frames - 1).max(1) as f64;
    distinct((0..frames).map(|i| first + (span * (i * i) as f64 / (parts * parts)).round() as u64))
}

fn distinct(steps: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut steps: Vec<u64> = steps.collect();
    steps.dedup();
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_closer_at_the_beginning_and_hold_both_ends() {
        assert_eq!(early_steps(0, 100, 6), [0, 4, 16, 36, 64, 100]);
        assert_eq!(early_steps(0, 3, 60), [0, 1, 2, 3]);
        assert_eq!(early_steps(5, 5, 60), [5]);
        assert_eq!(even_steps(0, 300, 4), [0, 100, 200, 300]);
        assert_eq!(even_steps(0, 2, 300), [0, 1, 2]);
    }

    #[test]
    fn a_long_show_is_thinned() {
        let kept = (0..300).filter(|&i| is_kept(i, 300, 60)).count();
        assert_eq!(kept, 60);
        assert!((0..60).all(|i| is_kept(i, 60, 60)));
    }
}
