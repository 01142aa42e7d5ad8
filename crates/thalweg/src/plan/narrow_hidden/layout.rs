//! Which nets the plan takes, and where its matrices and parts lie.

use std::ops::Range;

use super::pass::Part;
use crate::activations::Activation;
use crate::kernels::narrow_hidden::{MOST, Sizes, unit_width};
use crate::kernels::panels::panel_width;
use crate::layers::Layer;
use crate::network::Network;
use crate::plan::arena::Arena;
use crate::real::Real;

/// The fewest units: below, the gradient of the second layer's weights has another order (NUMERICS rule 4).
const FEWEST_UNITS: usize = 16;

/// The most inputs. With 16 outputs the plan of panels is about as fast there; with 3 it is still a fifth slower.
pub(super) const MOST_INPUTS: usize = 64;

/// The most outputs: the plan of panels is within a tenth.
pub(super) const MOST_OUTPUTS: usize = 16;

/// Hidden values of a piece, in bytes a member: half of a second cache.
pub(super) const PIECE_BYTES: usize = 512 << 10;

/// Bytes of a panel of rows.
const PANEL_BYTES: usize = panel_width::<u8>();

/// The two dense layers of such a net.
#[derive(Debug)]
pub(super) struct Net {
    pub(super) sizes: Sizes,
    /// Their numbers.
    pub(super) layers: [usize; 2],
    /// Where the weights into the units, the weights out of them, their biases and the outputs' biases lie in the plain
    /// plan.
    pub(super) plain: [Range<usize>; 4],
}

impl Net {
    /// The layers of `network`, where they are these and nothing else but a change of shape before them.
    pub(super) fn of<R: Real>(network: &Network<R>) -> Option<Self> {
        let layers = network.layers();
        let start = layers.iter().position(|layer| !matches!(layer.layer, Layer::Flatten))?;
        let [first, relu, second] = &layers[start..] else { return None };
        let are_ours = matches!(first.layer, Layer::Dense(_))
            && matches!(relu.layer, Layer::Activation(Activation::Relu))
            && matches!(second.layer, Layer::Dense(_));
        let sizes =
            Sizes { inputs: first.input.len(), hidden: first.output.len(), outputs: second.output.len() };
        let are_narrow =
            (1..=MOST_INPUTS).contains(&sizes.inputs) && (2..=MOST_OUTPUTS).contains(&sizes.outputs);
        if !are_ours || !are_narrow || sizes.hidden < FEWEST_UNITS {
            return None;
        }
        let range = |layer: usize, parameter: usize| layers[layer].parameters[parameter].range.clone();
        Some(Net {
            sizes,
            layers: [first.number, second.number],
            plain: [range(start, 0), range(start + 2, 0), range(start, 1), range(start + 2, 1)],
        })
    }

    /// Whether hidden values are kept rather than computed twice.
    pub(super) fn keeps(&self) -> bool {
        self.sizes.inputs > MOST || self.sizes.outputs > MOST
    }
}

/// How many panels of rows the members work at once: their hidden values stay in the second cache.
pub(super) fn piece_panels(units: usize, members: usize) -> usize {
    (PIECE_BYTES / (units * PANEL_BYTES)).max(1) * members
}

/// Where value (row, feature) of a matrix with rows in lanes lies.
pub(super) fn place<R>(row: usize, feature: usize, features: usize) -> usize {
    let panel = panel_width::<R>();
    row / panel * features * panel + feature * panel + row % panel
}

/// A row-major matrix with its rows in lanes. The lanes after the last row repeat it.
pub(super) fn in_lanes<R: Real>(x: &[R], features: usize) -> Arena<R> {
    let rows = x.len() / features;
    let padded = rows.next_multiple_of(panel_width::<R>());
    let mut lanes = Arena::with_len(padded * features);
    for n in 0..padded {
        for k in 0..features {
            lanes.all_mut()[place::<R>(n, k, features)] = x[n.min(rows - 1) * features + k];
        }
    }
    lanes
}

/// A part of the hidden layer for each member of a team, equal as far as whole registers go.
pub(super) fn parts<R>(sizes: Sizes, members: usize) -> Vec<Part> {
    let registers = sizes.hidden.div_ceil(unit_width::<R>());
    let start = |member: usize| registers * member / members * unit_width::<R>();
    (0..members).map(|member| Part::new(sizes, start(member)..start(member + 1))).collect()
}
