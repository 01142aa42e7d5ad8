//! Whether a network, a loss and the data fit each other, asked before any work.

use crate::data::{Dataset, DatasetTargets};
use crate::error::Result;
use crate::kernels::columns::category;
use crate::losses::Loss;
use crate::network::{Network, NetworkProblem, id_columns};
use crate::real::Real;

/// Checks the input's shape, and the outputs against loss and targets.
pub(crate) fn check<R: Real>(network: &Network<R>, loss: &Loss, data: &Dataset) -> Result<()> {
    check_input(network, data)?;
    if loss.from_log_rates() {
        check_counts(loss, data)?;
    }
    let outputs = network.output_shape().len();
    let wrong = |needed: String| Err(NetworkProblem::Outputs { outputs, needed }.into());
    match (data.targets(), loss) {
        (DatasetTargets::None, _) => Ok(()),
        (DatasetTargets::Classes { count, .. }, loss) if loss.is_from_softmax() && outputs != *count => {
            wrong(count.to_string())
        }
        (DatasetTargets::Classes { count: 2, .. }, _) if outputs == 1 || outputs == 2 => Ok(()),
        (DatasetTargets::Classes { count, .. }, _) if outputs != *count => wrong(count.to_string()),
        (DatasetTargets::Values { outputs: needed, .. }, _) if outputs != *needed => {
            wrong(needed.to_string())
        }
        _ => Ok(()),
    }
}

/// Checks the input's shape alone, for predicting. A row of as many values in other axes fits.
pub(crate) fn check_input<R: Real>(network: &Network<R>, data: &Dataset) -> Result<()> {
    if network.input_shape().len() != data.feature_shape().len() {
        let (expected, given) = (network.input_shape().clone(), data.feature_shape().clone());
        return Err(NetworkProblem::InputShape { expected, given }.into());
    }
    for (column, categories) in id_columns(network.layers()) {
        for row in 0..data.rows() {
            let value = data.scale().apply(column, data.feature(row, column));
            if category(value, categories).is_none() {
                let column =
                    data.feature_names().get(column).map_or(column.to_string(), |n| format!("{n:?}"));
                let row = data.row_numbers()[row] as usize; // in its source
                return Err(NetworkProblem::NotACategory { row, column, value, categories }.into());
            }
        }
    }
    Ok(())
}

/// The same for rows in memory, `[rows, inputs]`.
pub(crate) fn check_ids<R: Real>(
    ids: &[(usize, usize)],
    inputs: usize,
    x: &[R],
) -> Result<(), NetworkProblem> {
    for &(column, categories) in ids {
        let values = x.iter().skip(column).step_by(inputs);
        if let Some((row, value)) = values.enumerate().find(|(_, id)| category(**id, categories).is_none()) {
            let (column, value) = (column.to_string(), value.to_f64());
            return Err(NetworkProblem::NotACategory { row, column, value, categories });
        }
    }
    Ok(())
}

/// Checks targets that are to be rates, which have no sign and no other units.
fn check_counts(loss: &Loss, data: &Dataset) -> Result<()> {
    let DatasetTargets::Values { values, outputs } = data.targets() else { return Ok(()) };
    let loss = loss.name().to_owned();
    if !data.target_scale().is_none() {
        return Err(NetworkProblem::ScaledCounts { loss }.into());
    }
    match values.iter().position(|value| *value < 0.0) {
        None => Ok(()),
        Some(index) => {
            let (row, value) = (data.row_numbers()[index / outputs], values[index]);
            Err(NetworkProblem::NegativeCount { loss, row, value }.into())
        }
    }
}
