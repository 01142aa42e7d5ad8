//! The extension module `thalweg._engine`: NumPy arrays in, the library's networks and runs, NumPy arrays out.
//!
//! The Python package beside it (`python/thalweg`) is what people see. Nothing here computes: each function turns its arguments
//! into the library's types, calls it without the interpreter's lock, and turns back what comes out.

mod arrow;
mod custom;
mod dataset;
mod errors;
mod history;
mod inspect;
mod memory;
mod network;
mod observers;
mod outcome;
mod pictures;
mod predictor;
mod runs;
mod settings;
mod training;

/// The module as Python imports it.
#[pyo3::pymodule]
mod _engine {
    #[pymodule_export]
    use super::arrow::read_arrow;
    #[pymodule_export]
    use super::dataset::Dataset;
    #[pymodule_export]
    use super::network::Network;
    #[pymodule_export]
    use super::outcome::{Outcome, State};
    #[pymodule_export]
    use super::pictures::{
        draw_confusion, draw_curves, draw_fit, draw_heatmap, draw_regions, draw_scatter, terminal_curves,
        terminal_fit, terminal_regions,
    };
    #[pymodule_export]
    use super::runs::{Run, builtin_experiments};
    #[pymodule_export]
    use super::settings::{activation_names, cpu, default_threads, version};
}
