//! `thalweg predict`: what a trained model says of data, as CSV.

use serde_json::{Map, Value, json};
use thalweg::model_file::Predictions;
use thalweg::whole_file::write_whole;

use crate::arguments::PredictArguments;
use crate::exit::{Failure, Status};
use crate::numbers;
use crate::output::{self, Output};
use crate::source;

pub(crate) fn run(arguments: &PredictArguments, output: &Output) -> Result<Status, Failure> {
    let trained = source::open(&arguments.model)?;
    let options = source::options(arguments.data.as_deref(), trained.run.as_ref());
    let loaded = trained.model.load_rows(&source::source(&arguments.source), None, &options)?;
    loaded.notices.iter().for_each(|notice| output.notice(notice));
    let predictions = trained.model.predict(&loaded.dataset)?;
    let rows = predictions.rows();
    match &arguments.out {
        Some(path) => {
            write_whole(path, |file| predictions.write_csv(file))?;
            output.note(format_args!(
                "wrote {} to {}",
                numbers::counted(rows as u64, "prediction"),
                path.display()
            ));
            output.json(&json!({ "path": path.display().to_string(), "rows": rows }));
        }
        None if output.json => output.json(&object(&predictions)),
        None => predictions
            .write_csv(output::Stdout)
            .map_err(|error| Failure::new(Status::Failed, format!("cannot write to stdout: {error}")))?,
    }
    Ok(Status::Done)
}

/// All rows as objects under the names of the CSV's columns; numbers are numbers, and a row's number is a whole one.
fn object(predictions: &Predictions) -> Value {
    let columns = predictions.columns();
    let text_columns = |name: &str| predictions.are_classes() && matches!(name, "target" | "prediction");
    let cell = |name: &str, text: String| match (name, text.parse::<u64>(), text.parse::<f64>()) {
        ("row", Ok(row), _) => json!(row),
        (_, _, Ok(number)) if !text_columns(name) => json!(number),
        _ => Value::from(text),
    };
    let row = |row: usize| -> Value {
        let cells = predictions.cells(row);
        let pairs = columns.iter().zip(cells).map(|(name, text)| (name.clone(), cell(name, text)));
        Value::Object(pairs.collect::<Map<String, Value>>())
    };
    let rows: Vec<Value> = (0..predictions.rows()).map(row).collect();
    json!({ "rows": predictions.rows(), "columns": columns, "predictions": rows })
}
