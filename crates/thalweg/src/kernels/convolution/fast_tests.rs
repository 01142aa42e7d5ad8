//! The fast kernels against the definitions, over random shapes.

use proptest::prelude::*;

use super::tests::{bits, numbers};
use super::*;
use crate::real::Real;

/// Values that a slice has beyond what a kernel may touch, and what they hold.
const BEYOND: usize = 40;

fn in_planes<R: Real>(planes: &Planes, rows: usize, x: &[R]) -> Vec<R> {
    let len = planes.len::<R>();
    let mut all = vec![R::ZERO; rows * len];
    for (x, to) in x.chunks_exact(x.len() / rows).zip(all.chunks_exact_mut(len)) {
        planes.fill(x, to);
    }
    all
}

fn fast_forward<R: Real>(sizes: ConvolutionSizes, rows: usize, x: &[R], w: &[R], b: &[R]) -> Vec<R> {
    let (work, planes) = (Correlation::forward(sizes), Planes::of_input(sizes));
    let packed: Vec<R> = work.order::<R>().iter().map(|&at| w[at]).collect();
    let mut y = vec![R::ONE; rows * sizes.y_len() + BEYOND];
    let x = in_planes(&planes, rows, x);
    for (n, x) in x.chunks_exact(planes.len::<R>()).enumerate() {
        correlate(&work, x, &packed, b, &mut y[n * sizes.y_len()..]);
    }
    assert!(y[rows * sizes.y_len()..].iter().all(|&beyond| beyond == R::ONE), "written beyond y");
    y.truncate(rows * sizes.y_len());
    y
}

fn fast_input_gradient<R: Real>(sizes: ConvolutionSizes, rows: usize, dy: &[R], w: &[R]) -> Vec<R> {
    let (all, planes) = (Correlation::input_gradient(sizes), Planes::of_gradient(sizes));
    let dy = in_planes(&planes, rows, dy);
    let mut dx = vec![R::ONE; rows * sizes.x_len() + BEYOND];
    for work in &all {
        let packed: Vec<R> = work.order::<R>().iter().map(|&at| w[at]).collect();
        for (n, dy) in dy.chunks_exact(planes.len::<R>()).enumerate() {
            correlate(work, dy, &packed, &[], &mut dx[n * sizes.x_len()..]);
        }
    }
    assert!(dx[rows * sizes.x_len()..].iter().all(|&beyond| beyond == R::ONE), "written beyond dx");
    dx.truncate(rows * sizes.x_len());
    dx
}

/// dw and db, each block added to what is there.
fn fast_parameter_gradients<R: Real>(
    sizes: ConvolutionSizes,
    rows: usize,
    x: &[R],
    dy: &[R],
    dw: &mut [R],
    db: &mut [R],
) {
    let (work, planes) = (ParameterPanels::new(sizes), Planes::of_input(sizes));
    let x = in_planes(&planes, rows, x);
    let mut chains = vec![R::ONE; work.len::<R>()];
    let mut panels = vec![R::ZERO; work.dy_len::<R>()];
    let mut dy_and_line = dy.to_vec();
    dy_and_line.resize(dy.len() + BEYOND, R::ONE);
    for (n, x) in x.chunks_exact(planes.len::<R>()).enumerate() {
        to_panels(&work, &dy_and_line[n * sizes.y_len()..], &mut panels);
        for unit in 0..work.units::<R>() {
            let chains = &mut chains[work.range::<R>(unit)];
            add_example(&work, unit, x, &panels, n % sizes.block() > 0, chains);
        }
        if n + 1 == rows || (n + 1) % sizes.block() == 0 {
            for (at, dw) in dw.iter_mut().enumerate() {
                *dw += chains[work.weight_place::<R>(at)];
            }
            for (at, db) in db.iter_mut().enumerate() {
                *db += chains[work.bias_place::<R>(at)];
            }
        }
    }
}

fn agrees<R: Real>(sizes: ConvolutionSizes, rows: usize) {
    let x = numbers::<R>(rows * sizes.x_len(), 1);
    let w = numbers::<R>(sizes.weight_len(), 2);
    let b = numbers::<R>(sizes.out_channels, 3);
    let dy = numbers::<R>(rows * sizes.y_len(), 4);
    let (mut y, mut dx) = (vec![R::ZERO; dy.len()], vec![R::ZERO; x.len()]);
    naive::forward(sizes, rows, &x, &w, &b, &mut y);
    let mut of_batch = vec![R::ONE; y.len()];
    forward(sizes, rows, &x, &w, &b, &mut of_batch);
    assert_eq!(bits(&of_batch), bits(&y), "y of a batch, {sizes:?}");
    assert_eq!(bits(&fast_forward(sizes, rows, &x, &w, &b)), bits(&y), "y of {sizes:?}");
    naive::input_gradient(sizes, rows, &dy, &w, &mut dx);
    let mut of_batch = vec![R::ONE; dx.len()];
    input_gradient(sizes, rows, &dy, &w, &mut of_batch);
    assert_eq!(bits(&of_batch), bits(&dx), "dx of a batch, {sizes:?}");
    assert_eq!(bits(&fast_input_gradient(sizes, rows, &dy, &w)), bits(&dx), "dx of {sizes:?}");
    let (mut dw, mut db) = (numbers::<R>(w.len(), 5), numbers::<R>(b.len(), 6));
    let (mut fast_dw, mut fast_db) = (dw.clone(), db.clone());
    let (mut dw_of_batch, mut db_of_batch) = (dw.clone(), db.clone());
    naive::parameter_gradients(sizes, rows, &x, &dy, &mut dw, &mut db);
    parameter_gradients(sizes, rows, &x, &dy, &mut dw_of_batch, &mut db_of_batch);
    assert_eq!(bits(&dw_of_batch), bits(&dw), "dw of a batch, {sizes:?}");
    assert_eq!(bits(&db_of_batch), bits(&db), "db of a batch, {sizes:?}");
    fast_parameter_gradients(sizes, rows, &x, &dy, &mut fast_dw, &mut fast_db);
    assert_eq!(bits(&fast_dw), bits(&dw), "dw of {sizes:?}");
    assert_eq!(bits(&fast_db), bits(&db), "db of {sizes:?}");
}

prop_compose! {
    fn any_sizes()(
        groups in 1_usize..4,
        group_inputs in 1_usize..5,
        group_outputs in prop_oneof![1_usize..8, 8_usize..40],
        image in [1_usize..24, 1_usize..40],
        kernel_size in [1_usize..6, 1_usize..6],
        stride in [1_usize..4, 1_usize..4],
        dilation in [1_usize..4, 1_usize..4],
        padding in [[0_usize..5, 0_usize..5], [0_usize..5, 0_usize..5]],
    ) -> ConvolutionSizes {
        ConvolutionSizes {
            in_channels: groups * group_inputs,
            height: image[0],
            width: image[1],
            out_channels: groups * group_outputs,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn fast_kernels_give_the_bits_of_the_definitions(sizes in any_sizes(), rows in 1_usize..4) {
        prop_assume!(sizes.output().is_some());
        agrees::<f32>(sizes, rows);
        agrees::<f64>(sizes, rows);
    }
}

#[test]
fn usual_layers_give_the_bits_of_the_definitions() {
    let layer = |channels: [usize; 2], side: usize, kernel: usize, padding: usize, stride: usize, groups| {
        ConvolutionSizes {
            in_channels: channels[0],
            height: side,
            width: side,
            out_channels: channels[1],
            kernel_size: [kernel; 2],
            stride: [stride; 2],
            padding: [[padding; 2]; 2],
            dilation: [1; 2],
            groups,
        }
    };
    for sizes in [
        layer([1, 6], 28, 5, 2, 1, 1),
        layer([6, 16], 14, 5, 0, 1, 1),
        layer([3, 16], 32, 3, 1, 1, 1),
        layer([16, 32], 32, 3, 1, 2, 1),
        layer([16, 32], 32, 1, 0, 2, 1),
        layer([8, 64], 8, 3, 1, 1, 1),
        layer([16, 20], 4, 3, 1, 1, 1),
        layer([5, 5], 56, 3, 1, 1, 5),
    ] {
        agrees::<f32>(sizes, 2);
        agrees::<f64>(sizes, 1);
    }
    // Two blocks and a part of one.
    agrees::<f32>(layer([1, 1], 64, 1, 0, 1, 1), 3);
    agrees::<f32>(layer([2, 3], 40, 3, 1, 1, 1), 5);
}

#[test]
fn depthwise_layers_give_the_bits_of_the_definitions() {
    let layer =
        |channels: usize, image: [usize; 2], kernel_size: [usize; 2], padding: usize, dilation: usize| {
            ConvolutionSizes {
                in_channels: channels,
                height: image[0],
                width: image[1],
                out_channels: channels,
                kernel_size,
                stride: [1; 2],
                padding: [[padding; 2]; 2],
                dilation: [dilation; 2],
                groups: channels,
            }
        };
    for sizes in [
        layer(2, [5, 4], [3, 3], 1, 1),
        layer(17, [9, 21], [3, 3], 1, 1),
        layer(40, [6, 18], [3, 3], 0, 2),
        layer(33, [8, 7], [5, 4], 2, 1),
        layer(3, [3, 90], [3, 1], 1, 1),
    ] {
        agrees::<f32>(sizes, 2);
        agrees::<f64>(sizes, 2);
    }
}

/// The definition of max pooling over two by two, beside the way that takes many windows at once.
#[test]
fn pairs_are_pooled_as_any_windows() {
    let pairs = Windows::Regular { size: 2, stride: 2, before: 0, after: 0 };
    for (height, width) in [(2, 2), (5, 9), (6, 70), (4, 33)] {
        let sizes = PoolSizes { channels: 2, height, width, windows: [pairs, pairs] };
        // Many equals, and some that are no numbers.
        let of = |i: usize| if (i * 13).is_multiple_of(11) { f32::NAN } else { (i * 7 % 5) as f32 - 2.0 };
        let x: Vec<f32> = (0..2 * 2 * height * width).map(of).collect();
        let mut y = vec![0.0; 2 * sizes.y_len()];
        let mut places = y.clone();
        max_pool(sizes, 2, &x, &mut y, &mut places);
        let (down, across) = (height / 2, width / 2);
        for at in 0..y.len() {
            let (channel, r, c) = (at / (down * across), at / across % down, at % across);
            let image = &x[channel * height * width..];
            let window = [0, 1, width, width + 1].map(|offset| 2 * r * width + 2 * c + offset);
            let nan = window.into_iter().find(|&place| image[place].is_nan());
            let largest = window.into_iter().rev().max_by(|&a, &b| image[a].total_cmp(&image[b]));
            let expected = nan.or(largest).unwrap();
            assert_eq!(places[at] as usize, expected, "window {at} of {height} by {width}");
            assert_eq!(y[at].to_bits(), image[expected].to_bits());
        }
    }
}
