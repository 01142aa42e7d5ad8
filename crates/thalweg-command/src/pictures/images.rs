//! Images of the data with their labels and predictions: the first, one by its index, the most wrong.

use thalweg::data::{Dataset, DatasetTargets, Features};
use thalweg::train::Part;
use thalweg_draw::terminal::short_number;
use thalweg_draw::{Image, ImageGrid, Mark, Picture};

use super::subject::{chosen, value_of};
use super::{Choice, PictureProblem, Reason, RunView, Trained, USUAL_INDEX, Unfit, predicted};

/// Images of the first rows.
const FIRST: usize = 25;

/// Images of the most wrong rows.
const MOST_WRONG: usize = 15;

/// An image has sides of at least this many pixels.
const LEAST_SIDE: usize = 3;

/// Values from which the brightness of a pixel is judged, at most.
const JUDGED_VALUES: usize = 2_000_000;

/// Bytes whose largest is below this are no usual brightness (the 8×8 digits go to 16).
const BRIGHT: f64 = 128.0;

/// How the values of a row are laid out as an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    /// All values of one channel, then all of the next, instead of pixel by pixel.
    pub(super) planes: bool,
}

/// How rows become images.
struct Pixels {
    layout: Layout,
    /// The values that are black and white.
    range: (f64, f64),
}

impl Layout {
    /// The layout of rows with these axes, or of flat rows whose network takes these.
    pub(super) fn of(run: &RunView<'_>) -> Result<Layout, Unfit> {
        let shape = run.train.feature_shape();
        let by_network = run.layers.first().map(|layer| layer.input.axes()).unwrap_or_default();
        Layout::of_axes(shape.axes())
            .or_else(|| Layout::of_axes(by_network))
            .ok_or_else(|| Reason::NotImages { shape: shape.to_string() }.into())
    }

    fn of_axes(axes: &[usize]) -> Option<Layout> {
        let layout = match *axes {
            [height, width] => Layout { height, width, channels: 1, planes: false },
            [height, width, channels @ (1 | 3)] => Layout { height, width, channels, planes: false },
            [channels @ (1 | 3), height, width] => Layout { height, width, channels, planes: true },
            _ => return None,
        };
        (layout.height >= LEAST_SIDE && layout.width >= LEAST_SIDE).then_some(layout)
    }
}

impl Pixels {
    fn of(run: &RunView<'_>) -> Result<Pixels, Unfit> {
        let layout = Layout::of(run)?;
        let features = run.train.features();
        let count = features.len().min(JUDGED_VALUES);
        let values = || (0..count).map(|index| features.value(index));
        let (low, high) =
            (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        let range = match features {
            Features::U8(_) if high >= BRIGHT => (0.0, 255.0),
            Features::U8(_) => (0.0, high.max(1.0)),
            _ => (low, if high > low { high } else { low + 1.0 }),
        };
        Ok(Pixels { layout, range })
    }

    fn image(&self, data: &Dataset, row: usize) -> Result<Image, thalweg_draw::DrawError> {
        let (low, high) = self.range;
        let byte = |column| {
            (255.0 * (data.feature(row, column) - low) / (high - low)).clamp(0.0, 255.0).round() as u8
        };
        let bytes: Vec<u8> = (0..data.columns()).map(byte).collect();
        let Layout { height, width, channels, planes } = self.layout;
        match (channels, planes) {
            (1, _) => Image::gray(width, height, &bytes),
            (_, false) => Image::rgb(width, height, &bytes),
            (_, true) => Image::planes(width, height, &bytes),
        }
    }
}

/// The first images of a part.
pub(super) fn images(run: &RunView<'_>, trained: &mut dyn Trained, choice: Choice) -> Result<Picture, Unfit> {
    let pixels = Pixels::of(run)?;
    let part = choice.part.unwrap_or_else(|| run.outermost_part());
    let data = run.part(part)?;
    let count = data.rows().min(FIRST);
    let first: Vec<u32> = (0..count as u32).collect();
    let data = data.select(&first);
    let predictions = trained.predict(&data)?;
    let width = predictions.len() / count;
    let what = if data.rows() < run.part(part)?.rows() { "first " } else { "" };
    let mut grid = ImageGrid::new(format!("{}: the {what}{count} {} images", run.name, part.name()))
        .columns(count.min(5));
    for (row, values) in predictions.chunks_exact(width).enumerate() {
        let (caption, mark) = caption(run, &data, row, values);
        grid = grid.image(pixels.image(&data, row)?, caption, mark);
    }
    Ok(grid.draw()?)
}

/// One image of a part, by its index.
pub(super) fn image(run: &RunView<'_>, trained: &mut dyn Trained, choice: Choice) -> Result<Picture, Unfit> {
    let pixels = Pixels::of(run)?;
    let part = choice.part.unwrap_or(Part::Train);
    let data = run.part(part)?;
    let index = choice.index.unwrap_or_else(|| usual_index(data));
    if index >= data.rows() {
        return Err(PictureProblem::NoSuchRow { index, part: part.name(), rows: data.rows() }.into());
    }
    let one = data.select(&[index as u32]);
    let values = trained.predict(&one)?;
    let (caption, mark) = caption(run, &one, 0, &values);
    let grid = ImageGrid::new(format!("{}: {} image {index}", run.name, part.name()));
    Ok(grid.image(pixels.image(&one, 0)?, caption, mark).draw()?)
}

/// The images whose right class got least and whose wrong class got most.
pub(super) fn mistakes(
    run: &RunView<'_>,
    trained: &mut dyn Trained,
    choice: Choice,
) -> Result<Picture, Unfit> {
    let pixels = Pixels::of(run)?;
    let part = choice.part.unwrap_or_else(|| run.outermost_part());
    let data = run.part(part)?;
    let DatasetTargets::Classes { ids, .. } = data.targets() else { return Err(Reason::NotClasses.into()) };
    let predictions = predicted(run, trained, part)?;
    let are_scores = run.loss.gives_scores();
    let mut wrong: Vec<(usize, f64)> = Vec::new();
    for (row, (values, &label)) in predictions.iter().zip(ids).enumerate() {
        let (class, value) = chosen(values, are_scores);
        if class != Some(label as usize) {
            wrong.push((row, value - value_of(values, label as usize, are_scores)));
        }
    }
    if wrong.is_empty() {
        return Err(Reason::NoneWrong { part: part.name() }.into());
    }
    wrong.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let shown = wrong.len().min(MOST_WRONG);
    let title = format!(
        "{}: {} of {} {} images are predicted wrongly{}",
        run.name,
        wrong.len(),
        data.rows(),
        part.name(),
        if shown < wrong.len() { format!("; the {shown} most wrong") } else { String::new() }
    );
    let mut grid = ImageGrid::new(title).columns(shown.min(5));
    for &(row, _) in &wrong[..shown] {
        let (caption, mark) = caption(run, data, row, &predictions[row]);
        grid = grid.image(pixels.image(data, row)?, format!("{row}: {caption}"), mark);
    }
    Ok(grid.draw()?)
}

/// One row as an image.
pub(super) fn picture_of(run: &RunView<'_>, data: &Dataset, row: usize) -> Result<Image, Unfit> {
    Ok(Pixels::of(run)?.image(data, row)?)
}

/// The index of the image that is drawn where nobody says which.
pub(super) fn usual_index(data: &Dataset) -> usize {
    USUAL_INDEX.min(data.rows() - 1)
}

/// Label and prediction of a row, in words.
fn caption(run: &RunView<'_>, data: &Dataset, row: usize, values: &[f64]) -> (String, Mark) {
    match data.targets() {
        DatasetTargets::Classes { ids, .. } => {
            let label = ids[row] as usize;
            let name = |class: usize| data.label_names().get(class).map_or("?", String::as_str);
            let (class, value) = chosen(values, run.loss.gives_scores());
            let sure = if run.loss.from_logits() { percent(value) } else { short_number(value) };
            let predicted =
                class.map_or_else(|| "nothing".to_owned(), |class| format!("{} ({sure})", name(class)));
            let mark = if class == Some(label) { Mark::Right } else { Mark::Wrong };
            (format!("label {}\npredicted {predicted}", name(label)), mark)
        }
        DatasetTargets::Values { values: targets, outputs: 1 } => (
            format!("target {}\npredicted {}", short_number(targets[row]), short_number(values[0])),
            Mark::Plain,
        ),
        _ => (String::new(), Mark::Plain),
    }
}

/// A share in per cent with one digit; what is not everything is not called everything.
pub(super) fn percent(share: f64) -> String {
    let text = format!("{:.1} %", 100.0 * share);
    if share < 1.0 && text == "100.0 %" { ">99.9 %".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_decide_what_is_an_image() {
        let layout =
            |axes: &[usize]| Layout::of_axes(axes).map(|l| (l.height, l.width, l.channels, l.planes));
        assert_eq!(layout(&[8, 8]), Some((8, 8, 1, false)));
        assert_eq!(layout(&[64, 48, 3]), Some((64, 48, 3, false)));
        assert_eq!(layout(&[3, 64, 48]), Some((64, 48, 3, true)));
        assert_eq!(layout(&[784]), None);
        assert_eq!(layout(&[2, 100]), None);
    }

    #[test]
    fn almost_all_is_not_all() {
        assert_eq!(percent(0.99961), ">99.9 %");
        assert_eq!(percent(1.0), "100.0 %");
        assert_eq!(percent(0.9321), "93.2 %");
    }
}
