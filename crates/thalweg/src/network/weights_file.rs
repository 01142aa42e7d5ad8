//! Explicit starting values: arrays named after the parameters, from a safetensors, NPZ or HDF5 file.

use std::path::Path;

use super::NetworkProblem;
use crate::data::formats::{self, Contents};
use crate::error::Result;
use crate::shape::Shape;

/// The values of the array called `name`, which must have this shape.
pub(super) fn read(path: &Path, name: &str, shape: &Shape) -> Result<Vec<f64>> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("safetensors")) {
        let (found, values) = crate::model_file::read_tensor(path, name)?;
        if found != *shape {
            let (name, expected, given) = (name.to_owned(), shape.clone(), found.to_string());
            return Err(NetworkProblem::ParameterShape { name, expected, given }.into());
        }
        return Ok(values);
    }
    let arrays = match formats::read(path, None)?.contents {
        Contents::Arrays(arrays) => arrays,
        Contents::Array(_) | Contents::Table(_) => Vec::new(),
    };
    let Some((_, array)) = arrays.iter().find(|(array, _)| array == name) else {
        let known: Vec<&str> = arrays.iter().map(|(name, _)| name.as_str()).collect();
        let known = if known.is_empty() { "no named arrays".to_owned() } else { known.join(", ") };
        return Err(
            NetworkProblem::MissingArray { path: path.to_owned(), name: name.to_owned(), known }.into()
        );
    };
    let wrong_shape = || NetworkProblem::ParameterShape {
        name: name.to_owned(),
        expected: shape.clone(),
        given: format!("{:?}", array.shape()),
    };
    if array.shape() != shape.axes() {
        return Err(wrong_shape().into());
    }
    Ok(array.numbers().ok_or_else(wrong_shape)?.collect())
}
