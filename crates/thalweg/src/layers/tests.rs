//! Layers by themselves: small cases by hand, normalisations against PyTorch.

use super::*;
use crate::kernels::elementwise;

/// The irregular numbers of `reference/layers.py`.
pub(super) fn irregular(count: usize) -> Vec<f64> {
    (0..count).map(|i| (i * 7919 % 1009) as f64 / 504.5 - 1.0).collect()
}

/// One pass of a layer there and back, in training and in inference.
pub(super) struct Passes {
    pub(super) y: Vec<f64>,
    pub(super) dx: Vec<f64>,
    pub(super) dparameters: Vec<f64>,
    pub(super) inference: Vec<f64>,
}

/// Runs a layer on `x`; backward takes the rows of irregular numbers in reverse. The averages move before inference.
pub(super) fn run(layer: &Layer, input: &Shape, rows: usize, x: &[f64], parameters: &mut [f64]) -> Passes {
    let output = layer.output_shape(input).unwrap();
    let row_numbers: Vec<u32> = (0..rows as u32).collect();
    let mode = Mode::Training { seed: 3, layer: 0, epoch: 0, row_numbers: &row_numbers };
    let mut cache = vec![f64::NAN; rows * layer.cache_len(input)];
    let mut y = vec![f64::NAN; rows * output.len()];
    layer.forward(Forward {
        rows,
        input,
        output: &output,
        mode,
        parameters,
        x,
        y: &mut y,
        cache: &mut cache,
    });
    let dy: Vec<f64> = irregular(y.len()).chunks_exact(output.len()).rev().flatten().copied().collect();
    let mut dx = vec![f64::NAN; x.len()];
    let mut dparameters = vec![0.0; parameters.len()];
    let mut scratch = vec![f64::NAN; layer.scratch_len(input) + rows * layer.row_scratch_len(input)];
    layer.backward(Backward {
        rows,
        input,
        output: &output,
        mode,
        parameters,
        x,
        y: &y,
        cache: &cache,
        dy: &dy,
        dx: Some(&mut dx),
        dparameters: &mut dparameters,
        scratch: &mut scratch,
    });
    let mut start = 0;
    for parameter in layer.parameters(input) {
        let range = start..start + parameter.shape.len();
        start = range.end;
        if let ParameterRole::Average { momentum } = parameter.role {
            elementwise::average(momentum, &mut parameters[range.clone()], &dparameters[range]);
        }
    }
    let mut inference = vec![f64::NAN; y.len()];
    let mode = Mode::Inference;
    layer.forward(Forward {
        rows,
        input,
        output: &output,
        mode,
        parameters,
        x,
        y: &mut inference,
        cache: &mut cache,
    });
    Passes { y, dx, dparameters, inference }
}

#[track_caller]
pub(super) fn near(ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len());
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((a - b).abs() <= 1e-13 * b.abs().max(1.0), "value {i}: {a} and {b}");
    }
}

#[test]
fn two_values_are_brought_to_minus_one_and_one() {
    // Mean 2, variance 1, so s = 1/√(1 + 3) = ½.
    let layer = Layer::LayerNorm(LayerNorm { epsilon: 3.0 });
    let passes = run(&layer, &Shape::from(2), 1, &[1.0, 3.0], &mut [2.0, 4.0, 10.0, 20.0]);
    assert_eq!(passes.y, [9.0, 22.0]);
    assert_eq!(passes.y, passes.inference);

    let layer = Layer::BatchNorm(BatchNorm { momentum: 0.5, epsilon: 3.0 });
    let mut parameters = [2.0, 10.0, 0.0, 1.0];
    let passes = run(&layer, &Shape::from(1), 2, &[1.0, 3.0], &mut parameters);
    assert_eq!(passes.y, [9.0, 11.0]);
    // The mean 2 and the variance 1·2/(2 - 1) come half.
    assert_eq!(parameters, [2.0, 10.0, 1.0, 1.5]);
}

#[test]
fn a_batch_of_one_value_is_the_bias() {
    let mut parameters = [2.0, 10.0, 0.0, 1.0];
    let passes = run(&BatchNorm::default().into(), &Shape::from(1), 1, &[7.0], &mut parameters);
    assert_eq!(passes.y, [10.0]);
    assert_eq!(passes.dx, [0.0]);
    assert_eq!(passes.dparameters[2..], [7.0, 0.0]);
}

#[test]
fn noise_is_a_function_of_row_and_epoch_and_ends_with_training() {
    let layer = Layer::Noise(Noise { noise: 0.5 });
    let input = Shape::from(3);
    let forward = |row_numbers: &[u32], epoch: u64| {
        let rows = row_numbers.len();
        let mut y = vec![0.0; rows * 3];
        let mode = Mode::Training { seed: 1, layer: 2, epoch, row_numbers };
        let (x, cache) = (&vec![1.0; rows * 3], &mut []);
        layer.forward(Forward {
            rows,
            input: &input,
            output: &input,
            mode,
            parameters: &[],
            x,
            y: &mut y,
            cache,
        });
        y
    };
    let together = forward(&[0, 1, 500], 0);
    assert_eq!(together[3..6], forward(&[1], 0)[..]);
    assert_eq!(together[6..], forward(&[500], 0)[..]);
    assert_ne!(together, forward(&[0, 1, 500], 1));
    let rows: Vec<u32> = (0..4000).collect();
    let y = forward(&rows, 0);
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    let variance = y.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / y.len() as f64;
    assert!((mean - 1.0).abs() < 0.02 && (variance - 0.25).abs() < 0.01, "{mean}, {variance}");
    let passes = run(&layer, &input, 2, &irregular(6), &mut []);
    assert_eq!(passes.inference, irregular(6));
}

#[test]
fn options_out_of_range_are_refused() {
    let refuse = |layer: Layer| layer.output_shape(&Shape::from(2)).unwrap_err().to_string();
    insta::assert_snapshot!(
        refuse(Noise { noise: -0.1 }.into()),
        @"has noise = -0.1; it must be a finite number, 0 or more"
    );
    insta::assert_snapshot!(
        refuse(BatchNorm { momentum: 1.0, epsilon: 1e-5 }.into()),
        @"has momentum = 1; it must be at least 0 and less than 1"
    );
    insta::assert_snapshot!(
        refuse(LayerNorm { epsilon: 0.0 }.into()),
        @"has epsilon = 0; it must be a finite number above 0"
    );
}

/// Holds a layer against what `reference/layers.py` prints for all parameters as one vector, half of irregular numbers; averages are not looked at.
#[track_caller]
pub(super) fn agrees_flat(layer: Layer, width: usize, x: &[f64], y: &[f64], dx: &[f64], dparameters: &[f64]) {
    let input = Shape::from(width);
    let shapes = layer.parameters(&input);
    let count = shapes.iter().map(|parameter| parameter.shape.len()).sum();
    let mut parameters: Vec<f64> = irregular(count).iter().map(|value| 0.5 * value).collect();
    let mut passes = run(&layer, &input, x.len() / width, x, &mut parameters);
    let mut start = 0;
    for parameter in shapes {
        let range = start..start + parameter.shape.len();
        start = range.end;
        if !parameter.role.is_trained() {
            passes.dparameters[range].fill(0.0);
        }
    }
    near(&passes.y, y);
    near(&passes.dx, dx);
    near(&passes.dparameters, dparameters);
}

#[test]
fn channels_are_dropped_whole_and_by_row_and_epoch() {
    let layer = Layer::ChannelDropout(ChannelDropout { dropout: 0.25 });
    let input = Shape::from([3, 2, 2]);
    let forward = |row_numbers: &[u32], epoch: u64| {
        let rows = row_numbers.len();
        let (mut y, mut cache) = (vec![f64::NAN; rows * 12], vec![f64::NAN; rows * 3]);
        let mode = Mode::Training { seed: 1, layer: 2, epoch, row_numbers };
        layer.forward(Forward {
            rows,
            input: &input,
            output: &input,
            mode,
            parameters: &[],
            x: &vec![1.5; rows * 12],
            y: &mut y,
            cache: &mut cache,
        });
        y
    };
    let rows: Vec<u32> = (0..2000).collect();
    let y = forward(&rows, 0);
    let dropped = y.chunks_exact(4).filter(|channel| **channel == [0.0; 4]).count();
    let kept = y.chunks_exact(4).filter(|channel| **channel == [2.0; 4]).count();
    assert_eq!(dropped + kept, 6000);
    assert!((dropped as f64 / 6000.0 - 0.25).abs() < 0.02, "{dropped}");
    assert_eq!(y[12 * 7..12 * 8], forward(&[7], 0));
    assert_ne!(y, forward(&rows, 1));
    let passes = run(&layer, &input, 2, &irregular(24), &mut []);
    assert_eq!(passes.inference, irregular(24));
}

#[test]
fn a_convolution_by_hand() {
    // One channel of 2×3; the filter is the difference along a diagonal, the bias 10.
    let layer = Layer::Conv2d(Conv2d::new(1, Window::square(2)));
    let x = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0];
    let passes = run(&layer, &Shape::from([1, 2, 3]), 1, &x, &mut [1.0, 0.0, 0.0, -1.0, 10.0]);
    assert_eq!(passes.y, [1.0 - 16.0 + 10.0, 2.0 - 32.0 + 10.0]);
    // dy is the first two irregular numbers, a and b.
    let [a, b] = [irregular(2)[0], irregular(2)[1]];
    assert_eq!(passes.dx, [a, b, 0.0, 0.0, -a, -b]);
    assert_eq!(passes.dparameters[4], a + b);
    near(&passes.dparameters[..1], &[a + 2.0 * b]);
    near(&passes.dparameters[3..4], &[16.0 * a + 32.0 * b]);
}

#[test]
fn windows_reach_over_the_edge_and_only_the_image_counts() {
    // Windows of 2 that begin before the image: of -1, of -2 and -3, of -4.
    let window = Window { stride: [1, 2], ..Window::new([1, 2]) }.padding(Padding::Numbers([[0, 0], [1, 1]]));
    let (x, input) = ([-1.0, -2.0, -3.0, -4.0], Shape::from([1, 1, 4]));
    assert_eq!(run(&MaxPool2d { window }.into(), &input, 1, &x, &mut []).y, [-1.0, -2.0, -4.0]);
    assert_eq!(run(&AveragePool2d { window }.into(), &input, 1, &x, &mut []).y, [-1.0, -2.5, -4.0]);
    assert_eq!(run(&GlobalAveragePool.into(), &input, 1, &x, &mut []).y, [-2.5]);
    let parts = AdaptiveAveragePool2d { output_size: [1, 3] };
    assert_eq!(run(&parts.into(), &input, 1, &x, &mut []).y, [-1.5, -2.5, -3.5]);
}

#[test]
fn images_are_made_larger_by_hand() {
    // Two pixels, two apart, each spread over three columns: 1·(1, 10, 100) and 2·(1, 10, 100), and the bias ½.
    let spread = ConvTranspose2d::new(1, Window { stride: [1, 2], ..Window::new([1, 3]) });
    let layer = Layer::ConvTranspose2d(spread.clone());
    let passes = run(&layer, &Shape::from([1, 1, 2]), 1, &[1.0, 2.0], &mut [1.0, 10.0, 100.0, 0.5]);
    assert_eq!(passes.y, [1.5, 10.5, 102.5, 20.5, 200.5]);
    let dy = irregular(5);
    near(&passes.dx, &[dy[0] + 10.0 * dy[1] + 100.0 * dy[2], dy[2] + 10.0 * dy[3] + 100.0 * dy[4]]);
    near(&passes.dparameters[3..], &[dy.iter().sum()]);
    // "same" doubles the width.
    let same = ConvTranspose2d { window: spread.window.padding(Padding::Same), ..spread };
    let shape = Layer::from(same).output_shape(&Shape::from([1, 1, 2])).unwrap();
    assert_eq!(shape.axes(), [1, 1, 4]);

    let layer = Layer::Upsample(Upsample { factor: [2, 2] });
    let passes = run(&layer, &Shape::from([1, 1, 2]), 1, &[3.0, 5.0], &mut []);
    assert_eq!(passes.y, [3.0, 3.0, 5.0, 5.0, 3.0, 3.0, 5.0, 5.0]);
    let dy = irregular(8);
    near(&passes.dx, &[dy[0] + dy[1] + dy[4] + dy[5], dy[2] + dy[3] + dy[6] + dy[7]]);
}

#[test]
fn layers_for_images_refuse_what_they_cannot_do() {
    let refuse =
        |layer: Layer, shape: [usize; 3]| layer.output_shape(&Shape::from(shape)).unwrap_err().to_string();
    let grouped = Conv2d { groups: 2, ..Conv2d::new(4, Window::square(1)) };
    insta::assert_snapshot!(
        refuse(grouped.into(), [3, 4, 4]),
        @"has groups = 2, but 3 input channels cannot be cut into 2 groups of the same size: 3 = 2·1 + 1; give a divisor of 3"
    );
    let far = Window::square(2).padding(Padding::Numbers([[0, 0], [2, 0]]));
    insta::assert_snapshot!(
        refuse(MaxPool2d { window: far }.into(), [1, 4, 4]),
        @"has padding = [[0, 0], [2, 0]] around windows of [2, 2], so that some hold nothing of the image; pad by less than kernel_size"
    );
    let dilated = AveragePool2d { window: Window::square(2).dilation(2) };
    insta::assert_snapshot!(
        refuse(dilated.into(), [1, 4, 4]),
        @"has dilation = [2, 2], which no pool takes; leave it out"
    );
    let parts = AdaptiveAveragePool2d { output_size: [5, 1] };
    insta::assert_snapshot!(
        refuse(parts.into(), [1, 4, 4]),
        @"has the output size [5, 1]; both must be from 1 to the input's [4, 4]"
    );
    insta::assert_snapshot!(
        refuse(GroupNorm::new(0).into(), [3, 4, 4]),
        @"has groups = 0, but 3 channels cannot be cut into 0 groups of the same size: there must be at least one; give a divisor of 3"
    );
    let eaten = ConvTranspose2d::new(1, Window::square(2).padding(Padding::Numbers([[2, 1], [0, 0]])));
    insta::assert_snapshot!(
        refuse(eaten.into(), [1, 2, 4]),
        @"leaves no output: its height is 3, and padding = [[2, 1], [0, 0]] takes that away; pad less"
    );
    let open = ConvTranspose2d { output_padding: [1, 0], ..ConvTranspose2d::new(1, Window::square(2)) };
    insta::assert_snapshot!(
        refuse(open.into(), [1, 2, 4]),
        @"has output_padding = [1, 0], which must be less than stride = [1, 1]"
    );
    insta::assert_snapshot!(
        refuse(Conv1d::new(1, 2).into(), [1, 2, 4]),
        @"takes sequences [channels, length], but its input has the shape [1, 2, 4]; say network.input_shape = [channels, length] if the rows are sequences"
    );
    let wide = Conv2d::new(1 << 30, Window::square(1 << 10).padding(Padding::Same));
    insta::assert_snapshot!(
        refuse(wide.into(), [1, 4, 4]),
        @"would have a weight of the shape [1073741824, 1, 1024, 1024], more than 68719476736 values; make it smaller"
    );
}

/// Holds a layer against what `reference/layers.py` prints; the weight is 1 and half of irregular numbers, the bias a quarter.
#[track_caller]
fn agrees(layer: Layer, input: Shape, rows: usize, expected: [&[f64]; 7]) {
    let [y, dx, dw, db, running_mean, running_variance, inference] = expected;
    let features = dw.len();
    let mut parameters: Vec<f64> = irregular(features).iter().map(|value| 1.0 + 0.5 * value).collect();
    parameters.extend(irregular(features).iter().map(|value| 0.25 * value));
    if matches!(layer, Layer::BatchNorm(_)) {
        parameters.extend(vec![0.0; features]);
        parameters.extend(vec![1.0; features]);
    }
    let x = irregular(rows * input.len());
    let passes = run(&layer, &input, rows, &x, &mut parameters);
    near(&passes.y, y);
    near(&passes.dx, dx);
    near(&passes.dparameters[..features], dw);
    near(&passes.dparameters[features..2 * features], db);
    near(&parameters[2 * features..], &[running_mean, running_variance].concat());
    near(&passes.inference, inference);
}

#[test]
fn batch_norm_of_features_agrees_with_pytorch() {
    agrees(
        BatchNorm::default().into(),
        Shape::from(3),
        4,
        [
            &[
                -0.8249018293710455,
                1.2345604027518973,
                1.0394940730047157,
                0.16166917266975026,
                -1.4106217830481247,
                -1.3082144821981703,
                -0.6616691726697502,
                1.7589865005902456,
                1.5049439172824122,
                0.32490182937104556,
                -0.8861956852097762,
                -0.842764637920474,
            ],
            &[
                1.8832472266973418e-05,
                -4.930081690775962e-05,
                -4.375651335238873e-05,
                -1.348534285579087e-05,
                7.368328613923307e-05,
                6.539696289065357e-05,
                1.348534285579087e-05,
                -7.368328613923307e-05,
                -6.539696289065357e-05,
                -1.8832472266973418e-05,
                4.930081690775962e-05,
                4.375651335238873e-05,
            ],
            &[-2.2099830441318358, -1.8549965427203232, -1.854996542720323],
            &[-1.4588701684836471, 1.3280475718533202, 0.11496531219028716],
            &[-0.03647175421209118, 0.033201189296333006, 0.002874132804757179],
            &[0.9407015420842415, 0.9286764347172115, 0.9286764347172115],
            &[
                -0.7467137914486135,
                1.1025761856319654,
                0.5834037521991868,
                -0.1847047700605505,
                -0.17041191452981305,
                -0.5464258185066914,
                -0.6537268442734976,
                1.3549550900213374,
                0.8074004644742084,
                -0.09171782288543462,
                0.0819669898595591,
                -0.32242910623166976,
            ],
        ],
    );
}

#[test]
fn batch_norm_of_channels_agrees_with_pytorch() {
    agrees(
        BatchNorm::default().into(),
        Shape::from([2, 2, 2]),
        2,
        [
            &[
                -1.3031582271379758,
                0.3483250656123925,
                0.05314172006238498,
                -0.24204162548762234,
                0.011247189638374249,
                -0.5912683602661812,
                -1.1937839101707366,
                2.177152761190698,
                0.2287082850627162,
                -0.06647506048729114,
                -0.3616584060372986,
                -0.6568417515873061,
                -0.8354249883320795,
                -1.437940538236635,
                1.9329961331247996,
                1.3304805832202442,
            ],
            &[
                0.024339894613265262,
                0.4416627862507643,
                0.01912727447448523,
                -0.40340823730179376,
                -0.9802899626890638,
                -1.4743931907723826,
                2.004955802410288,
                0.795898112120253,
                -0.8466271405700435,
                0.6775039859540533,
                0.25496847417777413,
                -0.1675670375985048,
                0.01872632764456534,
                -0.4753769004387538,
                -1.6844345907287888,
                1.7949144024538821,
            ],
            &[-1.7730169476007098, 0.9769441870976824],
            &[0.6560951437066401, -1.0485629335976214],
            &[0.008201189296333003, -0.01310703666997027],
            &[0.9301572903194484, 0.952640654329076],
            &[
                -0.7726809575842144,
                0.10695316237761998,
                -0.05027116046602571,
                -0.2074954833096713,
                -0.10207683152414843,
                -0.5210351377084326,
                -0.9399934438927164,
                1.4039824390729512,
                0.04324134527758051,
                -0.11398297756606507,
                -0.2712073004097107,
                -0.4284316232533563,
                -0.6908090918484691,
                -1.1097673980327531,
                1.2342084849329145,
                0.8152501787486305,
            ],
        ],
    );
}

#[test]
fn layer_norm_of_rows_agrees_with_pytorch() {
    agrees(
        LayerNorm::default().into(),
        Shape::from(4),
        2,
        [
            &[
                -1.066011325342773,
                1.5462727878580012,
                0.7493945658086544,
                0.09614175481287648,
                -0.2852095925112339,
                -0.5593382280335929,
                -1.1194222674799155,
                1.7281644054984229,
            ],
            &[
                -0.46737573128759297,
                -0.35004560748667896,
                -0.9800983270456896,
                1.7975196658199615,
                -1.1950103301580708,
                0.9047033031183245,
                0.02483541612213158,
                0.2654716109176148,
            ],
            &[0.41817425925179635, -0.904464598366753, -0.8462634514038687, 0.20895444990809592],
            &[-1.2130822596630328, 0.18037661050545095, -0.42616451932606547, 0.9672943508424183],
            &[],
            &[],
            &[
                -1.066011325342773,
                1.5462727878580012,
                0.7493945658086544,
                0.09614175481287648,
                -0.2852095925112339,
                -0.5593382280335929,
                -1.1194222674799155,
                1.7281644054984229,
            ],
        ],
    );
}
