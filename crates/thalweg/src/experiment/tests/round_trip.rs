//! Whatever an experiment says is written and read back the same; whatever a file says, nothing panics.

use proptest::prelude::*;

use crate::activations::Activation;
use crate::custom::Registry;
use crate::data::{Augmentation, ClassWeight, Fold, Generator, Scaling, Source, Split};
use crate::experiment::*;
use crate::init::Init;
use crate::layers::{
    AdaptiveAveragePool2d, AveragePool2d, BatchNorm, ChannelDropout, Conv1d, Conv2d, ConvTranspose2d, Dense,
    Dropout, Embedding, GlobalAveragePool, GroupNorm, LayerNorm, MaxPool2d, Noise, Padding, Periodic,
    PiecewiseLinear, Residual, Scale, Upsample, Window,
};
use crate::losses::Loss;
use crate::metrics::Metric;
use crate::optimizers::Optimizer;
use crate::schedules::Schedule;
use crate::train::{BatchSize, EarlyStopping, Every, LayerTraining, ReduceOnPlateau, WeightAverage};

/// A string with the characters that TOML must escape.
fn any_name() -> impl Strategy<Value = String> {
    "[a-z][a-zA-Z0-9 \"'#=é,_-]{0,12}"
}

fn positive() -> impl Strategy<Value = f64> {
    prop_oneof![1e-12..10.0f64, Just(1e-300), Just(1e300), Just(3.0)]
}

fn below_one() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), 0.0..1.0f64]
}

fn any_init() -> impl Strategy<Value = Init> {
    prop_oneof![
        Just(Init::HeNormal),
        Just(Init::HeUniform),
        Just(Init::GlorotNormal),
        Just(Init::GlorotUniform),
        Just(Init::LecunNormal),
        Just(Init::Zeros),
        positive().prop_map(|std| Init::Normal { std }),
        (-1.0..0.0, 0.5..1.0).prop_map(|(low, high)| Init::Uniform { low, high }),
        any_name().prop_map(|path| Init::File { path: path.into() }),
    ]
}

fn any_bias_init() -> impl Strategy<Value = Init> {
    prop_oneof![
        Just(Init::Zeros),
        positive().prop_map(|std| Init::Normal { std }),
        (1usize..200).prop_map(|rows| Init::FirstRow { rows, of: Box::new(Init::Normal { std: 1.0 }) }),
        (1usize..200)
            .prop_map(|rows| Init::FirstRow { rows, of: Box::new(Init::Uniform { low: -1.0, high: 1.0 }) }),
    ]
}

fn any_activation() -> impl Strategy<Value = Activation> {
    prop_oneof![
        proptest::sample::select(vec![
            Activation::Identity,
            Activation::Sigmoid,
            Activation::Tanh,
            Activation::Relu,
            Activation::Selu,
            Activation::Gelu,
            Activation::GeluTanh,
            Activation::Silu,
            Activation::Softplus,
            Activation::Mish,
            Activation::Softmax,
        ]),
        (-2.0..2.0).prop_map(|slope| Activation::LeakyRelu { slope }),
        (-2.0..2.0).prop_map(|alpha| Activation::Elu { alpha }),
    ]
}

fn any_pair() -> impl Strategy<Value = [usize; 2]> {
    [1usize..9, 1usize..9]
}

fn any_padding() -> impl Strategy<Value = Padding> {
    prop_oneof![
        Just(Padding::Valid),
        Just(Padding::Same),
        [[0usize..4, 1usize..4], [0usize..4, 0usize..4]].prop_map(Padding::Numbers),
        (1usize..4).prop_map(|side| Padding::Numbers([[side, side], [side, side]])),
    ]
}

fn any_pool() -> impl Strategy<Value = Window> {
    (any_pair(), any_pair(), any_padding()).prop_map(|(size, stride, padding)| Window {
        stride,
        padding,
        ..Window::new(size)
    })
}

fn any_image_layer() -> impl Strategy<Value = Layer> {
    let init = (proptest::option::of(any_init()), proptest::option::of(any_bias_init()));
    prop_oneof![
        (1usize..99, any_pool(), any_pair(), 1usize..9, init).prop_map(
            |(out_channels, window, dilation, groups, (init, bias_init))| {
                let window = Window { dilation, ..window };
                Layer::Conv2d(Conv2d { out_channels, window, groups, init, bias_init })
            }
        ),
        (1usize..99, any_pool(), any_pair(), 1usize..9, [0usize..3, 0usize..3]).prop_map(
            |(out_channels, window, dilation, groups, output_padding)| {
                let window = Window { dilation, ..window };
                ConvTranspose2d { output_padding, groups, ..ConvTranspose2d::new(out_channels, window) }
                    .into()
            }
        ),
        (1usize..99, any_pool(), 1usize..9).prop_map(|(out_channels, window, groups)| {
            let padding = match window.padding {
                Padding::Numbers([_, [0, 0]]) => Padding::Valid,
                Padding::Numbers([_, ends]) => Padding::Numbers([[0, 0], ends]),
                other => other,
            };
            let [kernel_size, stride] = [window.kernel_size, window.stride].map(|pair| [1, pair[1]]);
            let window = Window { kernel_size, stride, padding, dilation: [1, groups] };
            Conv1d { window, groups, ..Conv1d::new(out_channels, 1) }.into()
        }),
        any_pair().prop_map(|factor| Upsample { factor }.into()),
        any_pool().prop_map(|window| MaxPool2d { window }.into()),
        any_pool().prop_map(|window| AveragePool2d { window }.into()),
        any_pair().prop_map(|output_size| AdaptiveAveragePool2d { output_size }.into()),
        Just(GlobalAveragePool.into()),
        below_one().prop_map(|dropout| ChannelDropout { dropout }.into()),
        (1usize..99, positive()).prop_map(|(groups, epsilon)| GroupNorm { groups, epsilon }.into()),
    ]
}

fn any_plain_layer() -> impl Strategy<Value = Layer> {
    prop_oneof![
        any_image_layer().boxed(),
        (1usize..1000, proptest::option::of(any_init()), proptest::option::of(any_bias_init())).prop_map(
            |(out_features, init, bias_init)| Layer::Dense(Dense { out_features, init, bias_init })
        ),
        any_activation().prop_map(Layer::Activation),
        (-1e3..1e3).prop_map(|factor| Layer::Scale(Scale { factor })),
        below_one().prop_map(|dropout| Layer::Dropout(Dropout { dropout })),
        positive().prop_map(|noise| Layer::Noise(Noise { noise })),
        (below_one(), positive()).prop_map(|(momentum, epsilon)| BatchNorm { momentum, epsilon }.into()),
        positive().prop_map(|epsilon| LayerNorm { epsilon }.into()),
        Just(Layer::Flatten),
        (
            any_columns(),
            proptest::collection::vec(1usize..100, 0..3),
            1usize..99,
            proptest::option::of(any_init())
        )
            .prop_map(|(columns, categories, dimension, init)| {
                Embedding { columns, categories, dimension, init }.into()
            }),
        (any_columns(), 1usize..99, positive(), any_column_layer()).prop_map(
            |(columns, frequencies, sigma, (dimension, relu))| {
                Periodic { columns, frequencies, sigma, dimension, relu }.into()
            }
        ),
        (
            any_columns(),
            1usize..99,
            proptest::collection::vec(proptest::collection::vec(-1e3..1e3, 1..4), 0..3),
            any_column_layer()
        )
            .prop_map(|(columns, bins, edges, (dimension, relu))| {
                PiecewiseLinear { columns, bins, edges, dimension, relu }.into()
            }),
    ]
}

fn any_columns() -> impl Strategy<Value = Option<Vec<usize>>> {
    proptest::option::of(proptest::collection::vec(0usize..100, 1..4))
}

/// A dimension, and whether ReLU follows; without the first, the second is not written.
fn any_column_layer() -> impl Strategy<Value = (Option<usize>, bool)> {
    (proptest::option::of(1usize..99), any::<bool>())
        .prop_map(|(dimension, relu)| (dimension, relu || dimension.is_none()))
}

/// A layer, or a block of a few, which may hold blocks.
fn any_layer() -> impl Strategy<Value = Layer> {
    any_plain_layer().prop_recursive(2, 6, 3, |inner| {
        let some = |least| proptest::collection::vec(inner.clone(), least..4);
        (some(1), some(0)).prop_map(|(layers, shortcut)| Residual::new(layers).with_shortcut(shortcut).into())
    })
}

fn any_source() -> impl Strategy<Value = Source> {
    prop_oneof![
        proptest::sample::select(data::SETS).prop_map(|name| Source::Named(name.to_owned())),
        any_name().prop_map(|name| Source::Files(vec![format!("./{name}").into()])),
        proptest::collection::vec(any_name(), 2..4)
            .prop_map(|names| Source::Files(names.into_iter().map(Into::into).collect())),
        (
            proptest::sample::select(vec!["spiral", "blobs"]),
            proptest::option::of(2usize..1000),
            proptest::option::of(2usize..9),
            proptest::option::of(0.0..1.0f64),
            proptest::option::of(0..MOST),
        )
            .prop_map(|(name, rows, classes, noise, seed)| Source::Generator(Generator {
                name: name.to_owned(),
                rows,
                classes,
                noise,
                seed
            })),
    ]
}

fn any_optimizer() -> impl Strategy<Value = Optimizer> {
    prop_oneof![
        Just(Optimizer::Sgd),
        (below_one(), any::<bool>())
            .prop_map(|(momentum, nesterov)| Optimizer::Momentum { momentum, nesterov }),
        (below_one(), positive()).prop_map(|(rho, epsilon)| Optimizer::RmsProp { rho, epsilon }),
        (below_one(), below_one(), positive()).prop_map(|(beta1, beta2, epsilon)| Optimizer::Adam {
            beta1,
            beta2,
            epsilon
        }),
        positive().prop_map(|epsilon| Optimizer::Adagrad { epsilon }),
        (below_one(), positive()).prop_map(|(rho, epsilon)| Optimizer::Adadelta { rho, epsilon }),
        (below_one(), below_one(), positive()).prop_map(|(beta1, beta2, epsilon)| Optimizer::Nadam {
            beta1,
            beta2,
            epsilon
        }),
        (below_one(), below_one()).prop_map(|(beta1, beta2)| Optimizer::Lion { beta1, beta2 }),
        (1usize..100).prop_map(|history| Optimizer::Lbfgs { history }),
        (below_one(), 1usize..9, positive()).prop_map(|(momentum, iterations, adam_share)| Optimizer::Muon {
            momentum,
            iterations,
            adam_share
        }),
        (0.1..0.9f64, 1.1..3.0f64, positive(), 1.5..9.0f64).prop_map(|(shrink, grow, least, times)| {
            Optimizer::Rprop { shrink, grow, least, most: times * least }
        }),
        (below_one(), below_one(), positive(), below_one()).prop_map(
            |(beta1, beta2, epsilon, weight_decay)| {
                Optimizer::AdamW { beta1, beta2, epsilon, weight_decay }
            }
        ),
    ]
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let plain = prop_oneof![
        Just(Schedule::Constant),
        (1..100u64, positive()).prop_map(|(every, factor)| Schedule::Step { every, factor }),
        positive().prop_map(|decay| Schedule::Exponential { decay }),
        below_one().prop_map(|final_share| Schedule::Cosine { final_share }),
        (positive(), below_one())
            .prop_map(|(power, final_share)| Schedule::Polynomial { power, final_share }),
        (0.1..0.9f64, below_one(), below_one()).prop_map(|(rise, start_share, final_share)| {
            Schedule::OneCycle { rise, start_share, final_share }
        }),
        (1..100u64, 1..9u64, below_one()).prop_map(|(first, longer, final_share)| {
            Schedule::WarmRestarts { first, longer, final_share }
        }),
    ];
    (plain, proptest::option::of(1..100u64)).prop_map(|(plain, rise)| match rise {
        Some(steps) => Schedule::WarmUp { steps, then: Box::new(plain) },
        None => plain,
    })
}

fn any_every() -> impl Strategy<Value = Every> {
    prop_oneof![
        (1..MOST).prop_map(Every::Steps),
        (1..MOST).prop_map(Every::Epochs),
        positive().prop_map(Every::Minutes),
    ]
}

fn any_data() -> impl Strategy<Value = DataSettings> {
    let scaling = || {
        proptest::sample::select(vec![Scaling::None, Scaling::Divide255, Scaling::Standard, Scaling::MinMax])
    };
    let split = (0.0..0.5f64, 0.0..0.5f64, any::<bool>());
    (
        any_source(),
        proptest::option::of(any_source()),
        proptest::collection::vec(any_name(), 0..3),
        proptest::collection::vec(any_name(), 0..3),
        (proptest::option::of(any_name()), proptest::option::of(any_class_weight())),
        (proptest::option::of(split), proptest::option::of((1..=3usize, 3..9usize))),
        proptest::option::of(Just("npz".to_owned())),
        proptest::option::of(scaling()),
        scaling(),
    )
        .prop_map(
            |(source, test, features, target, weights, (split, fold), format, scale, scale_target)| {
                DataSettings {
                    source,
                    fold: fold.map(|(number, of)| Fold { number, of }),
                    split: split.map(|(validation, share, stratify)| {
                        let share = if test.is_some() { 0.0 } else { share };
                        Split { validation, test: share, stratify }
                    }),
                    validation: None,
                    test,
                    features,
                    target,
                    weight: weights.0,
                    class_weight: weights.1,
                    format,
                    scale,
                    scale_target,
                }
            },
        )
}

fn any_class_weight() -> impl Strategy<Value = ClassWeight> {
    let named = proptest::collection::btree_map(any_name(), positive(), 1..3);
    prop_oneof![
        Just(ClassWeight::Balanced),
        named.prop_map(|named| ClassWeight::Named(named.into_iter().collect())),
    ]
}

fn any_augmentation() -> impl Strategy<Value = Augmentation> {
    let flip = proptest::option::of(proptest::sample::select(augment::FLIPS.map(|(_, flip)| flip).to_vec()));
    (0usize..9, flip, below_one(), 0.1..=1.0f64, 0usize..9, (below_one(), below_one(), below_one())).prop_map(
        |(shift, flip, rotate, crop, cutout, (mixup, brightness, contrast))| Augmentation {
            shift,
            flip,
            rotate: 180.0 * rotate,
            crop,
            cutout,
            mixup,
            brightness,
            contrast,
        },
    )
}

fn any_training() -> impl Strategy<Value = TrainingSettings> {
    let losses = vec![
        Loss::SumOfSquares,
        Loss::MeanSquaredError,
        Loss::HalfSquares,
        Loss::MeanAbsoluteError,
        Loss::Huber { delta: 0.3 },
        Loss::LogCosh,
        Loss::Quantile { quantile: 0.9 },
        Loss::Poisson,
        Loss::Hinge,
        Loss::SquaredHinge,
        Loss::BinaryCrossEntropy,
        Loss::Focal { gamma: 1.5, alpha: 0.6 },
        Loss::SoftmaxCrossEntropy,
        Loss::SmoothedBinaryCrossEntropy { label_smoothing: 0.1 },
        Loss::SmoothedSoftmaxCrossEntropy { label_smoothing: 0.2 },
    ];
    let what = (
        proptest::option::of(proptest::sample::select(losses)),
        any_optimizer(),
        proptest::option::of(positive()),
        any_schedule(),
        (below_one(), below_one(), below_one()),
        (
            proptest::option::of(positive()),
            proptest::option::of(positive()),
            proptest::option::of(positive()),
        ),
    );
    let how_long = (
        (proptest::option::of(1usize..1000), 1usize..4),
        (any::<bool>(), proptest::option::of(any_augmentation())),
        proptest::option::of(1..MOST),
        proptest::option::of(1..MOST),
        (
            proptest::option::of((1..100u64, below_one())),
            proptest::option::of((0.1..0.9f64, 1..100u64, below_one(), below_one())),
            proptest::option::of((any::<bool>(), below_one())),
        ),
        proptest::option::of(any_every()),
        (proptest::option::of(any_every()), 1usize..1001),
        1usize..9,
        proptest::option::of((proptest::option::of(positive()), any::<bool>())),
        proptest::sample::subsequence(Metric::ALL.to_vec(), 0..4),
    );
    (what, how_long).prop_map(|(what, how_long)| {
        let (loss, optimizer, learning_rate, schedule, (l2, l1, weight_decay), limits) = what;
        let (
            (rows, accumulate),
            (shuffle, augment),
            epochs,
            steps,
            (stop, plateau, average),
            report_every,
            checkpoints,
            shards,
            layer,
            metrics,
        ) = how_long;
        TrainingSettings {
            weight_decay: if matches!(optimizer, Optimizer::AdamW { .. }) { 0.0 } else { weight_decay },
            loss,
            optimizer,
            learning_rate,
            schedule,
            l2,
            l1,
            clip_value: limits.0,
            clip_norm: limits.1,
            max_norm: limits.2,
            batch_size: rows.map_or(BatchSize::Full, BatchSize::Rows),
            accumulate,
            shuffle,
            augment,
            epochs: if steps.is_none() { epochs.or(Some(3)) } else { epochs },
            steps,
            layer: layer
                .map(|(learning_rate, frozen)| (0, LayerTraining { learning_rate, frozen }))
                .into_iter()
                .collect(),
            early_stopping: stop.map(|(patience, min_delta)| EarlyStopping {
                metric: "validation.accuracy".to_owned(),
                patience,
                min_delta,
            }),
            reduce_on_plateau: plateau.map(|(factor, patience, min_delta, least_share)| ReduceOnPlateau {
                metric: "train.loss".to_owned(),
                factor,
                patience,
                min_delta,
                least_share,
            }),
            average: average.map(|(is_ema, share)| match is_ema {
                true => WeightAverage::Ema { decay: share },
                false => WeightAverage::Swa { start: share },
            }),
            metrics,
            custom_metrics: Vec::new(),
            report_every,
            checkpoint_every: checkpoints.0,
            keep_checkpoints: checkpoints.1,
            shards,
        }
    })
}

fn any_experiment() -> impl Strategy<Value = Experiment> {
    let dense = Just(Layer::Dense(Dense { out_features: 2, init: None, bias_init: None }));
    let network = (
        dense,
        proptest::collection::vec(any_layer(), 0..6),
        proptest::option::of(proptest::collection::vec(1usize..100, 1..4)),
        proptest::option::of(any_init()),
    );
    (any_name(), any::<String>(), 0..=MOST, any::<bool>(), any::<bool>(), any_data(), network, any_training())
        .prop_map(
            |(name, description, seed, numpy, double, data, (first, rest, input_shape, init), training)| {
                Experiment {
                    name,
                    description,
                    seed: if numpy { seed % (1 << 32) } else { seed },
                    random: if numpy { RandomSource::Numpy } else { RandomSource::Philox },
                    precision: if double { Precision::F64 } else { Precision::F32 },
                    data,
                    network: NetworkSettings {
                        layers: std::iter::once(first).chain(rest).collect(),
                        input_shape: input_shape.map(Shape::from),
                        init,
                    },
                    training,
                    registry: Registry::new(),
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back_the_same(experiment in any_experiment()) {
        for text in [experiment.to_toml(), experiment.commented_toml()] {
            let again = Experiment::parse(&text, None).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            // What is left to the optimizer is written out.
            let mut experiment = experiment.clone();
            let rate = experiment.training.optimizer.default_learning_rate();
            experiment.training.learning_rate.get_or_insert(rate);
            prop_assert_eq!(format!("{experiment:?}"), format!("{again:?}"));
        }
    }

    #[test]
    fn arbitrary_text_is_refused_without_a_panic(text in any::<String>()) {
        let _ = Experiment::parse(&text, None);
    }

    #[test]
    fn a_broken_file_is_refused_without_a_panic(cut in 0usize..900, with in "[\\[\\]{}=\",.0-9a-z\n ]{0,8}", to in 0usize..900) {
        let text = BUILTIN[cut % BUILTIN.len()].text;
        let whole = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        let (from, to) = (whole(cut.min(to)), whole(cut.max(to)));
        let _ = Experiment::parse(&format!("{}{with}{}", &text[..from], &text[to..]), None);
    }

    #[test]
    fn any_setting_is_refused_without_a_panic(key in "[a-z0-9_.]{0,20}|training.optimizer.[a-z.]{0,9}|network.layers.[0-9]{1,2}.[a-z]{0,5}|hidden|dropout|activation", value in any::<String>()) {
        let _ = Draft::builtin("mnist-relu").unwrap().set(&key, &value).and_then(|draft| draft.check());
    }
}
