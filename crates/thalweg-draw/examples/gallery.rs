//! Draws one picture of each kind into a folder: `cargo run -p thalweg-draw --example gallery -- FOLDER`.

use std::error::Error;
use std::path::Path;

use thalweg_draw::terminal::{Screen, Trace};
use thalweg_draw::{
    ActivationCurves, Animation, ConfusionMatrix, DecisionRegions, Fit, Grid, Heatmap, Image, ImageGrid,
    LineChart, Mark, Picture, Scatter, Surface, WeightImages,
};

type Done = Result<(), Box<dyn Error>>;

fn main() -> Done {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "gallery".into());
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let save = |name: &str, picture: Picture| -> Done {
        std::fs::write(folder.join(format!("{name}.svg")), picture.to_svg())?;
        std::fs::write(folder.join(format!("{name}.png")), picture.to_png(1.5)?)?;
        Ok(())
    };
    save("cost", cost()?)?;
    save("sweep", sweep()?)?;
    save("training", training()?)?;
    save("fit", fit().draw()?)?;
    save("fit-panels", fit().draw_panels(3)?)?;
    let (x, y, classes) = spiral();
    let scatter = Scatter::new("Spiral: 300 points, 3 classes").points(&x, &y, &classes);
    save("scatter", scatter.class_names(&["blue", "red", "green"]).draw()?)?;
    save("regions", regions(1.0)?)?;
    save("images", images()?)?;
    let one = Image::from_values(28, 28, &digit(3))?;
    save(
        "image",
        ImageGrid::new("Test image 1247").image(one, "label 3, predicted 3 (99.1 %)", Mark::Right).draw()?,
    )?;
    save("confusion", confusion()?)?;
    save(
        "confusion-two",
        ConfusionMatrix::new("Cats: 50 test images", &["non-cat", "cat"], &[10, 7, 8, 25]).draw()?,
    )?;
    save("activations", activations(3)?)?;
    save("activations-many", activations(8)?)?;
    save("surface", valley()?)?;
    save("bowl", bowl()?)?;
    save("heatmap", heatmap()?)?;
    let matrix = [0.12, -1.5, 3.25, 0.0, 2.0, -0.004, 17.0, -3.0, 1.0, 0.5, 0.25, -0.125];
    save("matrix", Heatmap::new("w (layer 0)", 3, 4, &matrix).labels("input", "unit").draw()?)?;
    save("weights", weights()?)?;
    let film = film()?;
    std::fs::write(folder.join("film.svg"), film.to_svg()?)?;
    std::fs::write(folder.join("film.apng"), film.thinned(24).to_apng(1.0)?)?;
    terminal()
}

fn range(low: f64, high: f64, count: usize) -> Vec<f64> {
    (0..count).map(|i| low + (high - low) * i as f64 / (count - 1) as f64).collect()
}

/// Numbers that look random, -1 to 1.
fn noise(i: usize) -> f64 {
    let mut v = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    v ^= v >> 31;
    v = v.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((v >> 11) as f64 / (1u64 << 53) as f64) * 2.0 - 1.0
}

fn decay(x: &[f64], from: f64, to: f64, rate: f64, shake: f64) -> Vec<f64> {
    x.iter().enumerate().map(|(i, x)| to + (from - to) * libm::exp(-rate * x) + shake * noise(i)).collect()
}

fn cost() -> Result<Picture, Box<dyn Error>> {
    let steps = range(0.0, 19.0, 20);
    let picture = LineChart::new("Learning rate 0.005")
        .x_label("steps (in hundreds)")
        .y_label("cost (mean cross-entropy)");
    Ok(picture.curve("train", &steps, &decay(&steps, 0.693, 0.12, 0.16, 0.002)).draw()?)
}

fn sweep() -> Result<Picture, Box<dyn Error>> {
    let steps = range(0.0, 15.0, 16);
    let mut chart =
        LineChart::new("cats: three learning rates").x_label("steps (in hundreds)").y_label("cost");
    for (name, rate) in
        [("learning_rate 0.01", 0.4), ("learning_rate 0.001", 0.08), ("learning_rate 0.0001", 0.02)]
    {
        chart = chart.curve(name, &steps, &decay(&steps, 0.69, 0.05, rate, 0.0));
    }
    Ok(chart.draw()?)
}

fn training() -> Result<Picture, Box<dyn Error>> {
    let epochs = range(1.0, 30.0, 30);
    let loss = LineChart::new("Loss").x_label("epoch").y_label("loss").log_y().size(480.0, 400.0);
    let loss = loss
        .curve("train", &epochs, &decay(&epochs, 1.9, 0.004, 0.3, 0.0005))
        .curve("validation", &epochs, &decay(&epochs, 1.8, 0.06, 0.35, 0.004))
        .mark(18.0, "best epoch 18");
    let accuracy = LineChart::new("Accuracy").x_label("epoch").y_label("accuracy").size(480.0, 400.0);
    let accuracy = accuracy
        .curve("train", &epochs, &decay(&epochs, 0.5, 0.999, 0.3, 0.0008))
        .curve("validation", &epochs, &decay(&epochs, 0.52, 0.975, 0.35, 0.003))
        .dashed_curve("test", &epochs, &decay(&epochs, 0.51, 0.971, 0.35, 0.002));
    Ok(Picture::panels("digits: 64-32-10, Adam", &[loss.draw()?, accuracy.draw()?], 2)?)
}

fn fit() -> Fit {
    let x = range(-5.0, 5.0, 30);
    let y: Vec<f64> = x.iter().map(|&x| libm::exp(x)).collect();
    let fine = range(-5.0, 5.0, 100);
    let bend = |s: f64| fine.iter().map(|&x| s * libm::exp(x) + (1.0 - s) * 30.0).collect::<Vec<_>>();
    let fit =
        Fit::new("y = exp(x): 1-5-1 network, 300 steps").points(&x, &y).stage("start", &fine, &bend(0.0));
    fit.stage("step 30", &fine, &bend(0.5)).stage("step 100", &fine, &bend(0.8)).stage(
        "end",
        &fine,
        &bend(0.99),
    )
}

fn spiral() -> (Vec<f64>, Vec<f64>, Vec<usize>) {
    let (mut xs, mut ys, mut classes) = (Vec::new(), Vec::new(), Vec::new());
    for class in 0..3 {
        for i in 0..100 {
            let r = i as f64 / 99.0;
            let angle = 4.0 * (class as f64 + r) + 0.25 * noise(class * 100 + i);
            xs.push(r * libm::sin(angle));
            ys.push(r * libm::cos(angle));
            classes.push(class);
        }
    }
    (xs, ys, classes)
}

/// A soft vote of the spiral's points stands in for a network; a small `reach` follows them closely.
fn votes(grid: &Grid, reach: f64) -> (Vec<usize>, Vec<f64>) {
    let (xs, ys, classes) = spiral();
    let vote = |(px, py): (f64, f64)| {
        let mut sums = [1e-9; 3];
        for i in 0..xs.len() {
            let d = (px - xs[i]) * (px - xs[i]) + (py - ys[i]) * (py - ys[i]);
            sums[classes[i]] += libm::exp(-d / (0.01 * reach));
        }
        let best = (0..3).max_by(|&a, &b| sums[a].total_cmp(&sums[b])).unwrap_or(0);
        (best, sums[best] / sums.iter().sum::<f64>())
    };
    grid.points().into_iter().map(vote).unzip()
}

fn regions(reach: f64) -> Result<Picture, Box<dyn Error>> {
    let (x, y, classes) = spiral();
    let grid = Grid::around(&x, &y, 0.08, 110)?;
    let (chosen, sure) = votes(&grid, reach);
    let picture = DecisionRegions::new("Decision regions of 2-100-3 ReLU (accuracy 0.98)", grid, &chosen)
        .confidence(&sure);
    Ok(picture.points(&x, &y, &classes).draw()?)
}

fn digit(seed: usize) -> Vec<f64> {
    let turn = seed as f64 * 0.7;
    let bright = |i: usize| {
        let (x, y) = ((i % 28) as f64 / 13.5 - 1.0, (i / 28) as f64 / 13.5 - 1.0);
        let r = (x * x + y * y).sqrt();
        let wave = libm::sin(3.0 * libm::atan2(y, x) + turn);
        libm::exp(-60.0 * (r - 0.5 - 0.15 * wave) * (r - 0.5 - 0.15 * wave))
    };
    (0..784).map(bright).collect()
}

fn images() -> Result<Picture, Box<dyn Error>> {
    let mut grid = ImageGrid::new("The 10 most wrong of 10,000 test images").columns(5);
    for i in 0..9 {
        let image = Image::from_values(28, 28, &digit(i))?;
        grid = grid.image(
            image,
            format!("#{}: label {i}\npredicted {} (99.{i} %)", i * 731, (i + 3) % 10),
            Mark::Wrong,
        );
    }
    let colour: Vec<u8> = (0..64 * 64).flat_map(|i| [(i % 64 * 4) as u8, (i / 64 * 4) as u8, 120]).collect();
    Ok(grid.image(Image::rgb(64, 64, &colour)?, "#25: label cat", Mark::Right).draw()?)
}

fn confusion() -> Result<Picture, Box<dyn Error>> {
    let names: Vec<String> = (0..10).map(|i| i.to_string()).collect();
    let counts: Vec<u64> = (0..100)
        .map(|i| {
            if i % 11 == 0 {
                950 + (noise(i) * 60.0) as u64
            } else {
                (noise(i) * 4.0 + noise(i + 7) * 10.0).max(0.0) as u64
            }
        })
        .collect();
    Ok(ConfusionMatrix::new("MNIST: 10,000 test images", &names, &counts).draw()?)
}

fn activations(count: usize) -> Result<Picture, Box<dyn Error>> {
    let z = range(-4.0, 4.0, 161);
    let sigmoid = |z: f64| 1.0 / (1.0 + libm::exp(-z));
    type Function<'a> = (&'a str, Box<dyn Fn(f64) -> f64 + 'a>);
    let all: Vec<Function<'_>> = vec![
        ("sigmoid", Box::new(sigmoid)),
        ("tanh", Box::new(libm::tanh)),
        ("ReLU", Box::new(|z: f64| z.max(0.0))),
        ("softplus", Box::new(|z| libm::log1p(libm::exp(z)))),
        ("SiLU", Box::new(|z| z * sigmoid(z))),
        ("GELU", Box::new(|z| 0.5 * z * (1.0 + libm::erf(z / 2f64.sqrt())))),
        ("ELU", Box::new(|z| if z > 0.0 { z } else { libm::expm1(z) })),
        ("Mish", Box::new(|z| z * libm::tanh(libm::log1p(libm::exp(z))))),
    ];
    let mut picture = ActivationCurves::new("Activation functions");
    for (name, f) in all.into_iter().take(count) {
        let values: Vec<f64> = z.iter().map(|&z| f(z)).collect();
        let slopes: Vec<f64> = z.iter().map(|&z| (f(z + 1e-5) - f(z - 1e-5)) / 2e-5).collect();
        picture = picture.curve(name, &z, &values, &slopes);
    }
    Ok(picture.draw()?)
}

/// The loss of tanh(a x) b against sin-like targets: a bent valley.
fn valley() -> Result<Picture, Box<dyn Error>> {
    let loss = |a: f64, b: f64| {
        let x = range(-2.0, 2.0, 21);
        let wrong =
            |x: f64| libm::tanh(a * x) * b - 1.2 * libm::tanh(1.6 * x) + 0.15 * libm::sin(3.0 * a * b) * x;
        x.iter().map(|&x| wrong(x) * wrong(x)).sum::<f64>() / 21.0
    };
    let grid = Grid { x: (-0.4, 3.6), y: (-0.6, 2.6), columns: 81, rows: 65 };
    let values: Vec<f64> = grid.points().iter().map(|&(a, b)| loss(a, b)).collect();
    let (mut a, mut b, mut path) = (0.35, 2.35, (Vec::new(), Vec::new()));
    for _ in 0..400 {
        path.0.push(a);
        path.1.push(b);
        let da = (loss(a + 1e-5, b) - loss(a - 1e-5, b)) / 2e-5;
        let db = (loss(a, b + 1e-5) - loss(a, b - 1e-5)) / 2e-5;
        (a, b) = (a - 0.04 * da, b - 0.04 * db);
    }
    let surface = Surface::new("The path of the descent down the loss surface", grid, &values);
    Ok(surface
        .labels("weight of layer 0", "weight of layer 2")
        .path(&path.0, &path.1)
        .value_label("mean squared error")
        .draw()?)
}

fn bowl() -> Result<Picture, Box<dyn Error>> {
    let grid = Grid { x: (-2.0, 2.0), y: (-2.0, 2.0), columns: 41, rows: 41 };
    let values: Vec<f64> = grid.points().iter().map(|(x, y)| x * x + 3.0 * y * y - 2.0).collect();
    let path: Vec<f64> = (0..12).map(|i| 1.8 * libm::pow(0.75, f64::from(i))).collect();
    let side: Vec<f64> = (0..12).map(|i| -1.5 * libm::pow(-0.6, f64::from(i))).collect();
    Ok(Surface::new("A bowl (linear heights)", grid, &values).path(&path, &side).draw()?)
}

fn heatmap() -> Result<Picture, Box<dyn Error>> {
    let values: Vec<f64> = (0..64 * 30).map(|i| noise(i) + 0.8 * libm::sin(i as f64 / 47.0)).collect();
    let picture = Heatmap::new("Weights of layer 0 [64, 30]", 64, 30, &values)
        .labels("input", "unit")
        .value_label("weight");
    Ok(picture.draw()?)
}

fn weights() -> Result<Picture, Box<dyn Error>> {
    let values: Vec<f64> = (0..64 * 16)
        .map(|i| libm::sin((i / 16) as f64 * (0.1 + (i % 16) as f64 / 20.0)) + 0.4 * noise(i))
        .collect();
    Ok(WeightImages::new("First layer", 8, 8, &values).draw()?)
}

fn film() -> Result<Animation, Box<dyn Error>> {
    let x = range(-5.0, 5.0, 30);
    let y: Vec<f64> = x.iter().map(|&x| libm::exp(x)).collect();
    let fine = range(-5.0, 5.0, 100);
    let mut film = Animation::new(0.05);
    for i in 0..60 {
        let s = 1.0 - libm::exp(-f64::from(i) / 12.0);
        let curve: Vec<f64> = fine.iter().map(|&x| s * libm::exp(x) + (1.0 - s) * 30.0).collect();
        let fit = Fit::new(format!("step {}", i * 5)).points(&x, &y).stage("network", &fine, &curve);
        film = film.frame(fit.y_range(-10.0, 160.0).draw()?);
    }
    Ok(film)
}

fn terminal() -> Done {
    let x = range(-5.0, 5.0, 30);
    let y: Vec<f64> = x.iter().map(|&x| libm::exp(x)).collect();
    let steps = range(0.0, 300.0, 300);
    let (xs, ys, classes) = spiral();
    let grid = Grid::around(&xs, &ys, 0.08, 70)?;
    let chosen = votes(&grid, 1.0).0;
    for colour in [false, true] {
        let mut screen = Screen::new(72, 18, colour);
        let show = |lines: &[String]| lines.iter().for_each(|line| println!("{line}"));
        show(screen.fit("curve  step 120  loss 3.21", (&x, &y), (&x, &y)));
        let (train, validation) =
            (decay(&steps, 2.0, 0.01, 0.02, 0.003), decay(&steps, 2.0, 0.1, 0.03, 0.01));
        let traces = [
            Trace { name: "train", x: &steps, y: &train },
            Trace { name: "validation", x: &steps, y: &validation },
        ];
        show(screen.curves("loss", &traces, true));
        show(screen.regions("spiral  epoch 900", grid, &chosen, (&xs, &ys, &classes)));
    }
    Ok(())
}
