//! A data set as room for the rows of a batch, which are written again and again.

use super::{Dataset, DatasetTargets};
use crate::data::scale::FittedScale;
use crate::real::Real;

impl Dataset {
    /// Room for so many rows like these, with features scaled and in the type asked for. With `mixed`, targets are so many numbers
    /// instead of a class.
    pub(crate) fn room<R: Real>(&self, rows: usize, mixed: Option<usize>) -> Dataset {
        let targets = match (&self.targets, mixed) {
            (_, Some(outputs)) => DatasetTargets::Values { values: vec![0.0; rows * outputs], outputs },
            (DatasetTargets::Classes { count, .. }, _) => {
                DatasetTargets::Classes { ids: vec![0; rows], count: *count }
            }
            (DatasetTargets::Values { outputs, .. }, _) => {
                DatasetTargets::Values { values: vec![0.0; rows * outputs], outputs: *outputs }
            }
            (DatasetTargets::None, _) => DatasetTargets::None,
        };
        Dataset {
            features: R::features(vec![R::ZERO; rows * self.columns()]),
            feature_shape: self.feature_shape.clone(),
            targets,
            feature_names: self.feature_names.clone(),
            target_names: self.target_names.clone(),
            label_names: self.label_names.clone(),
            row_numbers: vec![0; rows],
            weights: self.weights.as_ref().map(|weights| weights.room(rows)),
            scale: FittedScale::None,
            target_scale: self.target_scale.clone(),
            byte_scales: None,
        }
    }

    /// The features, to be written.
    ///
    /// # Panics
    /// If they are not of this type: this is for what [`room`](Self::room) gave.
    pub(crate) fn room_of<R: Real>(&mut self) -> &mut [R] {
        R::stored_mut(&mut self.features).expect("the room was made in this type")
    }

    /// The targets, to be written.
    pub(crate) fn targets_mut(&mut self) -> &mut DatasetTargets {
        &mut self.targets
    }

    /// Everything of row `row` of another set but its features becomes that of row `n`; a mixed target stays.
    pub(crate) fn take_row(&mut self, n: usize, from: &Dataset, row: u32) {
        let row = row as usize;
        self.row_numbers[n] = from.row_numbers[row];
        match (&mut self.targets, &from.targets) {
            (DatasetTargets::Classes { ids, .. }, DatasetTargets::Classes { ids: from, .. }) => {
                ids[n] = from[row]
            }
            (DatasetTargets::Values { values, outputs }, DatasetTargets::Values { values: from, .. }) => {
                let each = *outputs;
                values[n * each..(n + 1) * each].copy_from_slice(&from[row * each..(row + 1) * each]);
            }
            _ => {}
        }
        if let (Some(to), Some(from)) = (&mut self.weights, &from.weights) {
            to.set(n, from.values()[row]);
        }
    }
}
