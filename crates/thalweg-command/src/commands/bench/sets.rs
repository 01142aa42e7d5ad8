//! The rows of the works: images from the user's files where they are, everything else made.

use std::path::PathBuf;
use std::rc::Rc;

use thalweg::data::formats::{self, Contents, Format};
use thalweg::data::sources::named_files;
use thalweg::data::{Array, Dataset, DatasetTargets, Features, FittedScale, LoadOptions, Values, load};
use thalweg::experiment::Draft;
use thalweg::random::{Purpose, Stream};
use thalweg::{Precision, Real};

use super::passes::Convolution;
use crate::exit::Failure;

/// Pixels of an image's side.
const SIDE: usize = 28;
const PIXELS: usize = SIDE * SIDE;
/// Images of a training part.
const IMAGES: usize = 60_000;

/// Which rows a work has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    /// 30 points of an exponential.
    Curve,
    /// 100 rows of 27 numbers and three linear functions of them.
    Regression,
    /// 300 points of three spiral arms, as numbers of this precision.
    Spiral(Precision),
    /// 209 rows of 12,288 bytes.
    CatBytes,
    /// The same, divided by 255 already.
    CatFloats,
    /// 60,000 images of 28 x 28 bytes in ten classes.
    Images,
    /// The first of them, scaled, as numbers.
    ImageRows(usize),
    /// 100,000 rows of 64 numbers and one that follows from them.
    Waves,
    /// 512 rows of 4,096 numbers in ten classes.
    Wide,
    /// Numbers for a convolution.
    Planes(Convolution),
    /// 4,096 images of 3 x 32 x 32 bytes in ten classes.
    Colours,
    /// Bytes, half of them zero, at most 60,000 rows.
    Bytes { columns: usize, classes: usize, batch_size: usize },
}

impl Set {
    pub(super) const fn has_images(self) -> bool {
        matches!(self, Set::Images | Set::ImageRows(_))
    }
}

/// The origin of rows that no file holds.
pub(super) const MADE: &str = "made";

/// Rows, and where they are from.
#[derive(Clone)]
pub(super) struct Rows {
    pub(super) dataset: Rc<Dataset>,
    /// `fashion-mnist`, `mnist`, or [`MADE`].
    pub(super) origin: &'static str,
}

impl Rows {
    fn made(dataset: Dataset) -> Rows {
        Rows { dataset: Rc::new(dataset), origin: MADE }
    }

    /// The type of the features.
    pub(super) fn input(&self) -> &'static str {
        match self.dataset.features() {
            Features::U8(_) => "u8",
            Features::F32(_) => "f32",
            Features::F64(_) => "f64",
            Features::Shared(_) => "shared",
            Features::Sparse(_) => "sparse",
        }
    }

    /// How many bytes the features have.
    pub(super) fn bytes(&self) -> usize {
        match self.dataset.features() {
            Features::U8(values) => size_of_val(values.as_slice()),
            Features::F32(values) => size_of_val(values.as_slice()),
            Features::F64(values) => size_of_val(values.as_slice()),
            features @ (Features::Shared(_) | Features::Sparse(_)) => features.len() * size_of::<f64>(),
        }
    }
}

/// Gives works their rows, and keeps the images for the next work.
pub(super) struct Sets {
    folder: Option<PathBuf>,
    images: Option<Rows>,
}

impl Sets {
    /// `folder` is searched first for the files of images.
    pub(super) fn new(folder: Option<PathBuf>) -> Result<Sets, Failure> {
        match folder {
            Some(folder) if !folder.is_dir() => {
                Err(Failure::file(format!("--data {}: this is not a folder", folder.display())))
            }
            folder => Ok(Sets { folder, images: None }),
        }
    }

    pub(super) fn rows(&mut self, set: Set) -> Result<Rows, Failure> {
        Ok(match set {
            Set::Curve => Rows::made(formula("curve", Precision::F32)?),
            Set::Regression => Rows::made(formula("regression", Precision::F32)?),
            Set::Spiral(precision) => Rows::made(formula("spiral", precision)?),
            Set::CatBytes => Rows::made(cats(Features::U8)?.with_scale(by_255())),
            Set::CatFloats => {
                let scaled = |byte: u8| (f64::from(byte) / 255.0) as f32;
                let features = |bytes: Vec<u8>| Features::F32(bytes.into_iter().map(scaled).collect());
                Rows::made(cats(features)?)
            }
            Set::Images => self.images()?,
            Set::ImageRows(rows) => {
                let images = self.images()?;
                let mut x = vec![0.0_f32; rows * PIXELS];
                images.dataset.gather(&(0..rows as u32).collect::<Vec<_>>(), &mut x);
                let dataset = Dataset::new(Features::F32(x), PIXELS.into(), DatasetTargets::None)?;
                Rows { dataset: Rc::new(dataset), origin: images.origin }
            }
            Set::Waves => Rows::made(waves()?),
            Set::Wide => {
                let x = normal(512 * 4096);
                Rows::made(Dataset::new(Features::F32(x), 4096.into(), classes(512, 10))?)
            }
            Set::Planes(Convolution { channels, side, rows, .. }) => {
                let x = Features::F32(normal(rows * channels * side * side));
                Rows::made(Dataset::new(x, [channels, side, side].into(), DatasetTargets::None)?)
            }
            Set::Colours => Rows::made(bytes(4096, 3 * 32 * 32, 10)?),
            Set::Bytes { columns, classes, batch_size } => {
                let rows = ((64 << 20) / columns).clamp(batch_size.min(IMAGES), IMAGES);
                Rows::made(bytes(rows, columns, classes)?)
            }
        })
    }

    fn images(&mut self) -> Result<Rows, Failure> {
        if let Some(images) = &self.images {
            return Ok(images.clone());
        }
        let found = ["fashion-mnist", "mnist"]
            .into_iter()
            .find_map(|name| Some((name, named_files(name, self.folder.as_deref()).ok()?)));
        let images = match found {
            Some((origin, files)) => Rows { dataset: Rc::new(read_images(&files[..2])?), origin },
            None => Rows::made(made_images()?),
        };
        Ok(self.images.insert(images).clone())
    }
}

fn by_255() -> FittedScale {
    FittedScale::Divide { divisor: 255.0 }
}

fn stream(column: u32) -> Stream {
    Stream::new(0, Purpose::Generator, column, 0)
}

fn normal(count: usize) -> Vec<f32> {
    let mut values = vec![0.0; count];
    stream(0).fill_normal(0, &mut values);
    values
}

/// The class of each row, drawn.
fn classes(rows: usize, count: usize) -> DatasetTargets {
    let mut uniform = vec![0.0_f64; rows];
    stream(1).fill_uniform(0, &mut uniform);
    DatasetTargets::Classes { ids: uniform.iter().map(|u| (u * count as f64) as u32).collect(), count }
}

/// The rows of a built-in experiment that makes its own, as they are, as numbers of this precision.
fn formula(experiment: &str, precision: Precision) -> Result<Dataset, Failure> {
    let draft = Draft::builtin(experiment)?.set("data.scale", "none")?.set("data.scale_target", "none")?;
    let options = LoadOptions { draws_from_numpy: true, ..LoadOptions::default() };
    let rows = load(&draft.check()?.data, &options)?.train;
    let values = (0..rows.features().len()).map(|index| rows.features().value(index));
    let features = match precision {
        Precision::F32 => Features::F32(values.map(|value| value as f32).collect()),
        Precision::F64 => Features::F64(values.collect()),
    };
    Ok(Dataset::new(features, rows.feature_shape().clone(), rows.targets().clone())?)
}

/// Rows like the photographs of cats: as many, as dark, and with labels that mean nothing.
fn cats(features: impl FnOnce(Vec<u8>) -> Features) -> Result<Dataset, Failure> {
    const ROWS: usize = 209;
    const COLUMNS: usize = 12_288;
    const BRIGHTEST: f32 = 76.0;
    let mut uniform = vec![0.0_f32; ROWS * COLUMNS];
    stream(0).fill_uniform(0, &mut uniform);
    let bytes = uniform.iter().map(|u| (u * (BRIGHTEST + 1.0)) as u8).collect();
    Ok(Dataset::new(features(bytes), COLUMNS.into(), classes(ROWS, 2))?)
}

/// 64 normal numbers per row, and the sum of their sines.
fn waves() -> Result<Dataset, Failure> {
    const COLUMNS: usize = 64;
    let x = normal(100_000 * COLUMNS);
    let sines = |row: &[f32]| row.iter().map(|&x| f64::from(Real::sin(x))).sum();
    let values = x.chunks_exact(COLUMNS).map(sines).collect();
    Ok(Dataset::new(Features::F32(x), COLUMNS.into(), DatasetTargets::Values { values, outputs: 1 })?)
}

/// Bytes, half of them zero.
fn bytes(rows: usize, columns: usize, count: usize) -> Result<Dataset, Failure> {
    let count_of_words = (rows * columns).div_ceil(2);
    let mut words = vec![0; count_of_words];
    stream(0).fill_words(0, &mut words);
    let pixel = |word: u32| if word & 0x100 == 0 { 0 } else { word as u8 };
    let mut bytes: Vec<u8> = words.iter().flat_map(|&word| [pixel(word), pixel(word >> 16)]).collect();
    bytes.truncate(rows * columns);
    Ok(Dataset::new(Features::U8(bytes), columns.into(), classes(rows, count))?.with_scale(by_255()))
}

/// Images as MNIST has them: half of the pixels black, those at the border always, the others brighter or darker by
/// class.
fn made_images() -> Result<Dataset, Failure> {
    let targets = classes(IMAGES, 10);
    let DatasetTargets::Classes { ids, count } = &targets else { unreachable!("classes were drawn") };
    let mut patterns = vec![0; count * PIXELS];
    stream(2).fill_words(0, &mut patterns);
    let chances: Vec<u8> = (0..PIXELS).map(chance).collect();
    let mut words = vec![0; PIXELS.div_ceil(2)];
    let mut pixels = Vec::with_capacity(IMAGES * PIXELS);
    for (row, &id) in ids.iter().enumerate() {
        let pattern = &patterns[id as usize * PIXELS..][..PIXELS];
        stream(3).fill_words((row * words.len().next_multiple_of(4)) as u64, &mut words);
        for pixel in 0..PIXELS {
            // Half a word each: a byte decides, the other is noise.
            let word = words[pixel / 2] >> (16 * (pixel % 2));
            let is_lit = (word as u8) < chances[pixel];
            let bright = ((pattern[pixel] & 0xff) + (word >> 8 & 0xff)) / 2;
            pixels.push(if is_lit { bright.max(1) as u8 } else { 0 });
        }
    }
    Ok(Dataset::new(Features::U8(pixels), PIXELS.into(), targets)?.with_scale(by_255()))
}

/// How often a pixel is lit, of 256 times: never at the border, always in the middle, every other time on the average.
fn chance(pixel: usize) -> u8 {
    let middle = (SIDE - 1) as f64 / 2.0;
    let away = |place: usize| (place as f64 - middle).abs() / middle;
    let distance = away(pixel / SIDE).max(away(pixel % SIDE));
    (255.0 * (1.0 - distance * distance)) as u8
}

/// The images and labels of two IDX files.
fn read_images(files: &[PathBuf]) -> Result<Dataset, Failure> {
    let [images, labels] = [&files[0], &files[1]].map(|file| -> Result<Array, Failure> {
        match formats::read(file, Some(Format::Idx))?.contents {
            Contents::Array(array) => Ok(array),
            _ => Err(Failure::file(format!("{}: this is not one array", file.display()))),
        }
    });
    let (images, labels) = (images?, labels?);
    let is_right = images.row_len() == PIXELS && labels.shape() == [images.rows()];
    match (images.into_parts().1, labels.into_parts().1) {
        (Values::U8(pixels), Values::U8(labels)) if is_right => {
            let ids = labels.into_iter().map(u32::from).collect();
            let targets = DatasetTargets::Classes { ids, count: 10 };
            Ok(Dataset::new(Features::U8(pixels), PIXELS.into(), targets)?.with_scale(by_255()))
        }
        _ => Err(Failure::file(format!(
            "{}: these are not images of {SIDE} x {SIDE} bytes with a label each",
            files[0].display()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_images_are_like_images() {
        let images = made_images().unwrap();
        let Features::U8(pixels) = images.features() else { panic!("images are bytes") };
        let zeros = pixels.iter().filter(|&&pixel| pixel == 0).count() as f64 / pixels.len() as f64;
        assert!((0.45..0.55).contains(&zeros), "{zeros}");
        assert!(pixels.chunks_exact(PIXELS).all(|image| image[0] == 0 && image[PIXELS - 1] == 0));
    }

    #[test]
    fn every_set_fits_its_words() {
        let mut sets = Sets::new(None).unwrap();
        for (set, rows, columns, input) in [
            (Set::Curve, 30, 1, "f32"),
            (Set::Regression, 100, 27, "f32"),
            (Set::Spiral(Precision::F64), 300, 2, "f64"),
            (Set::CatBytes, 209, 12_288, "u8"),
            (Set::CatFloats, 209, 12_288, "f32"),
            (Set::Wide, 512, 4096, "f32"),
            (Set::Bytes { columns: 7, classes: 3, batch_size: 5 }, 60_000, 7, "u8"),
            (Set::Bytes { columns: 1 << 20, classes: 3, batch_size: 5 }, 64, 1 << 20, "u8"),
        ] {
            let found = sets.rows(set).unwrap();
            let dataset = &found.dataset;
            assert_eq!((dataset.rows(), dataset.columns(), found.input()), (rows, columns, input), "{set:?}");
        }
        assert_eq!(sets.rows(Set::Bytes { columns: 7, classes: 3, batch_size: 5 }).unwrap().bytes(), 420_000);
    }
}
