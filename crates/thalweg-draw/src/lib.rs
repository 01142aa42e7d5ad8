//! Pictures of networks, data and training, as SVG and PNG, as animations, and as text for a terminal.
//!
//! This crate knows nothing of training: plain numbers and pixels go in, a [`Picture`] comes out. Each kind of picture is a
//! type with a `draw` method, in a file of its own:
//!
//! | type | shows |
//! |---|---|
//! | [`LineChart`] | curves and points over axes: loss, accuracy, sweeps |
//! | [`Fit`] | data and the fitted curve, at several moments |
//! | [`Scatter`] | points by class |
//! | [`DecisionRegions`] | the class chosen at each place of a plane |
//! | [`ImageGrid`] | images with captions |
//! | [`ConfusionMatrix`] | which class is taken for which |
//! | [`ActivationCurves`] | a function and its derivative |
//! | [`Surface`] | the loss over a plane of parameters, with the path of the descent |
//! | [`Heatmap`], [`WeightImages`] | matrices and weight columns |
//! | [`Animation`] | any of these, moving |
//! | [`terminal::Screen`] | fit, regions and curves as text |
//!
//! Colours can be told apart by colour-blind people ([`palette`]). What is not finite is left out. The same input gives the
//! same bytes everywhere: no clock, no chance, no fonts of the machine.
#![warn(missing_docs)]

mod axis;
mod colour_bar;
mod contours;
mod error;
mod frame;
mod marker;
mod markup;
mod picture;
mod raster;
mod resample;
mod text_width;

mod activation_curves;
mod animation;
mod confusion;
mod decision_regions;
mod fit;
mod grid;
mod heatmap;
mod image_grid;
mod line_chart;
mod scatter;
mod surface;

pub mod palette;
pub mod terminal;

pub use activation_curves::ActivationCurves;
pub use animation::Animation;
pub use confusion::ConfusionMatrix;
pub use decision_regions::DecisionRegions;
pub use error::DrawError;
pub use fit::Fit;
pub use grid::Grid;
pub use heatmap::{Heatmap, WeightImages};
pub use image_grid::{Image, ImageGrid, Mark};
pub use line_chart::LineChart;
pub use palette::Colour;
pub use picture::Picture;
pub use scatter::Scatter;
pub use surface::Surface;
