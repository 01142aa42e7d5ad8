//! `training.augment`: how images of the training part are changed, read and written.

use super::item::Item;
use super::problem::{Bounds, Kind};
use super::tree::Fault;
use crate::data::{Augmentation, Flip};

pub(super) const KEYS: [&str; 8] =
    ["shift", "flip", "rotate", "crop", "cutout", "mixup", "brightness", "contrast"];

/// Which ways an image may be turned over, by name.
pub(super) const FLIPS: [(&str, Flip); 3] =
    [("horizontal", Flip::Horizontal), ("vertical", Flip::Vertical), ("both", Flip::Both)];

/// The most pixels of a shift or a square.
const MOST_PIXELS: u64 = 1 << 20;

pub(super) fn read(item: &Item<'_>) -> Result<Augmentation, Fault> {
    let (keys, default) = (item.keys()?, Augmentation::default());
    keys.only(&KEYS)?;
    let number = |key, default, bounds| keys.read(key, default, |item| item.number(bounds));
    Ok(Augmentation {
        shift: keys.read("shift", default.shift, |item| item.size(0, MOST_PIXELS))?,
        flip: keys.maybe("flip", |item| flip(&item))?,
        rotate: number("rotate", default.rotate, Bounds::HalfTurn)?,
        crop: number("crop", default.crop, Bounds::PositiveShare)?,
        cutout: keys.read("cutout", default.cutout, |item| item.size(0, MOST_PIXELS))?,
        mixup: number("mixup", default.mixup, Bounds::Share)?,
        brightness: number("brightness", default.brightness, Bounds::NotNegative)?,
        contrast: number("contrast", default.contrast, Bounds::Share)?,
    })
}

fn flip(item: &Item<'_>) -> Result<Flip, Fault> {
    let name = item.one_of(Kind::Flip, &FLIPS.map(|(name, _)| name))?;
    Ok(FLIPS.into_iter().find(|(known, _)| *known == name).map_or(Flip::Horizontal, |(_, flip)| flip))
}

/// What is not off.
pub(super) fn written(augmentation: &Augmentation) -> String {
    let default = Augmentation::default();
    let flip = augmentation.flip.and_then(|own| FLIPS.into_iter().find(|(_, flip)| *flip == own));
    let whole = |key: &str, value: usize| (value != 0).then(|| format!("{key} = {value}"));
    let number = |key: &str, value: f64, off: f64| (value != off).then(|| format!("{key} = {value:?}"));
    let keys = [
        whole("shift", augmentation.shift),
        flip.map(|(name, _)| format!("flip = \"{name}\"")),
        number("rotate", augmentation.rotate, default.rotate),
        number("crop", augmentation.crop, default.crop),
        whole("cutout", augmentation.cutout),
        number("mixup", augmentation.mixup, default.mixup),
        number("brightness", augmentation.brightness, default.brightness),
        number("contrast", augmentation.contrast, default.contrast),
    ];
    let keys: Vec<String> = keys.into_iter().flatten().collect();
    if keys.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", keys.join(", ")) }
}
