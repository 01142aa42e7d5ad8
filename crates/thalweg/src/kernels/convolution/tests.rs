//! The definitions against sums that are written out term by term, and by hand.

use super::*;
use crate::real::Real;

/// Numbers whose sums show any change of order.
pub(super) fn numbers<R: Real>(count: usize, seed: usize) -> Vec<R> {
    (0..count).map(|i| R::from_f64(((i * 7919 + seed * 104_729) % 1009) as f64 / 97.0 - 5.0)).collect()
}

pub(super) fn bits<R: Real>(values: &[R]) -> Vec<u64> {
    values.iter().map(|value| value.bits()).collect()
}

fn shapes() -> Vec<ConvolutionSizes> {
    let usual = ConvolutionSizes {
        in_channels: 2,
        height: 5,
        width: 6,
        out_channels: 3,
        kernel_size: [3, 3],
        stride: [1, 1],
        padding: [[1, 1], [1, 1]],
        dilation: [1, 1],
        groups: 1,
    };
    vec![
        usual,
        ConvolutionSizes { padding: [[0, 0], [0, 0]], kernel_size: [2, 3], ..usual },
        ConvolutionSizes { stride: [2, 3], padding: [[2, 0], [0, 3]], ..usual },
        ConvolutionSizes { dilation: [2, 2], padding: [[3, 1], [2, 4]], ..usual },
        ConvolutionSizes { in_channels: 4, out_channels: 6, groups: 2, stride: [3, 2], ..usual },
        ConvolutionSizes { in_channels: 3, out_channels: 3, groups: 3, ..usual },
        ConvolutionSizes { height: 1, width: 1, kernel_size: [1, 1], padding: [[4, 0], [0, 4]], ..usual },
    ]
}

/// x with zeros around it.
fn at<R: Real>(sizes: ConvolutionSizes, x: &[R], n: usize, i: usize, place: [usize; 2]) -> R {
    let [h, l] = [place[0].wrapping_sub(sizes.padding[0][0]), place[1].wrapping_sub(sizes.padding[1][0])];
    if h < sizes.height && l < sizes.width {
        x[((n * sizes.in_channels + i) * sizes.height + h) * sizes.width + l]
    } else {
        R::ZERO
    }
}

fn agrees_term_by_term<R: Real>(sizes: ConvolutionSizes, rows: usize) {
    let [height, width] = sizes.output().unwrap();
    let [kernel_rows, kernel_columns] = sizes.kernel_size;
    let (inputs, outputs, positions) = (sizes.group_inputs(), sizes.group_outputs(), height * width);
    let x = numbers::<R>(rows * sizes.x_len(), 1);
    let w = numbers::<R>(sizes.weight_len(), 2);
    let b = numbers::<R>(sizes.out_channels, 3);
    let dy = numbers::<R>(rows * sizes.y_len(), 4);
    let mut y = vec![R::ONE; dy.len()];
    let mut dx = vec![R::ONE; x.len()];
    let mut dw = numbers::<R>(w.len(), 5);
    let mut db = numbers::<R>(b.len(), 6);
    let mut expected_dw = dw.clone();
    let mut expected_db = db.clone();
    naive::forward(sizes, rows, &x, &w, &b, &mut y);
    naive::input_gradient(sizes, rows, &dy, &w, &mut dx);
    naive::parameter_gradients(sizes, rows, &x, &dy, &mut dw, &mut db);

    let weight_at = |o: usize, i: usize, p: usize, q: usize| {
        ((o * inputs + i % inputs) * kernel_rows + p) * kernel_columns + q
    };
    let mut expected_y = Vec::new();
    for n in 0..rows {
        for o in 0..sizes.out_channels {
            for r in 0..height {
                for c in 0..width {
                    let mut z = b[o];
                    for i in o / outputs * inputs..(o / outputs + 1) * inputs {
                        for p in 0..kernel_rows {
                            for q in 0..kernel_columns {
                                let place = [0, 1].map(|axis| {
                                    [r, c][axis] * sizes.stride[axis] + [p, q][axis] * sizes.dilation[axis]
                                });
                                z = at(sizes, &x, n, i, place).mul_add(w[weight_at(o, i, p, q)], z);
                            }
                        }
                    }
                    expected_y.push(z);
                }
            }
        }
    }
    assert_eq!(bits(&y), bits(&expected_y), "{sizes:?}");

    let mut expected_dx = Vec::new();
    for n in 0..rows {
        for i in 0..sizes.in_channels {
            for h in 0..sizes.height {
                for l in 0..sizes.width {
                    let mut sum = R::ZERO;
                    let first = i / inputs * outputs;
                    let reach = |axis: usize| {
                        let farthest = (sizes.image()[axis] + sizes.padding[axis][0]) as i64;
                        -farthest - sizes.span(axis) as i64..farthest + sizes.span(axis) as i64
                    };
                    for o in first..first + outputs {
                        for r in reach(0) {
                            for c in reach(1) {
                                let tap = |axis: usize, on: usize, place: i64| {
                                    let tap = (on + sizes.padding[axis][0]) as i64
                                        - place * sizes.stride[axis] as i64;
                                    let dilation = sizes.dilation[axis] as i64;
                                    let index = tap / dilation;
                                    (tap >= 0
                                        && tap % dilation == 0
                                        && index < sizes.kernel_size[axis] as i64)
                                        .then_some(index as usize)
                                };
                                let (Some(p), Some(q)) = (tap(0, h, r), tap(1, l, c)) else { continue };
                                let is_inside =
                                    (0..height as i64).contains(&r) && (0..width as i64).contains(&c);
                                let value = if is_inside {
                                    dy[(n * sizes.out_channels + o) * positions
                                        + r as usize * width
                                        + c as usize]
                                } else {
                                    R::ZERO
                                };
                                sum = value.mul_add(w[weight_at(o, i, p, q)], sum);
                            }
                        }
                    }
                    expected_dx.push(sum);
                }
            }
        }
    }
    assert_eq!(bits(&dx), bits(&expected_dx), "{sizes:?}");

    for o in 0..sizes.out_channels {
        for block in (0..rows).step_by(sizes.block()) {
            let mut bias_sum = R::ZERO;
            let examples = block..rows.min(block + sizes.block());
            for n in examples.clone() {
                for at in 0..positions {
                    bias_sum += dy[(n * sizes.out_channels + o) * positions + at];
                }
            }
            expected_db[o] += bias_sum;
            for i in o / outputs * inputs..(o / outputs + 1) * inputs {
                for p in 0..kernel_rows {
                    for q in 0..kernel_columns {
                        let mut sum = R::ZERO;
                        for n in examples.clone() {
                            for position in 0..positions {
                                let on = [position / width, position % width];
                                let place = [0, 1].map(|axis| {
                                    on[axis] * sizes.stride[axis] + [p, q][axis] * sizes.dilation[axis]
                                });
                                let factor = dy[(n * sizes.out_channels + o) * positions + position];
                                sum = at(sizes, &x, n, i, place).mul_add(factor, sum);
                            }
                        }
                        expected_dw[weight_at(o, i, p, q)] += sum;
                    }
                }
            }
        }
    }
    assert_eq!(bits(&dw), bits(&expected_dw), "{sizes:?}");
    assert_eq!(bits(&db), bits(&expected_db), "{sizes:?}");
}

#[test]
fn the_definitions_agree_term_by_term() {
    for sizes in shapes() {
        agrees_term_by_term::<f32>(sizes, 2);
        agrees_term_by_term::<f64>(sizes, 3);
    }
}

#[test]
fn blocks_of_examples_are_added_in_order() {
    // 64·33 positions: one example a block.
    let sizes = ConvolutionSizes {
        in_channels: 1,
        height: 64,
        width: 33,
        out_channels: 1,
        kernel_size: [1, 1],
        stride: [1, 1],
        padding: [[0, 0], [0, 0]],
        dilation: [1, 1],
        groups: 1,
    };
    assert_eq!(sizes.block(), 1);
    agrees_term_by_term::<f32>(sizes, 3);
}

#[test]
fn the_first_of_equals_is_the_largest() {
    let pairs = Windows::Regular { size: 2, stride: 2, before: 0, after: 0 };
    let sizes = PoolSizes { channels: 1, height: 2, width: 4, windows: [pairs, pairs] };
    let x = [1.0f32, 3.0, f32::NAN, 9.0, 3.0, 3.0, 2.0, 1.0];
    let (mut y, mut places, mut dx) = ([0.0; 2], [0.0; 2], [7.0; 8]);
    max_pool(sizes, 1, &x, &mut y, &mut places);
    assert!(y[0] == 3.0 && y[1].is_nan());
    assert_eq!(places, [1.0, 2.0]);
    max_pool_gradient(sizes, 1, &places, &[0.5, 0.25], &mut dx);
    assert_eq!(dx, [0.0, 0.5, 0.25, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn windows_that_overlap_add_their_gradients() {
    let three = Windows::Regular { size: 3, stride: 1, before: 1, after: 1 };
    let all = Windows::Adaptive { count: 1 };
    let sizes = PoolSizes { channels: 2, height: 1, width: 3, windows: [all, three] };
    let x = [1.0f64, 2.0, 6.0, 5.0, 0.0, -2.0];
    let (mut y, mut dx) = ([0.0; 6], [9.0; 6]);
    average_pool(sizes, 1, &x, &mut y);
    assert_eq!(y, [1.5, 3.0, 4.0, 2.5, 1.0, -1.0]);
    average_pool_gradient(sizes, 1, &[2.0, 3.0, 4.0, 0.0, 0.0, 3.0], &mut dx);
    assert_eq!(dx, [2.0, 4.0, 3.0, 0.0, 1.5, 1.5]);
}
