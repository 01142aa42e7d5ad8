//! TensorBoard event files: scalars, histograms and images of a run, for whoever looks at runs in TensorBoard.
//!
//! | file | what |
//! |---|---|
//! | `event.rs` | the messages, as TensorBoard's protocol buffers define them |
//! | `record.rs` | how they follow each other in a file |

mod event;
mod record;

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};
use crate::network::Parameter;
use crate::train::{Command, Observer, Report, Saving, Snapshot};
use event::{Event, Histogram, Image, Value, What, of_value};

/// What event files are called: the second of their beginning stands between.
const PREFIX: &str = "events.out.tfevents.";
const OURS: &str = ".thalweg.";

/// Whether a file is called as ours are.
pub(super) fn is_event_file(name: &str) -> bool {
    name.starts_with(PREFIX) && name.contains(OURS)
}

/// Writes what a run reports into a folder that `tensorboard --logdir` takes.
///
/// | tag | when | what |
/// |---|---|---|
/// | `loss/train`, `accuracy/validation` ... | every report | a metric of a part |
/// | `learning_rate` | every report | the base rate of the next step |
/// | `0.weight`, `0.bias` ... | every report | a histogram of a parameter's values |
/// | a picture's name | when [`image`](TensorBoard::image) says so | the picture |
///
/// Steps are those of the reports. Nothing of a run depends on it: what cannot be written is said once, until it works again.
#[derive(Debug)]
pub struct TensorBoard {
    path: PathBuf,
    file: File,
    /// The parameters' names and how many values each has.
    tensors: Vec<(String, usize)>,
    /// The step of the last report.
    step: u64,
    /// How much of the file is whole.
    len: u64,
    /// What went wrong and was not said yet.
    failed: Option<Error>,
    /// Whether the last event could not be written.
    is_failing: bool,
}

impl TensorBoard {
    /// The folder of event files in a run's.
    pub const FOLDER: &'static str = "tensorboard";

    /// Begins a new event file in `folder`, which is made if it is not there; files of earlier parts of a run stay, and
    /// TensorBoard shows them together.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn create<'p>(folder: &Path, parameters: impl Iterator<Item = &'p Parameter>) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|error| Error::io(folder, "create", error))?;
        let now = seconds_now();
        let path = (0..)
            .map(|number| folder.join(format!("{PREFIX}{:010}{OURS}{number}", now as u64)))
            .find(|path| !path.exists())
            .unwrap_or_else(|| folder.join("events.out.tfevents"));
        let file = File::create(&path).map_err(|error| Error::io(&path, "create", error))?;
        let tensors = parameters.map(|parameter| (parameter.name.clone(), parameter.range.len())).collect();
        let mut board = TensorBoard { path, file, tensors, step: 0, len: 0, failed: None, is_failing: false };
        board.write(0, What::FileVersion("brain.Event:2".to_owned()))?;
        Ok(board)
    }

    /// Adds a picture, as PNG, at the step of the last report.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn image(&mut self, tag: &str, png: &[u8]) -> Result<()> {
        let Some([width, height]) = png_size(png) else { return Ok(()) };
        let image = Image { height, width, colorspace: 4, encoded: png.to_vec() };
        self.write(self.step, What::values(vec![Value::new(tag, of_value::Of::Image(image))]))
    }

    fn write(&mut self, step: u64, what: What) -> Result<()> {
        let event = Event {
            wall_time: seconds_now(),
            step: i64::try_from(step).unwrap_or(i64::MAX),
            what: Some(what),
        };
        let record = record::record(&prost::Message::encode_to_vec(&event));
        let written = self.file.write_all(&record);
        if written.is_ok() {
            self.len += record.len() as u64;
        } else {
            // What was begun is taken back, so that the next event can be read.
            let _ = self.file.set_len(self.len).and_then(|()| self.file.seek(SeekFrom::End(0)));
        }
        written.map_err(|error| Error::io(&self.path, "write", error))
    }
}

impl Observer for TensorBoard {
    fn on_report(&mut self, report: &Report, snapshot: &mut dyn Snapshot) -> Result<Command> {
        self.step = report.step;
        let scalar = |tag: &str, value: f64| Value::new(tag, of_value::Of::Scalar(value as f32));
        let mut values = vec![scalar("learning_rate", report.learning_rate)];
        for part in &report.parts {
            for name in part.metric_names() {
                if let Some(value) = part.metric(&name) {
                    values.push(scalar(&format!("{name}/{}", part.part.name()), value));
                }
            }
        }
        let parameters = snapshot.parameters();
        let mut rest = parameters.as_slice();
        for (name, len) in &self.tensors {
            let (tensor, after) = rest.split_at((*len).min(rest.len()));
            rest = after;
            values.push(Value::new(name, of_value::Of::Histogram(Histogram::of(tensor))));
        }
        match self.write(report.step, What::values(values)) {
            Ok(()) => self.is_failing = false,
            Err(error) if !self.is_failing => {
                (self.failed, self.is_failing) = (Some(error), true);
            }
            Err(_) => {}
        }
        Ok(Command::Continue)
    }

    fn saving(&mut self) -> Saving {
        self.failed.take().map_or(Saving::Done, Saving::Failed)
    }
}

/// Seconds since 1970.
fn seconds_now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |now| now.as_secs_f64())
}

/// Width and height of a PNG, from its header.
fn png_size(png: &[u8]) -> Option<[i32; 2]> {
    const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
    let size = |at: usize| {
        let bytes: [u8; 4] = png.get(at..at + 4)?.try_into().ok()?;
        i32::try_from(u32::from_be_bytes(bytes)).ok()
    };
    if png.starts_with(SIGNATURE) { Some([size(16)?, size(20)?]) } else { None }
}
