//! The rows and columns of a data file.

use std::path::Path;

use serde_json::{Value, json};
use thalweg::data;
use thalweg::data::formats::{ColumnSummary, Summary};

use crate::exit::Failure;
use crate::numbers;
use crate::output::Output;
use crate::table::Table;

/// Columns shown unless more are asked for.
const SHOWN: usize = 40;

/// Rows and columns of a data file.
pub(super) fn inspect(path: &Path, output: &Output) -> Result<(), Failure> {
    let reading = data::read(path, None)?;
    for notice in &reading.notices {
        output.notice(notice);
    }
    let summary = reading.summary();
    output.json(&object(&summary));
    if output.json {
        return Ok(());
    }
    let rows = summary
        .rows
        .map_or("arrays of different length".to_owned(), |rows| numbers::counted(rows as u64, "row"));
    output.line(format_args!("{}: {}, {rows}", path.display(), summary.format));
    let mut table = Table::new(["column", "type", "shape", "missing", "min", "max"]);
    let shown = if output.verbose { summary.columns.len() } else { SHOWN };
    for column in summary.columns.iter().take(shown) {
        let bound = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        table.row([
            if column.name.is_empty() { "(no name)".to_owned() } else { column.name.clone() },
            column.type_name.to_owned(),
            full_shape(&summary, column),
            column.missing.to_string(),
            bound(column.min),
            bound(column.max),
        ]);
    }
    output.line(table);
    if summary.columns.len() > shown {
        output.line(format_args!("... and {} more (--verbose shows all)", summary.columns.len() - shown));
    }
    Ok(())
}

/// The shape of a row; with the rows in front where arrays differ in length.
fn full_shape(summary: &Summary, column: &ColumnSummary) -> String {
    let own = summary.rows.is_none().then_some(&column.rows);
    let axes: Vec<String> = own.into_iter().chain(&column.shape).map(usize::to_string).collect();
    axes.join("x")
}

fn object(summary: &Summary) -> Value {
    let columns: Vec<Value> = summary
        .columns
        .iter()
        .map(|column| {
            json!({
                "name": column.name,
                "type": column.type_name,
                "shape": column.shape,
                "rows": column.rows,
                "missing": column.missing,
                "min": column.min,
                "max": column.max,
            })
        })
        .collect();
    json!({ "kind": "data", "format": summary.format, "rows": summary.rows, "columns": columns })
}
