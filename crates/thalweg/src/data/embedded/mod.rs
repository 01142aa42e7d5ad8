//! Data in the binary: `digits` and `iris`. ATTRIBUTION.md names authors and licence.

use super::features::Features;
use super::raw::{RawData, RawInputs, RawTarget};
use super::table::{Column, ColumnValues};

static DIGIT_IMAGES: &[u8] = include_bytes!("digits-images.idx");
static DIGIT_LABELS: &[u8] = include_bytes!("digits-labels.idx");
static IRIS: &str = include_str!("iris.csv");

/// The IDX headers: 4 bytes of type, then 4 per axis.
const IMAGES_HEADER: usize = 16;
const LABELS_HEADER: usize = 8;

/// The sides of a digit's picture, and its brightest value.
const SIDE: usize = 8;
pub(crate) const BRIGHTEST: f64 = 16.0;

/// 1,797 handwritten digits of 8×8 pixels, 0 to 16.
pub(crate) fn digits() -> RawData {
    let labels = &DIGIT_LABELS[LABELS_HEADER..];
    RawData {
        inputs: RawInputs::Array {
            name: None,
            features: Features::U8(DIGIT_IMAGES[IMAGES_HEADER..].to_vec()),
            shape: vec![SIDE, SIDE],
            column_names: Vec::new(),
        },
        target: RawTarget::Classes {
            name: "digit".to_owned(),
            ids: labels.iter().map(|&label| u32::from(label)).collect(),
            labels: (0..10).map(|digit| digit.to_string()).collect(),
        },
        weights: None,
    }
}

/// 150 iris flowers as a table: four lengths in cm and the species.
pub(crate) fn iris() -> Vec<Column> {
    let mut lines = IRIS.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap_or_default();
    let rows: Vec<Vec<&str>> = lines.collect();
    header
        .iter()
        .enumerate()
        .map(|(column, name)| {
            let cells = || rows.iter().map(move |row| row[column]);
            let values = match cells().map(str::parse).collect::<Result<Vec<f64>, _>>() {
                Ok(numbers) => ColumnValues::Numbers(numbers),
                Err(_) => ColumnValues::Text(cells().map(|cell| Some(cell.to_owned())).collect()),
            };
            Column { name: (*name).to_owned(), values }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_all_there() {
        let RawData { inputs: RawInputs::Array { features: Features::U8(bytes), .. }, target, .. } = digits()
        else {
            panic!("bytes");
        };
        assert_eq!(bytes.len(), 1797 * 64);
        assert_eq!(bytes.iter().map(|&byte| u32::from(byte)).sum::<u32>(), 561_718);
        assert_eq!(bytes.iter().max(), Some(&16));
        let RawTarget::Classes { ids, .. } = target else { panic!("classes") };
        let counts = (0..10).map(|digit| ids.iter().filter(|&&id| id == digit).count()).collect::<Vec<_>>();
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    }

    #[test]
    fn iris_is_all_there() {
        let columns = iris();
        assert_eq!(columns.len(), 5);
        let sums: Vec<f64> = columns[..4]
            .iter()
            .map(|column| match &column.values {
                ColumnValues::Numbers(numbers) => (numbers.iter().sum::<f64>() * 10.0).round() / 10.0,
                ColumnValues::Text(_) => panic!("{} is text", column.name),
            })
            .collect();
        assert_eq!(sums, [876.5, 458.6, 563.7, 179.9]);
        assert_eq!(columns[4].missing(), 0);
    }
}
