//! The layers for images in an experiment file, read and written.

use std::fmt::Write as _;

use super::item::{Item, Keys};
use super::network::MOST_FEATURES;
use super::parts;
use super::problem::{Bounds, Expected};
use super::tree::{Fault, Value};
use crate::layers::{
    AdaptiveAveragePool2d, AveragePool2d, ChannelDropout, Conv1d, Conv2d, ConvTranspose2d, GroupNorm, Layer,
    MaxPool2d, Padding, Upsample, Window,
};

/// The keys of these layers.
pub(super) const KEYS: [&str; 9] = [
    "conv2d",
    "conv1d",
    "conv_transpose2d",
    "upsample",
    "max_pool2d",
    "average_pool2d",
    "adaptive_average_pool2d",
    "channel_dropout",
    "group_norm",
];

/// The largest size or distance in pixels.
const MOST_PIXELS: u64 = 1 << 20;

/// The options beside a layer's own key.
pub(super) fn options(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "conv1d" => &[
            "conv1d",
            "kernel_size",
            "stride",
            "padding",
            "dilation",
            "groups",
            "activation",
            "init",
            "bias_init",
        ],
        "conv_transpose2d" => &[
            "conv_transpose2d",
            "kernel_size",
            "stride",
            "padding",
            "output_padding",
            "dilation",
            "groups",
            "activation",
            "init",
            "bias_init",
        ],
        "upsample" => &["upsample", "activation"],
        "conv2d" => &[
            "conv2d",
            "kernel_size",
            "stride",
            "padding",
            "dilation",
            "groups",
            "activation",
            "init",
            "bias_init",
        ],
        "max_pool2d" => &["max_pool2d", "stride", "padding", "activation"],
        "average_pool2d" => &["average_pool2d", "stride", "padding", "activation"],
        "adaptive_average_pool2d" => &["adaptive_average_pool2d", "activation"],
        "channel_dropout" => &["channel_dropout", "activation"],
        "group_norm" => &["group_norm", "activation"],
        _ => return None,
    })
}

/// The layer of this kind, whose key has this value.
pub(super) fn layer(kind: &str, value: &Item<'_>, keys: &Keys<'_>) -> Result<Option<Layer>, Fault> {
    Ok(Some(match kind {
        "conv2d" => Layer::Conv2d(Conv2d {
            out_channels: value.size(1, MOST_FEATURES)?,
            window: dilated(keys)?,
            groups: groups(keys)?,
            init: keys.maybe("init", |item| parts::init(&item))?,
            bias_init: keys.maybe("bias_init", |item| parts::bias_init(&item))?,
        }),
        "conv1d" => Layer::Conv1d(Conv1d {
            out_channels: value.size(1, MOST_FEATURES)?,
            window: along_a_sequence(keys)?,
            groups: groups(keys)?,
            init: keys.maybe("init", |item| parts::init(&item))?,
            bias_init: keys.maybe("bias_init", |item| parts::bias_init(&item))?,
        }),
        "conv_transpose2d" => Layer::ConvTranspose2d(ConvTranspose2d {
            out_channels: value.size(1, MOST_FEATURES)?,
            window: dilated(keys)?,
            output_padding: keys.read("output_padding", [0, 0], |item| pair(&item, 0))?,
            groups: groups(keys)?,
            init: keys.maybe("init", |item| parts::init(&item))?,
            bias_init: keys.maybe("bias_init", |item| parts::bias_init(&item))?,
        }),
        "upsample" => Upsample { factor: pair(value, 1)? }.into(),
        "max_pool2d" => MaxPool2d { window: pool(value, keys)? }.into(),
        "average_pool2d" => AveragePool2d { window: pool(value, keys)? }.into(),
        "adaptive_average_pool2d" => AdaptiveAveragePool2d { output_size: pair(value, 1)? }.into(),
        "channel_dropout" => ChannelDropout { dropout: value.number(Bounds::BelowOne)? }.into(),
        "group_norm" => group_norm(value)?.into(),
        _ => return Ok(None),
    }))
}

fn groups(keys: &Keys<'_>) -> Result<usize, Fault> {
    keys.read("groups", 1, |item| item.size(1, MOST_FEATURES))
}

/// The window of a convolution of images.
fn dilated(keys: &Keys<'_>) -> Result<Window, Fault> {
    let Some(size) = keys.get("kernel_size") else {
        return Err(keys.missing("kernel_size", Expected::Pair { least: 1 }));
    };
    Ok(Window {
        dilation: keys.read("dilation", [1, 1], |item| pair(&item, 1))?,
        ..window(pair(&size, 1)?, [1, 1], keys)?
    })
}

/// The window of a convolution of sequences: whole numbers throughout.
fn along_a_sequence(keys: &Keys<'_>) -> Result<Window, Fault> {
    let Some(size) = keys.get("kernel_size") else {
        return Err(keys.missing("kernel_size", Expected::Whole { least: 1, most: MOST_PIXELS }));
    };
    let one = |key| keys.read(key, 1, |item| item.size(1, MOST_PIXELS));
    let ends = |item: Item<'_>| match &item.node.value {
        Value::Text(text) if text == "valid" => Ok(Padding::Valid),
        Value::Text(text) if text == "same" => Ok(Padding::Same),
        _ => pair(&item, 0).map(|ends| numbers([[0, 0], ends])).map_err(|_| item.wrong(Expected::Ends)),
    };
    Ok(Window {
        stride: [1, one("stride")?],
        dilation: [1, one("dilation")?],
        padding: keys.read("padding", Padding::Valid, ends)?,
        ..Window::new([1, size.size(1, MOST_PIXELS)?])
    })
}

/// Windows of a pool lie side by side unless a stride says otherwise.
fn pool(size: &Item<'_>, keys: &Keys<'_>) -> Result<Window, Fault> {
    let size = pair(size, 1)?;
    window(size, size, keys)
}

fn window(kernel_size: [usize; 2], stride: [usize; 2], keys: &Keys<'_>) -> Result<Window, Fault> {
    Ok(Window {
        stride: keys.read("stride", stride, |item| pair(&item, 1))?,
        padding: keys.read("padding", Padding::Valid, |item| padding(&item))?,
        ..Window::new(kernel_size)
    })
}

/// A number for both axes, or two.
fn pair(item: &Item<'_>, least: u64) -> Result<[usize; 2], Fault> {
    let wrong = || item.wrong(Expected::Pair { least });
    if let Value::Whole(_) = item.node.value {
        let size = item.size(least, MOST_PIXELS).map_err(|_| wrong())?;
        return Ok([size, size]);
    }
    match item.list().map_err(|_| wrong())?.as_slice() {
        [height, width] => {
            let size = |item: &Item<'_>| item.size(least, MOST_PIXELS).map_err(|_| wrong());
            Ok([size(height)?, size(width)?])
        }
        _ => Err(wrong()),
    }
}

/// A word, a number, one for each axis, or two for each axis.
fn padding(item: &Item<'_>) -> Result<Padding, Fault> {
    let wrong = || item.wrong(Expected::Padding);
    match &item.node.value {
        Value::Text(text) if text == "valid" => Ok(Padding::Valid),
        Value::Text(text) if text == "same" => Ok(Padding::Same),
        Value::Whole(_) => pair(item, 0).map(|ends| numbers(ends.map(|end| [end, end]))).map_err(|_| wrong()),
        Value::List(_) => match item.list().map_err(|_| wrong())?.as_slice() {
            [down, across] => {
                let ends = |item: &Item<'_>| pair(item, 0).map_err(|_| wrong());
                Ok(numbers([ends(down)?, ends(across)?]))
            }
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

/// No padding has one form.
fn numbers(ends: [[usize; 2]; 2]) -> Padding {
    if ends == [[0, 0], [0, 0]] { Padding::Valid } else { Padding::Numbers(ends) }
}

fn group_norm(item: &Item<'_>) -> Result<GroupNorm, Fault> {
    if let Value::Whole(_) = item.node.value {
        return Ok(GroupNorm::new(item.size(1, MOST_FEATURES)?));
    }
    let keys = item.keys()?;
    keys.only(&["groups", "epsilon"])?;
    let Some(groups) = keys.get("groups") else {
        return Err(keys.missing("groups", Expected::Whole { least: 1, most: MOST_FEATURES }));
    };
    let default = GroupNorm::new(groups.size(1, MOST_FEATURES)?);
    Ok(GroupNorm {
        epsilon: keys.read("epsilon", default.epsilon, |item| item.number(Bounds::Positive))?,
        ..default
    })
}

/// The keys of one of these layers as they are written; `None` for another layer.
pub(super) fn written(layer: &Layer) -> Option<String> {
    Some(match layer {
        Layer::Conv2d(conv) => {
            let mut keys = format!("conv2d = {}", conv.out_channels);
            write_convolution(&mut keys, &conv.window, conv.groups);
            keys
        }
        Layer::Conv1d(conv) => {
            let [size, stride, dilation] =
                [conv.window.kernel_size, conv.window.stride, conv.window.dilation].map(|pair| pair[1]);
            let mut keys = format!("conv1d = {}, kernel_size = {size}", conv.out_channels);
            match conv.window.padding {
                Padding::Valid => {}
                Padding::Same => keys.push_str(", padding = \"same\""),
                Padding::Numbers([_, ends]) => {
                    let _ = write!(keys, ", padding = {}", written_pair(ends));
                }
            }
            for (key, value) in [("stride", stride), ("dilation", dilation), ("groups", conv.groups)] {
                if value != 1 {
                    let _ = write!(keys, ", {key} = {value}");
                }
            }
            keys
        }
        Layer::ConvTranspose2d(conv) => {
            let mut keys = format!("conv_transpose2d = {}", conv.out_channels);
            write_convolution(&mut keys, &conv.window, conv.groups);
            if conv.output_padding != [0, 0] {
                let _ = write!(keys, ", output_padding = {}", written_pair(conv.output_padding));
            }
            keys
        }
        Layer::Upsample(upsample) => format!("upsample = {}", written_pair(upsample.factor)),
        Layer::MaxPool2d(pool) => written_pool("max_pool2d", &pool.window),
        Layer::AveragePool2d(pool) => written_pool("average_pool2d", &pool.window),
        Layer::AdaptiveAveragePool2d(pool) => {
            format!("adaptive_average_pool2d = {}", written_pair(pool.output_size))
        }
        Layer::ChannelDropout(dropout) => format!("channel_dropout = {:?}", dropout.dropout),
        Layer::GroupNorm(norm) => {
            format!("group_norm = {{ groups = {}, epsilon = {:?} }}", norm.groups, norm.epsilon)
        }
        _ => return None,
    })
}

fn write_convolution(keys: &mut String, window: &Window, groups: usize) {
    let _ = write!(keys, ", kernel_size = {}", written_pair(window.kernel_size));
    write_window(keys, window, [1, 1]);
    if window.dilation != [1, 1] {
        let _ = write!(keys, ", dilation = {}", written_pair(window.dilation));
    }
    if groups != 1 {
        let _ = write!(keys, ", groups = {groups}");
    }
}

fn written_pool(key: &str, window: &Window) -> String {
    let mut keys = format!("{key} = {}", written_pair(window.kernel_size));
    write_window(&mut keys, window, window.kernel_size);
    keys
}

fn write_window(keys: &mut String, window: &Window, usual_stride: [usize; 2]) {
    if window.stride != usual_stride {
        let _ = write!(keys, ", stride = {}", written_pair(window.stride));
    }
    match window.padding {
        Padding::Valid => {}
        Padding::Same => keys.push_str(", padding = \"same\""),
        Padding::Numbers([[above, below], [left, right]])
            if above == below && left == right && above == left =>
        {
            let _ = write!(keys, ", padding = {above}");
        }
        Padding::Numbers(ends) => {
            let _ = write!(keys, ", padding = {ends:?}");
        }
    }
}

fn written_pair(pair: [usize; 2]) -> String {
    if pair[0] == pair[1] { pair[0].to_string() } else { format!("{pair:?}") }
}
