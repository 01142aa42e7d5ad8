//! The rows of a batch as they are changed: a small data set of its own, which every plan takes like any other.

use super::draw::RowDraws;
use super::geometry::place;
use super::{Augmentation, PixelLayout};
use crate::data::dataset::{Dataset, DatasetTargets};
use crate::error::Result;
use crate::kernels::OrderedSum;
use crate::plan::Rows;
use crate::real::Real;
use crate::shape::Shape;

/// Room for a batch of changed rows, made once.
#[derive(Debug)]
pub(crate) struct AugmentedBatch<R: Real> {
    augmentation: Augmentation,
    seed: u64,
    layout: PixelLayout,
    /// The rows as the network sees them, scaled, in its own type.
    rows: Dataset,
    /// 0, 1, 2 ...: all rows in order.
    order: Vec<u32>,
    /// How many rows the last batch had, and its epoch.
    count: usize,
    epoch: u64,
    /// An image before it is changed, and one to mix with.
    before: Vec<R>,
    other: Vec<R>,
}

impl<R: Real> AugmentedBatch<R> {
    /// Room for batches of up to `largest_batch` rows of `data`, for a network that takes examples of the shape `input` and gives
    /// so many outputs.
    ///
    /// # Errors
    /// As [`Augmentation::check`].
    pub(crate) fn new(
        augmentation: Augmentation,
        seed: u64,
        data: &Dataset,
        largest_batch: usize,
        input: &Shape,
        outputs: usize,
    ) -> Result<Self> {
        let layout = augmentation.check(data, input)?;
        let mixed = (augmentation.mixup > 0.0).then_some(outputs);
        Ok(AugmentedBatch {
            augmentation,
            seed,
            layout,
            rows: data.room::<R>(largest_batch, mixed),
            order: (0..largest_batch as u32).collect(),
            count: 0,
            epoch: 0,
            before: vec![R::ZERO; data.columns()],
            other: vec![R::ZERO; data.columns()],
        })
    }

    /// A data set like that of the batches.
    pub(crate) fn data(&self) -> &Dataset {
        &self.rows
    }

    /// The last batch.
    pub(crate) fn batch(&self) -> Rows<'_> {
        Rows { data: &self.rows, rows: &self.order[..self.count], epoch: self.epoch }
    }

    /// Takes the rows of a batch and changes them. Nothing is allocated.
    pub(crate) fn take(&mut self, batch: Rows<'_>) {
        (self.count, self.epoch) = (batch.rows.len(), batch.epoch);
        let columns = batch.data.columns();
        for (n, &row) in batch.rows.iter().enumerate() {
            let draws = self.draws(batch.data, row);
            let mut x = std::mem::take(&mut self.other);
            self.image(batch.data, row, &mut x);
            self.rows.take_row(n, batch.data, row);
            self.rows.room_of::<R>()[n * columns..(n + 1) * columns].copy_from_slice(&x);
            if self.augmentation.mixup > 0.0 {
                let partner = draws.partner(batch.data.rows());
                let share = draws.share(self.augmentation.mixup);
                self.image(batch.data, partner, &mut x);
                let own = R::from_f64(share);
                for (to, other) in self.rows.room_of::<R>()[n * columns..].iter_mut().zip(&x) {
                    // λ·x + (1 - λ)·x'
                    *to = own.mul_add(*to - *other, *other);
                }
                self.mix_targets(n, batch.data, [row, partner], share);
            }
            self.other = x;
        }
    }

    fn draws(&self, data: &Dataset, row: u32) -> RowDraws {
        RowDraws { seed: self.seed, epoch: self.epoch, row: data.row_numbers()[row as usize] }
    }

    /// One row, changed in every way but mixed.
    fn image(&mut self, data: &Dataset, row: u32, x: &mut [R]) {
        let (augmentation, layout, draws) = (self.augmentation, self.layout, self.draws(data, row));
        data.gather_row(row, &mut self.before);
        let placement = draws.placement(&augmentation, &layout);
        place(&placement, augmentation.is_between_pixels(), &layout, &self.before, x);
        if augmentation.contrast > 0.0 {
            let mut sum = OrderedSum::new();
            sum.push_all(x);
            let mean = R::from_f64(sum.total() / x.len() as f64);
            let factor = R::from_f64(draws.contrast(augmentation.contrast));
            for x in x.iter_mut() {
                *x = factor.mul_add(*x - mean, mean);
            }
        }
        if augmentation.brightness > 0.0 {
            let added = R::from_f64(draws.brightness(augmentation.brightness));
            for x in x.iter_mut() {
                *x += added;
            }
        }
        if augmentation.cutout > 0 {
            cut_out(draws.cutout(&layout), augmentation.cutout, &layout, x);
        }
    }

    /// t ← λ·t + (1 - λ)·t' with targets of 0 and 1 for each class, or one of 0 or 1 where one output tells two classes apart.
    fn mix_targets(&mut self, n: usize, data: &Dataset, rows: [u32; 2], share: f64) {
        let DatasetTargets::Classes { ids, .. } = data.targets() else { return };
        let DatasetTargets::Values { values, outputs } = self.rows.targets_mut() else { return };
        let targets = &mut values[n * *outputs..(n + 1) * *outputs];
        targets.fill(0.0);
        for (row, share) in rows.into_iter().zip([share, 1.0 - share]) {
            let class = ids[row as usize] as usize;
            // One output says how much a row is of class 1.
            match targets.len() {
                1 => targets[0] += share * class as f64,
                _ => targets[class] += share,
            }
        }
    }
}

/// Sets a square around a place to 0, as far as it lies in the image.
fn cut_out<R: Real>(centre: [usize; 2], side: usize, layout: &PixelLayout, x: &mut [R]) {
    let range = |at: usize, size: usize| {
        let start = at.saturating_sub(side / 2);
        start..(at + side - side / 2).min(size)
    };
    for channel in 0..layout.channels {
        for row in range(centre[0], layout.height) {
            for column in range(centre[1], layout.width) {
                x[layout.at(channel, row, column)] = R::ZERO;
            }
        }
    }
}
