//! `predictions.csv`: what the kept weights say about the rows of every part.

use std::path::Path;

use super::prepare::Prepared;
use crate::error::Result;
use crate::model_file::Model;
use crate::whole_file::write_whole;

/// The most rows that the file has, all parts together.
const MOST_ROWS: usize = 100_000;

/// Writes the file: the columns of [`Predictions`](crate::model_file::Predictions) with the part's name after the row.
pub(super) fn write(model: &Model, prepared: &Prepared, path: &Path) -> Result<()> {
    let mut left = MOST_ROWS;
    let mut parts = Vec::new();
    for (part, data) in prepared.parts() {
        let rows = data.rows().min(left);
        left -= rows;
        if rows == 0 {
            break;
        }
        let predictions = if rows < data.rows() {
            let first: Vec<u32> = (0..rows as u32).collect();
            model.predict(&data.select(&first))?
        } else {
            model.predict(data)?
        };
        parts.push((part, predictions));
    }
    write_whole(path, |file| {
        let mut csv = csv::Writer::from_writer(file);
        if let Some((_, first)) = parts.first() {
            let mut columns = first.columns();
            columns.insert(1, "split".to_owned());
            csv.write_record(&columns)?;
        }
        for (part, predictions) in &parts {
            for row in 0..predictions.rows() {
                let mut cells = predictions.cells(row);
                cells.insert(1, part.name().to_owned());
                csv.write_record(&cells)?;
            }
        }
        csv.flush()
    })
}
