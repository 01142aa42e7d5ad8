//! What is done to one image: drawn from the counter-based numbers of its row and epoch.

use super::{Augmentation, Flip, PixelLayout};
use crate::functions::pow_f64;
use crate::random::{Purpose, Stream};

/// Which stream a change draws from: the stream's column (NUMERICS rule 15). Part of the contract.
const SHIFT: u32 = 0;
const FLIP: u32 = 1;
const ROTATE: u32 = 2;
const CROP: u32 = 3;
const CUTOUT: u32 = 4;
const PARTNER: u32 = 5;
const SHARE: u32 = 6;
const BRIGHTNESS: u32 = 7;
const CONTRAST: u32 = 8;

/// Pairs of numbers that a row may try for λ. Each is taken with a chance of at least one half, so that none being taken is not
/// to be seen.
const TRIES: u64 = 64;

/// The numbers of one row in one epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowDraws {
    pub(super) seed: u64,
    pub(super) epoch: u64,
    /// The row's number in the data.
    pub(super) row: u32,
}

/// Where the pixels of a new image come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Placement {
    /// By how many rows and columns the image moves.
    pub(super) shift: [isize; 2],
    /// Whether rows and columns are turned over.
    pub(super) flip: [bool; 2],
    /// The rotation, in degrees.
    pub(super) degrees: f64,
    /// The side of the part that is shown, as a share, and how far its centre lies from the image's.
    pub(super) side: f64,
    pub(super) offset: [f64; 2],
}

impl RowDraws {
    fn stream(self, column: u32) -> Stream {
        Stream::new(self.seed, Purpose::Augmentation, column, self.epoch)
    }

    /// Number `i` of this row's `each` in [0, 1).
    fn unit(self, column: u32, each: u64, i: u64) -> f64 {
        self.stream(column).uniform(u64::from(self.row) * each + i)
    }

    /// A number from [-most, most).
    fn around(self, column: u32, most: f64) -> f64 {
        most * (2.0 * self.unit(column, 1, 0) - 1.0)
    }

    pub(super) fn placement(self, augmentation: &Augmentation, layout: &PixelLayout) -> Placement {
        let most = augmentation.shift as f64;
        let step =
            |i| ((2.0 * most + 1.0) * self.unit(SHIFT, 2, i)).floor() as isize - augmentation.shift as isize;
        let may_flip = match augmentation.flip {
            None => [false, false],
            Some(Flip::Horizontal) => [false, true],
            Some(Flip::Vertical) => [true, false],
            Some(Flip::Both) => [true, true],
        };
        let turned = |axis: usize| may_flip[axis] && self.unit(FLIP, 2, axis as u64) < 0.5;
        let side = augmentation.crop + (1.0 - augmentation.crop) * self.unit(CROP, 3, 0);
        // The part lies anywhere inside of the image.
        let room = |axis: usize| {
            let most = (1.0 - side) * ([layout.height, layout.width][axis] - 1) as f64 / 2.0;
            most * (2.0 * self.unit(CROP, 3, 1 + axis as u64) - 1.0)
        };
        Placement {
            shift: if augmentation.shift > 0 { [step(0), step(1)] } else { [0, 0] },
            flip: [turned(0), turned(1)],
            degrees: if augmentation.rotate > 0.0 { self.around(ROTATE, augmentation.rotate) } else { 0.0 },
            side: if augmentation.crop < 1.0 { side } else { 1.0 },
            offset: if augmentation.crop < 1.0 { [room(0), room(1)] } else { [0.0, 0.0] },
        }
    }

    /// The factor of distances from the mean.
    pub(super) fn contrast(self, most: f64) -> f64 {
        1.0 + self.around(CONTRAST, most)
    }

    /// What is added to all values.
    pub(super) fn brightness(self, most: f64) -> f64 {
        self.around(BRIGHTNESS, most)
    }

    /// The centre of the square that is cut out.
    pub(super) fn cutout(self, layout: &PixelLayout) -> [usize; 2] {
        [0, 1].map(|axis| {
            let size = [layout.height, layout.width][axis];
            ((size as f64 * self.unit(CUTOUT, 2, axis as u64)) as usize).min(size - 1)
        })
    }

    /// The row that an image is mixed with, of so many.
    pub(super) fn partner(self, rows: usize) -> u32 {
        ((rows as f64 * self.unit(PARTNER, 1, 0)) as usize).min(rows - 1) as u32
    }

    /// The row's own share λ ~ Beta(α, α), or 1 - λ if that is larger.
    ///
    /// ```text
    /// a = u^(1/α), b = v^(1/α); if a + b ≤ 1, λ = a/(a + b), else the next pair u, v
    /// ```
    ///
    /// Source: Jöhnk, "Erzeugung von betaverteilten und gammaverteilten Zufallszahlen" (1964).
    pub(super) fn share(self, alpha: f64) -> f64 {
        for i in 0..TRIES {
            let [a, b] = [0, 1].map(|k| pow_f64(self.unit(SHARE, 2 * TRIES, 2 * i + k), 1.0 / alpha));
            if a + b <= 1.0 && a + b > 0.0 {
                return a.max(b) / (a + b);
            }
        }
        1.0 // both powers are too small to be numbers: α is next to 0, and so is a share of another image
    }
}
