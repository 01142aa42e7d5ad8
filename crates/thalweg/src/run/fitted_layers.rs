//! What the layers of an experiment leave to the data: which columns they work on, how many categories there are, where the edges of bins
//! lie. All of it is found from the training part and written into the layers, so that the model and the run's own
//! experiment file hold it.

#[cfg(test)]
mod tests;

use crate::data::preprocessing::{ColumnEncoding, InputSchema};
use crate::data::{Dataset, Preprocessing};
use crate::error::Result;
use crate::layers::{Layer, PiecewiseLinear, quantiles};
use crate::network::NetworkProblem;
use crate::shape::Shape;

/// What a value that comes to a layer is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Value {
    /// A number in this column of the data.
    Number(usize),
    /// An id of one of so many categories.
    Id(usize),
    /// Something else: 0 or 1 for a category, or what a layer has computed.
    Other,
}

/// The inputs that the experiment takes for ids: `None` without an embedding, else those that it lists. (Listed columns
/// are those of the data only if the embedding stands first.)
pub(super) fn ids(layers: &[Layer]) -> Option<Vec<usize>> {
    let first = layers.iter().position(|layer| matches!(layer, Layer::Embedding(_)))?;
    match &layers[first] {
        Layer::Embedding(embedding) if first == 0 => Some(embedding.columns.clone().unwrap_or_default()),
        _ => Some(Vec::new()),
    }
}

/// Fills in what the layers leave to the data.
///
/// # Errors
/// [`NetworkProblem::NoCategories`] and [`NetworkProblem::NoNumbers`].
pub(super) fn fit(layers: &mut [Layer], preprocessing: &Preprocessing, train: &Dataset) -> Result<()> {
    let mut values = values(preprocessing, train.columns());
    for (number, layer) in layers.iter_mut().enumerate() {
        match layer {
            Layer::Embedding(embedding) => {
                let of = |column: usize| match values.get(column) {
                    Some(Value::Id(categories)) => Some(*categories),
                    _ => None,
                };
                let refuse = |cure| NetworkProblem::NoCategories { layer: number, cure };
                let columns = embedding.columns.get_or_insert_with(|| {
                    (0..values.len()).filter(|&column| of(column).is_some()).collect()
                });
                if columns.is_empty() {
                    return Err(refuse("leave it out, or give it `columns` and `categories`").into());
                }
                if embedding.categories.is_empty() {
                    let counts: Option<Vec<usize>> = columns.iter().map(|&column| of(column)).collect();
                    embedding.categories = counts.ok_or_else(|| {
                        refuse("give it `categories` too, one count for each of its `columns`")
                    })?;
                }
            }
            Layer::Periodic(periodic) => {
                numbers(&mut periodic.columns, &values, number, "periodic")?;
            }
            Layer::PiecewiseLinear(piecewise) => {
                numbers(&mut piecewise.columns, &values, number, "piecewise_linear")?;
                put_edges(piecewise, &values, train);
            }
            Layer::Flatten => {}
            _ => break, // what comes after it is computed, not found in the data
        }
        let input = Shape::from(values.len());
        // A layer that is refused is refused with its reason when the network is made.
        let Ok(output) = layer.output_shape(&input) else { break };
        let value = |i| layer.origin(&input, i).map_or(Value::Other, |from| values[from]);
        values = (0..output.len()).map(value).collect();
    }
    Ok(())
}

/// What the data has, column by column.
fn values(preprocessing: &Preprocessing, columns: usize) -> Vec<Value> {
    let InputSchema::Columns { columns } = preprocessing.inputs() else {
        return (0..columns).map(Value::Number).collect();
    };
    let mut values = Vec::new();
    for column in columns {
        match &column.encoding {
            ColumnEncoding::Number { .. } => values.push(Value::Number(values.len())),
            ColumnEncoding::Ids { values: categories } => values.push(Value::Id(categories.len())),
            ColumnEncoding::Categories { .. } => values.resize(values.len() + column.width(), Value::Other),
        }
    }
    values
}

/// All columns of numbers, where none are listed.
fn numbers(
    columns: &mut Option<Vec<usize>>,
    values: &[Value],
    layer: usize,
    kind: &'static str,
) -> Result<()> {
    let is_number = |column: &usize| matches!(values[*column], Value::Number(_));
    let columns = columns.get_or_insert_with(|| (0..values.len()).filter(is_number).collect());
    if columns.is_empty() {
        return Err(NetworkProblem::NoNumbers { layer, kind }.into());
    }
    Ok(())
}

/// Edges at the quantiles of the training part, scaled as the layer sees it, where there are none.
fn put_edges(piecewise: &mut PiecewiseLinear, values: &[Value], train: &Dataset) {
    let (true, Some(columns)) = (piecewise.edges.is_empty(), &piecewise.columns) else { return };
    let edges_of = |&column: &usize| match values.get(column) {
        Some(&Value::Number(column)) => {
            let scaled = |row| train.scale().apply(column, train.feature(row, column));
            Some(quantiles((0..train.rows()).map(scaled).collect(), piecewise.bins))
        }
        _ => None, // the layer says that it lacks edges, or that there is no such column
    };
    piecewise.edges = columns.iter().map_while(edges_of).collect();
}
