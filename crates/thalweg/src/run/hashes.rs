//! `hashes.jsonl`: for each report a hash of its losses and one of every tensor, so that a repetition can say where it first
//! differs.

use std::fs;
use std::ops::Range;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::problem::RunProblem;
use crate::error::{Error, Result};
use crate::network::PlacedLayer;
use crate::train::Report;
use crate::whole_file::write_whole;

/// One line: what a report was, in hashes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReportHashes {
    /// The report's step.
    pub(super) step: u64,
    /// The report's running hash.
    pub(super) checksum: String,
    /// Of the data losses of all parts, in order.
    pub(super) losses: String,
    /// Of every parameter tensor by its name, in layer order.
    pub(super) tensors: Vec<(String, String)>,
}

impl ReportHashes {
    pub(super) fn new(report: &Report, parameters: &[f64], tensors: &Tensors) -> Self {
        let losses: Vec<f64> = report.parts.iter().map(|part| part.data_loss).collect();
        let of_tensor = |(name, range): &(String, Range<usize>)| {
            (name.clone(), format!("{:016x}", hash(&parameters[range.clone()])))
        };
        ReportHashes {
            step: report.step,
            checksum: format!("{:016x}", report.checksum),
            losses: format!("{:016x}", hash(&losses)),
            tensors: tensors.0.iter().map(of_tensor).collect(),
        }
    }

    /// The line, with its end.
    pub(super) fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }

    /// The first tensor that is another than in `other`.
    pub(super) fn first_other(&self, other: &ReportHashes) -> Option<&str> {
        let mut pairs = self.tensors.iter().zip(&other.tensors);
        pairs.find(|(ours, others)| ours != others).map(|(ours, _)| ours.0.as_str())
    }
}

/// The names of a network's parameter tensors, and where each lies in the flat vector.
#[derive(Clone, Debug)]
pub(super) struct Tensors(Vec<(String, Range<usize>)>);

impl Tensors {
    pub(super) fn new(layers: &[PlacedLayer]) -> Self {
        let parameters = layers.iter().flat_map(|layer| &layer.parameters);
        Tensors(parameters.map(|parameter| (parameter.name.clone(), parameter.range.clone())).collect())
    }
}

/// FNV-1a over 64-bit words, in four runs side by side so that it is as fast as memory; the runs are joined in order.
fn hash(values: &[f64]) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mix = |hash: u64, word: u64| {
        let hash = (hash ^ word).wrapping_mul(PRIME);
        hash ^ (hash >> 29)
    };
    let mut runs = [OFFSET; 4];
    for four in values.chunks(4) {
        for (run, value) in runs.iter_mut().zip(four) {
            *run = mix(*run, value.to_bits());
        }
    }
    runs.into_iter().fold(mix(OFFSET, values.len() as u64), mix)
}

/// The whole lines of the file. A last line that was cut off by a kill is left out.
pub(super) fn read(path: &Path) -> Result<Vec<ReportHashes>> {
    let text = fs::read_to_string(path).map_err(|error| Error::io(path, "read", error))?;
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let row = |(index, line)| {
        serde_json::from_str(line).map_err(|error| Error::Run {
            path: path.to_owned(),
            problem: RunProblem::MetricsLine { line: index + 1, reason: error.to_string() },
        })
    };
    whole.lines().enumerate().map(row).collect()
}

/// Cuts the file back to the reports that were made when a state was saved.
pub(super) fn cut_back(path: &Path, last_report: Option<u64>) -> Result<()> {
    let rows = if path.exists() { read(path)? } else { Vec::new() };
    if let Some(step) = last_report
        && !rows.iter().any(|row| row.step == step)
    {
        return Err(Error::Run { path: path.to_owned(), problem: RunProblem::MetricsEnd { step } });
    }
    let kept = rows.iter().filter(|row| last_report.is_some_and(|last| row.step <= last));
    let kept: String = kept.map(ReportHashes::line).collect();
    write_whole(path, |file| file.write_all(kept.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_sees_every_bit_and_every_place() {
        let values: Vec<f64> = (0..11).map(f64::from).collect();
        let of = hash(&values);
        for i in 0..values.len() {
            let mut other = values.clone();
            other[i] = f64::from_bits(other[i].to_bits() ^ 1);
            assert_ne!(hash(&other), of, "value {i}");
            other.clone_from(&values);
            other.swap(i, (i + 4) % 11);
            assert_ne!(hash(&other), of, "places {i}");
        }
        assert_ne!(hash(&values[..10]), of);
        assert_ne!(hash(&[0.0]), hash(&[-0.0]));
        assert_ne!(hash(&[]), hash(&[0.0]));
    }
}
