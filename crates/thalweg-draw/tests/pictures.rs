//! Every kind of picture: its SVG is sound and complete, its PNG decodes, and both come out alike each time.

use resvg::usvg::roxmltree::Document;
use thalweg_draw::terminal::{Screen, Trace};
use thalweg_draw::{
    ActivationCurves, ConfusionMatrix, DecisionRegions, DrawError, Fit, Grid, Heatmap, Image, ImageGrid,
    LineChart, Mark, Picture, Scatter, Surface, WeightImages,
};

const X: [f64; 4] = [0.0, 1.0, 2.0, 3.0];
const Y: [f64; 4] = [4.0, f64::NAN, 1.0, 0.25];

fn grid() -> Grid {
    Grid { x: (-1.0, 1.0), y: (-1.0, 1.0), columns: 5, rows: 5 }
}

/// One of each, with the words that must be seen on it.
fn all() -> Result<Vec<(Picture, Vec<&'static str>)>, DrawError> {
    let heights: Vec<f64> = grid().points().iter().map(|(x, y)| 0.01 + x * x + 2.0 * y * y).collect();
    let regions: Vec<usize> = (0..25).map(|i| i % 5 / 2).collect();
    let image = Image::gray(2, 2, &[0, 80, 160, 255])?;
    let wide = |n: usize| (0..n).map(|i| i as f64 - n as f64 / 3.0).collect::<Vec<f64>>();
    Ok(vec![
        (
            LineChart::new("Cost <&> \"rate\"")
                .x_label("steps (hundreds)")
                .y_label("cost")
                .log_y()
                .curve("train", &X, &Y)
                .points("test", &X, &Y)
                .mark(2.0, "best")
                .draw()?,
            vec!["Cost <&> \"rate\"", "steps (hundreds)", "cost", "train", "test", "best"],
        ),
        (
            Fit::new("fit").points(&X, &Y).stage("start", &X, &X).stage("end", &X, &Y).draw()?,
            vec!["fit", "data", "start", "end", "x", "y"],
        ),
        (
            Fit::new("panels").points(&X, &Y).stage("start", &X, &X).stage("end", &X, &Y).draw_panels(2)?,
            vec!["panels", "start", "end"],
        ),
        (
            Scatter::new("points").points(&X, &Y, &[0, 1, 2, 0]).class_names(&["a", "b", "c"]).draw()?,
            vec!["points", "a", "b", "c"],
        ),
        (
            DecisionRegions::new("regions", grid(), &regions)
                .confidence(&[0.5; 25])
                .points(&X, &Y, &[0, 0, 1, 2])
                .draw()?,
            vec!["regions", "class 0", "class 2"],
        ),
        (
            ImageGrid::new("images")
                .image(image.clone(), "label 3", Mark::Wrong)
                .image(image, "label 4", Mark::Right)
                .draw()?,
            vec!["images", "label 3"],
        ),
        (
            ConfusionMatrix::new("confusion", &["cat", "dog"], &[10, 2, 0, 12_345]).draw()?,
            vec!["confusion", "label", "prediction", "12,345", "83.3 %"],
        ),
        (
            ActivationCurves::new("activations").curve("relu", &X, &X, &X).draw()?,
            vec!["activations", "f(z)", "f′(z)"],
        ),
        (
            Surface::new("surface", grid(), &heights)
                .path(&[0.9, 0.1], &[0.9, 0.0])
                .value_label("loss")
                .draw()?,
            vec!["surface", "start", "end", "loss", "first direction"],
        ),
        (Heatmap::new("heat", 2, 3, &wide(6)).labels("in", "out").draw()?, vec!["heat", "in", "out", "−2"]),
        (Heatmap::new("large", 40, 30, &wide(1200)).draw()?, vec!["large"]),
        (WeightImages::new("weights", 2, 2, &wide(24)).channels(3).draw()?, vec!["unit 1, blue"]),
    ])
}

#[test]
fn svg_parses_and_shows_its_words() {
    for (picture, words) in all().unwrap() {
        let svg = picture.to_svg();
        let document = Document::parse(&svg).unwrap();
        let seen: Vec<&str> =
            document.descendants().filter(|n| n.has_tag_name("text")).filter_map(|n| n.text()).collect();
        for word in words {
            assert!(seen.contains(&word), "{word:?} is missing among {seen:?}");
        }
        // Not the embedded pixels, whose base 64 may spell anything.
        let numbers =
            document.descendants().flat_map(|node| node.attributes()).filter(|a| a.name() != "href");
        for attribute in numbers {
            assert!(
                !attribute.value().contains("NaN") && !attribute.value().contains("inf"),
                "{attribute:?}"
            );
        }
    }
}

#[test]
fn text_stays_inside_the_picture() {
    let options = {
        let mut options = resvg::usvg::Options::default();
        options.fontdb_mut().load_font_data(include_bytes!("../fonts/DejaVuSans.ttf").to_vec());
        options.fontdb_mut().load_font_data(include_bytes!("../fonts/DejaVuSans-Bold.ttf").to_vec());
        options
    };
    for (picture, words) in all().unwrap() {
        let tree = resvg::usvg::Tree::from_str(&picture.to_svg(), &options).unwrap();
        let mut texts = 0;
        let mut groups = vec![tree.root()];
        while let Some(group) = groups.pop() {
            for node in group.children() {
                match node {
                    resvg::usvg::Node::Group(inner) => groups.push(inner),
                    resvg::usvg::Node::Text(text) => {
                        let place = text.abs_bounding_box();
                        texts += 1;
                        assert!(place.left() >= 0.0 && place.top() >= 0.0, "{words:?} {text:?}");
                        assert!(f64::from(place.right()) <= picture.width() + 0.5, "{words:?} {text:?}");
                        assert!(f64::from(place.bottom()) <= picture.height() + 0.5, "{words:?} {text:?}");
                    }
                    _ => {}
                }
            }
        }
        assert!(texts >= 2, "{words:?}");
    }
}

#[test]
fn numbers_have_at_most_two_decimals() {
    for (picture, words) in all().unwrap() {
        let svg = picture.to_svg();
        let document = Document::parse(&svg).unwrap();
        for node in document.descendants() {
            for attribute in node.attributes().filter(|a| a.name() != "href") {
                let long = attribute
                    .value()
                    .split(|c: char| !c.is_ascii_digit() && c != '.')
                    .any(|n| n.split_once('.').is_some_and(|(_, decimals)| decimals.len() > 2));
                assert!(!long, "{words:?}: {}={}", attribute.name(), attribute.value());
            }
        }
    }
}

#[test]
fn png_has_the_size_asked_for_and_ink_in_its_title() {
    for (picture, words) in all().unwrap() {
        let bytes = picture.to_png(1.5).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(f64::from(info.width), (picture.width() * 1.5).round(), "{words:?}");
        assert_eq!(f64::from(info.height), (picture.height() * 1.5).round(), "{words:?}");
        // The title lies in the first 40 rows; without a font they would stay white.
        let top = &pixels[..info.line_size * 40];
        assert!(top.iter().filter(|&&v| v < 100).count() > 60, "{words:?}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for ((first, words), (second, _)) in all().unwrap().iter().zip(all().unwrap().iter()) {
        assert_eq!(first.to_svg(), second.to_svg(), "{words:?}");
        assert_eq!(first.to_png(1.0).unwrap(), second.to_png(1.0).unwrap(), "{words:?}");
    }
}

#[test]
fn what_cannot_be_drawn_is_an_error() {
    let message = |result: Result<Picture, DrawError>| result.unwrap_err().to_string();
    assert_eq!(
        message(Scatter::new("").points(&X, &X, &[0, 1, 2, 3]).class_names(&["a", "b"]).draw()),
        "the scatter plot was given class 2 at row 2, but has 2 classes, numbered from 0"
    );
    assert_eq!(
        message(Surface::new("", grid(), &[1.0]).draw()),
        "the loss surface was given 1 values where 25 are needed"
    );
    assert_eq!(
        message(Surface::new("", grid(), &[f64::INFINITY; 25]).draw()),
        "the loss surface has no finite value to draw; give at least one"
    );
    assert_eq!(
        message(ImageGrid::new("").draw()),
        "the grid of images has no image to draw; give at least one"
    );
    assert_eq!(
        message(ConfusionMatrix::new("", &["a", "b"], &[1, 2, 3]).draw()),
        "the confusion matrix was given 3 counts where 4 are needed"
    );
    let picture = LineChart::new("").curve("", &X, &X).draw().unwrap();
    for scale in [0.0, -1.0, f64::NAN, 1e9] {
        assert!(picture.to_png(scale).unwrap_err().to_string().contains("is not possible"), "{scale}");
    }
    assert!(Image::gray(0, 5, &[]).is_err());
    assert!(Heatmap::new("", usize::MAX, 2, &[1.0]).draw().is_err());
    assert!(WeightImages::new("", usize::MAX, 2, &[1.0]).draw().is_err());
    assert!(Grid::around(&[f64::NAN], &[1.0], 0.1, 5).is_err());
}

#[test]
fn strange_values_do_no_harm() {
    let strange =
        [f64::MAX, f64::MIN, f64::INFINITY, f64::NAN, 0.0, -0.0, f64::MIN_POSITIVE, 1e300, -1e300, 5e-324];
    for log in [false, true] {
        for pair in strange.iter().flat_map(|a| strange.iter().map(move |b| [*a, *b])) {
            let chart = LineChart::new("t").curve("a", &[0.0, 1.0], &pair).curve("b", &pair, &[1.0, 2.0]);
            let chart = if log { chart.log_y().log_x() } else { chart };
            if let Ok(picture) = chart.draw() {
                let svg = picture.to_svg();
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{pair:?} {svg}");
            }
            let mut screen = Screen::new(30, 8, false);
            screen.curves("t", &[Trace { name: "a", x: &pair, y: &pair }], log);
            screen.fit("t", (&pair, &pair), (&[1.0, 2.0], &pair));
        }
    }
    let mut values = [1.0; 25];
    values[..10].copy_from_slice(&strange);
    Surface::new("t", grid(), &values).path(&strange, &strange).draw().unwrap().to_png(1.0).unwrap();
    Heatmap::new("t", 5, 5, &values).draw().unwrap().to_png(1.0).unwrap();
    Fit::new("t").points(&strange, &strange).stage("s", &strange, &strange).draw().unwrap();
}
