//! Augmentation by hand, and that it depends on row and epoch alone.

use super::batch::AugmentedBatch;
use super::draw::{Placement, RowDraws};
use super::geometry::place;
use super::*;
use crate::data::features::Features;
use crate::plan::Rows;

const STILL: Placement =
    Placement { shift: [0, 0], flip: [false, false], degrees: 0.0, side: 1.0, offset: [0.0, 0.0] };

fn layout(channels: usize, height: usize, width: usize) -> PixelLayout {
    PixelLayout { channels, height, width, channel_stride: height * width, pixel_stride: 1 }
}

fn placed(placement: Placement, between: bool, layout: PixelLayout, x: &[f64]) -> Vec<f64> {
    let mut y = vec![f64::NAN; x.len()];
    place(&placement, between, &layout, x, &mut y);
    y
}

#[test]
fn images_are_moved_and_turned_over() {
    let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let layout = layout(1, 2, 3);
    let moved = Placement { shift: [1, -1], ..STILL };
    assert_eq!(placed(moved, false, layout, &x), [0.0, 0.0, 0.0, 2.0, 3.0, 0.0]);
    let flipped = Placement { flip: [false, true], ..STILL };
    assert_eq!(placed(flipped, false, layout, &x), [3.0, 2.0, 1.0, 6.0, 5.0, 4.0]);
    // Both: turned over first, then moved.
    let both = Placement { shift: [0, 1], flip: [true, true], ..STILL };
    assert_eq!(placed(both, false, layout, &x), [0.0, 6.0, 5.0, 0.0, 3.0, 2.0]);
    // Between pixels comes to the same where nothing lies between.
    for placement in [STILL, moved, flipped, both] {
        assert_eq!(placed(placement, true, layout, &x), placed(placement, false, layout, &x));
    }
    // Pixel by pixel, two channels.
    let pixels = PixelLayout { channels: 2, height: 1, width: 3, channel_stride: 1, pixel_stride: 2 };
    assert_eq!(placed(flipped, false, pixels, &x), [5.0, 6.0, 3.0, 4.0, 1.0, 2.0]);
}

#[test]
fn images_are_rotated_and_cropped_about_their_centre() {
    let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
    let quarter = placed(Placement { degrees: 90.0, ..STILL }, true, layout(1, 3, 3), &x);
    for (y, expected) in quarter.iter().zip([7.0, 4.0, 1.0, 8.0, 5.0, 2.0, 9.0, 6.0, 3.0]) {
        assert!((y - expected).abs() < 1e-14 || *y == 0.0, "{quarter:?}");
    }
    assert!((quarter[4] - 5.0).abs() < 1e-14);
    // Half the side: pixels at -½, 0, ½ of the centre.
    let cropped = placed(Placement { side: 0.5, ..STILL }, true, layout(1, 3, 3), &x);
    assert_eq!(cropped, [3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0]);
    let aside = Placement { side: 0.5, offset: [0.5, -0.5], ..STILL };
    assert_eq!(placed(aside, true, layout(1, 3, 3), &x), [4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0]);
}

fn images(rows: usize) -> Dataset {
    let values = (0..rows * 20).map(|i| (i * 7919 % 256) as u8).collect();
    let ids = (0..rows).map(|n| (n % 3) as u32).collect();
    let targets = DatasetTargets::Classes { ids, count: 3 };
    let data = Dataset::new(Features::U8(values), Shape::from([1, 4, 5]), targets).unwrap();
    data.with_scale(FittedScale::Divide { divisor: 255.0 })
}

fn all() -> Augmentation {
    Augmentation {
        shift: 1,
        flip: Some(Flip::Both),
        rotate: 20.0,
        crop: 0.8,
        cutout: 2,
        mixup: 0.4,
        brightness: 0.1,
        contrast: 0.2,
    }
}

fn batch(
    augmentation: Augmentation,
    data: &Dataset,
    rows: &[u32],
    epoch: u64,
) -> (Vec<f32>, Vec<f32>, Vec<u32>) {
    let mut batch = AugmentedBatch::<f32>::new(augmentation, 5, data, 8, data.feature_shape(), 3).unwrap();
    batch.take(Rows { data, rows, epoch });
    let changed = batch.batch();
    let (mut x, mut t) = (vec![0.0; rows.len() * 20], vec![0.0; rows.len() * 3]);
    changed.data.gather(changed.rows, &mut x);
    changed.data.gather_targets(changed.rows, 3, &mut t);
    (x, t, changed.data.row_numbers()[..rows.len()].to_vec())
}

#[test]
fn a_row_depends_on_its_number_and_the_epoch_alone() {
    let data = images(30);
    let (x, t, numbers) = batch(all(), &data, &[7, 3, 29], 4);
    assert_eq!(numbers, [7, 3, 29]);
    let (alone, target, _) = batch(all(), &data, &[3], 4);
    assert_eq!((&x[20..40], &t[3..6]), (&alone[..], &target[..]));
    assert_ne!(batch(all(), &data, &[3], 5).0, alone);
    // Another order of the same data: rows keep their numbers, and only whom they are mixed with goes by place.
    let unmixed = Augmentation { mixup: 0.0, ..all() };
    let turned = data.select(&(0..30).rev().collect::<Vec<u32>>());
    assert_eq!(batch(unmixed, &data, &[3], 4).0, batch(unmixed, &turned, &[26], 4).0);
}

#[test]
fn what_is_off_changes_nothing_and_draws_stay_in_their_bounds() {
    let data = images(30);
    let rows: Vec<u32> = (0..8).collect();
    let mut x = vec![0.0_f32; 160];
    data.gather(&rows, &mut x);
    assert!(Augmentation::default().is_off());
    assert_eq!(batch(Augmentation::default(), &data, &rows, 1).0, x);

    let layout = layout(1, 4, 5);
    let mut seen = std::collections::BTreeSet::new();
    let mut flips = [0; 2];
    let mut shares = 0.0;
    for row in 0..2000 {
        let draws = RowDraws { seed: 1, epoch: 0, row };
        let placement = draws.placement(&Augmentation { shift: 2, ..all() }, &layout);
        seen.insert(placement.shift);
        (0..2).for_each(|axis| flips[axis] += usize::from(placement.flip[axis]));
        assert!(placement.degrees.abs() <= 20.0 && (0.8..=1.0).contains(&placement.side));
        assert!(placement.offset[0].abs() <= (1.0 - placement.side) * 1.5 + 1e-15);
        assert!(draws.partner(30) < 30 && draws.cutout(&layout)[0] < 4);
        let share = draws.share(1.0);
        assert!((0.5..=1.0).contains(&share));
        shares += share / 2000.0;
    }
    assert_eq!(seen.len(), 25);
    assert!(flips.iter().all(|&count| (900..1100).contains(&count)), "{flips:?}");
    // The larger of λ and 1 - λ with λ equally likely: ¾ on average.
    assert!((shares - 0.75).abs() < 0.01, "{shares}");
}

#[test]
fn targets_are_mixed_as_the_images_are() {
    let data = images(30);
    let only = Augmentation { mixup: 1.0, ..Augmentation::default() };
    let (x, t, _) = batch(only, &data, &[4], 0);
    let draws = RowDraws { seed: 5, epoch: 0, row: 4 };
    let (partner, share) = (draws.partner(30), draws.share(1.0));
    let mut pair = vec![0.0_f32; 40];
    data.gather(&[4, partner], &mut pair);
    for i in 0..20 {
        let mixed = share as f32 * pair[i] + (1.0 - share as f32) * pair[20 + i];
        assert!((x[i] - mixed).abs() < 1e-6);
    }
    assert!((t.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    assert!(t[1] >= 0.5);
}

#[test]
fn squares_and_light() {
    let data = images(3);
    let plain = batch(Augmentation::default(), &data, &[0], 0).0;
    let cut = batch(Augmentation { cutout: 2, ..Augmentation::default() }, &data, &[0], 0).0;
    let differing = plain.iter().zip(&cut).filter(|(a, b)| a != b).count();
    assert!((1..=4).contains(&differing));
    let bright = batch(Augmentation { brightness: 0.5, ..Augmentation::default() }, &data, &[0], 0).0;
    let added = bright[0] - plain[0];
    assert!(added != 0.0 && plain.iter().zip(&bright).all(|(a, b)| (b - a - added).abs() < 1e-6));
    let mean = |x: &[f32]| x.iter().sum::<f32>() / 20.0;
    let stark = batch(Augmentation { contrast: 0.5, ..Augmentation::default() }, &data, &[0], 0).0;
    assert!((mean(&stark) - mean(&plain)).abs() < 1e-6 && stark != plain);
}

#[test]
fn what_cannot_be_augmented_is_refused() {
    let refuse = |augmentation: Augmentation, data: &Dataset| {
        augmentation.check(data, data.feature_shape()).unwrap_err().to_string()
    };
    let targets = DatasetTargets::Values { values: vec![1.0, 2.0], outputs: 1 };
    let numbers = Dataset::new(Features::F32(vec![0.0; 8]), Shape::from([2, 2]), targets.clone()).unwrap();
    insta::assert_snapshot!(refuse(all(), &numbers), @"training.augment.mixup mixes classes, but the target is numbers; leave mixup out");
    let table = Dataset::new(Features::F32(vec![0.0; 8]), Shape::from(4), targets).unwrap();
    insta::assert_snapshot!(refuse(all(), &table), @"training.augment changes images, but a row has the shape [4]; say network.input_shape = [channels, height, width] if the rows are images, or leave augment out");
    let columns = FittedScale::Columns { shift: vec![0.0; 20], width: vec![1.0; 20] };
    insta::assert_snapshot!(refuse(all(), &images(3).with_scale(columns)), @r#"training.augment moves values from pixel to pixel, but each pixel is scaled in its own way here; use data.scale = "divide-255" or "none""#);
    assert!(all().check(&images(3), &Shape::from([1, 4, 5])).is_ok());
}
