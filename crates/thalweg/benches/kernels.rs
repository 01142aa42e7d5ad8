//! Each family of kernels against the machine's limit: `cargo bench --package thalweg --bench kernels`.
//!
//! The best of many short stretches is printed, beside the rate of fused multiply-adds that the processor reaches at most.

use std::hint::black_box;
use std::time::{Duration, Instant};

use thalweg::Real;
use thalweg::activations::Activation;
use thalweg::kernels::limits::fma_rate;
use thalweg::kernels::one_row::one_row;
use thalweg::kernels::panels::{Left, Strip, panel_count, panel_width, strip, transpose};
use thalweg::kernels::{elementwise, path};
use thalweg::real::Precision;

/// The least seconds that a call of `work` takes.
fn least(mut work: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    let mut calls = 1;
    for _ in 0..60 {
        let start = Instant::now();
        for _ in 0..calls {
            work();
        }
        let seconds = start.elapsed().as_secs_f64();
        best = best.min(seconds / f64::from(calls));
        if seconds < 1e-3 {
            calls *= 2;
        }
    }
    best
}

fn values<R: Real>(count: usize) -> Vec<R> {
    (0..count).map(|i| R::from_f64((i % 7) as f64 * 0.1 - 0.3)).collect()
}

/// A dense layer's product over all panels of its outputs, across x or down it.
fn product<R: Real>(rows: usize, depth: usize, columns: usize, down: bool, limit: f64) {
    let width = panel_width::<R>();
    let a = values::<R>((panel_count::<R>(depth) * rows.max(width)).max(depth) * width);
    let b = values::<R>(panel_count::<R>(columns) * depth * width);
    let mut c = vec![R::ZERO; panel_count::<R>(columns) * rows * width];
    let seconds = least(|| {
        for (p, c) in c.chunks_exact_mut(rows * width).enumerate() {
            let left = match down {
                true => Left::Down { values: &a },
                false => Left::Across { values: &a, panel: rows * width },
            };
            let right = &b[p * depth * width..];
            let columns = width.min(columns - p * width);
            strip(&Strip::new(rows, columns, depth, left, right), c);
        }
        black_box(&mut c);
    });
    let rate = 2.0 * (rows * depth * columns) as f64 / seconds;
    let form = if down { "down  " } else { "across" };
    println!(
        "  product {form} {} {rows:4} x {depth:4} x {columns:4}  {:7.1} GFLOP/s  {:3.0} % of the limit",
        R::PRECISION,
        rate * 1e-9,
        100.0 * rate / limit
    );
}

fn main() {
    println!("kernels: {}", path().name());
    let time = Duration::from_millis(200);
    let f32_limit = fma_rate(Precision::F32, 1, time);
    let f64_limit = fma_rate(Precision::F64, 1, time);
    println!("  limit: {:.0} GFLOP/s in f32, {:.0} in f64", f32_limit * 1e-9, f64_limit * 1e-9);
    for (rows, depth, columns) in
        [(10, 784, 32), (32, 784, 128), (128, 512, 512), (256, 256, 256), (32, 128, 10)]
    {
        product::<f32>(rows, depth, columns, false, f32_limit);
    }
    for (rows, depth, columns) in [(32, 10, 32), (32, 32, 128), (32, 128, 512)] {
        product::<f32>(rows, depth, columns, true, f32_limit);
    }
    product::<f64>(300, 256, 64, false, f64_limit);
    product::<f64>(16, 128, 256, true, f64_limit);

    let (x, panels) = (values::<f32>(784), values::<f32>(785 * 128));
    let mut z = vec![0.0_f32; 128];
    let seconds = least(|| one_row(black_box(&x), &panels, 128, &mut z));
    println!(
        "  one row f32 784 x 128      {:7.2} µs, {:.0} GB/s of weights",
        seconds * 1e6,
        785.0 * 512.0e-9 / seconds
    );

    let (from, mut to) = (values::<f32>(32 * 32), vec![0.0_f32; 32 * 32]);
    let seconds = least(|| transpose(32, 32, black_box(&from), &mut to));
    println!("  transpose f32 32 x 32      {:7.3} ns a value", seconds * 1e9 / 1024.0);

    let z = values::<f32>(4096);
    let mut a = vec![0.0_f32; 4096];
    for name in ["relu", "sigmoid", "tanh", "gelu_tanh"] {
        let activation = Activation::from_name(name).expect("a built-in activation");
        let seconds = least(|| elementwise::activate(&activation, 32, black_box(&z), &mut a));
        println!("  {name:10} f32            {:7.3} ns a value", seconds * 1e9 / 4096.0);
    }
}
