//! Who watches a training for Python: signals, callbacks, and the stop when the training loss no longer falls.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use numpy::IntoPyArray;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use thalweg::Result;
use thalweg::train::{Command, Observer, Part, Progress, Report, Snapshot};

use crate::history;

/// How long training goes on before somebody looks whether Ctrl-C was pressed; a longer step is waited for.
const LOOK: Duration = Duration::from_millis(20);

/// Where whoever is called from within training leaves what Python raised.
#[derive(Clone, Default)]
pub(crate) struct Raised {
    kept: Arc<Mutex<Option<PyErr>>>,
    /// Whether a layer, a loss or a metric in Python raised: what it computes is lost, and it need not be called again.
    is_of_part: Arc<AtomicBool>,
}

impl Raised {
    /// Keeps the first exception.
    pub(crate) fn put(&self, error: PyErr) {
        if let Ok(mut kept) = self.kept.lock() {
            kept.get_or_insert(error);
        }
    }

    /// Keeps the first exception, of a part in Python.
    pub(crate) fn put_of_part(&self, error: PyErr) {
        self.is_of_part.store(true, Ordering::Relaxed);
        self.put(error);
    }

    /// Whether a part in Python raised, and nobody has been told yet.
    pub(crate) fn is_of_part(&self) -> bool {
        self.is_of_part.load(Ordering::Relaxed)
    }

    /// Raised as long as a part in Python has raised and nobody has been told yet.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        self.is_of_part.clone()
    }

    /// Whether there is one.
    pub(crate) fn is_some(&self) -> bool {
        self.kept.lock().is_ok_and(|kept| kept.is_some())
    }

    pub(crate) fn take(&self) -> Option<PyErr> {
        self.is_of_part.store(false, Ordering::Relaxed);
        self.kept.lock().ok().and_then(|mut kept| kept.take())
    }
}

/// Lets Python handle signals between steps, every 20 ms or after each longer step, and ends the run when one raised or a part of
/// the user's own did.
pub(crate) struct Signals {
    next: u64,
    seen: u64,
    last: Instant,
    raised: Raised,
}

impl Signals {
    pub(crate) fn new(first_step: u64, raised: Raised) -> Self {
        Signals { next: first_step + 1, seen: first_step, last: Instant::now(), raised }
    }
}

impl Observer for Signals {
    fn next_step(&self) -> Option<u64> {
        Some(self.next)
    }

    fn on_step(&mut self, progress: &Progress, _snapshot: &mut dyn Snapshot) -> Result<Command> {
        let steps = (progress.step - self.seen).max(1);
        let taken = self.last.elapsed();
        self.seen = progress.step;
        // As many steps as fit the time at this pace, at most ten times as many as before: the first ones may be slow or quick.
        let pace = taken.as_secs_f64() / steps as f64;
        let fit = (LOOK.as_secs_f64() / pace.max(1e-9)) as u64;
        self.next = progress.step + fit.clamp(1, 10 * steps);
        if taken >= LOOK / 4 {
            let checked = Python::attach(|py| py.check_signals());
            if let Err(error) = checked {
                self.raised.put(error);
            }
        }
        self.last = Instant::now();
        Ok(if self.raised.is_some() { Command::Interrupt } else { Command::Continue })
    }
}

/// Calls a Python function with every report; it may return `"stop"`, a learning rate, or nothing.
pub(crate) struct Callback {
    pub(crate) function: Py<PyAny>,
    pub(crate) raised: Raised,
    /// Whether the function also wants the parameters.
    pub(crate) with_parameters: bool,
}

impl Observer for Callback {
    fn on_report(&mut self, report: &Report, snapshot: &mut dyn Snapshot) -> Result<Command> {
        let called = Python::attach(|py| -> PyResult<Command> {
            let figures = history::report(py, report)?;
            let answer = if self.with_parameters {
                let parameters = snapshot.parameters().into_pyarray(py);
                self.function.bind(py).call1((figures, parameters))?
            } else {
                self.function.bind(py).call1((figures,))?
            };
            command(&answer)
        });
        Ok(called.unwrap_or_else(|error| {
            self.raised.put(error);
            Command::Interrupt
        }))
    }
}

fn command(answer: &Bound<'_, PyAny>) -> PyResult<Command> {
    if answer.is_none() {
        return Ok(Command::Continue);
    }
    if let Ok(word) = answer.extract::<String>() {
        if word == "stop" {
            return Ok(Command::Stop);
        }
    } else if !is_bool(answer)
        && let Ok(rate) = answer.extract::<f64>()
    {
        if rate.is_finite() && rate >= 0.0 {
            return Ok(Command::SetLearningRate(rate));
        }
        let text =
            format!("a callback returned the learning rate {rate}; it must be a finite number, 0 or more");
        return Err(pyo3::exceptions::PyValueError::new_err(text));
    }
    let text = format!("a callback must return None, 'stop' or a learning rate, not {answer:?}");
    Err(pyo3::exceptions::PyTypeError::new_err(text))
}

/// Whether this is a truth value, Python's or NumPy's, which would pass for the numbers 0 and 1.
fn is_bool(answer: &Bound<'_, PyAny>) -> bool {
    answer.get_type().name().is_ok_and(|name| name == "bool" || name == "bool_")
}

/// Ends the run when the training loss has not fallen by more than `tol` for more than `patience` reports in a row, or lowers the
/// learning rate then: scikit-learn's rule.
pub(crate) struct Plateau {
    pub(crate) tol: f64,
    pub(crate) patience: u64,
    /// What the rate is divided by, instead of the end.
    pub(crate) divide_by: Option<f64>,
    /// A rate at which there is nothing left to divide.
    pub(crate) least_rate: f64,
    pub(crate) best: f64,
    pub(crate) stale: u64,
    /// Told when the rule ended the run.
    pub(crate) ended: Arc<AtomicBool>,
}

impl Plateau {
    /// Reads `{"tol": ..., "patience": ..., "divide_by": ..., "least_rate": ...}`.
    pub(crate) fn read(settings: &Bound<'_, PyDict>) -> PyResult<Self> {
        let number = |key: &str| -> PyResult<Option<f64>> {
            settings.get_item(key)?.map(|value| value.extract()).transpose()
        };
        Ok(Plateau {
            tol: number("tol")?.unwrap_or(1e-4),
            patience: number("patience")?.unwrap_or(10.0) as u64,
            divide_by: number("divide_by")?,
            least_rate: number("least_rate")?.unwrap_or(0.0),
            best: f64::INFINITY,
            stale: 0,
            ended: Arc::default(),
        })
    }
}

impl Observer for Plateau {
    fn on_report(&mut self, report: &Report, _snapshot: &mut dyn Snapshot) -> Result<Command> {
        let Some(loss) = report.part(Part::Train).map(|part| part.loss) else { return Ok(Command::Continue) };
        if loss > self.best - self.tol {
            self.stale += 1;
        } else {
            self.stale = 0;
        }
        self.best = self.best.min(loss);
        if self.stale <= self.patience {
            return Ok(Command::Continue);
        }
        match self.divide_by {
            Some(divisor) if report.learning_rate > self.least_rate => {
                self.stale = 0;
                Ok(Command::SetLearningRate(report.learning_rate / divisor))
            }
            _ => {
                self.ended.store(true, Ordering::Relaxed);
                Ok(Command::Stop)
            }
        }
    }
}
