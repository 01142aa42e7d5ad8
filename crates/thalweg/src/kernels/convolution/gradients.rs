//! The gradients of a convolution's parameters: output channels lie in the lanes of registers, values of x are broadcasts, and the chains run
//! over the positions of one example after the other.
//!
//! Parameters, their gradients and dy lie in panels of up to 128 bytes of a group's output channels:
//!
//! ```text
//! parameters   [group][panel][term, the bias last][channel]
//! dy           [group][panel][position][channel]
//! ```
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers into slices checked at entry"
)]

use std::ops::Range;

use super::correlation::input_offsets;
use super::{ConvolutionSizes, Planes, depthwise};
use crate::kernels::vector::{FEW, Vector};
use crate::real::Real;

/// Terms of a unit at most: ten pointers and what moves them fit the processor's other registers. With one register of channels more chains
/// are needed to hide each other's latency.
const TERMS: usize = 10;
const NARROW_TERMS: usize = 14;
/// Channels of a group that one register of AVX-512 holds.
const NARROW: usize = 16;

/// How the parameters of a convolution lie in panels, and how their gradients are taken.
#[derive(Clone, Debug)]
pub struct ParameterPanels {
    groups: usize,
    outputs: usize,
    group_step: usize,
    offsets: Vec<usize>,
    rows: usize,
    columns: usize,
    pitch: usize,
    /// Values of the planes that are read.
    reach: usize,
    /// Units of terms in a panel, without that of the bias.
    term_units: usize,
    /// Rows of a plane that the kernel covers, where every channel has a filter of its own: channels of all groups then lie side
    /// by side, and so do their values of x.
    depthwise_span: Option<usize>,
}

/// Channels of a full panel.
const fn panel<R>() -> usize {
    128 / size_of::<R>()
}

/// Channels are padded to whole lines: 64 bytes.
const fn line<R>() -> usize {
    64 / size_of::<R>()
}

/// A run of terms of one panel: what one member of a team works at a time.
#[derive(Clone, Debug)]
struct Unit {
    group: usize,
    panel: usize,
    terms: Range<usize>,
    /// Channels side by side.
    lanes: usize,
    /// Channels that there are.
    channels: usize,
}

impl ParameterPanels {
    /// For these sizes.
    pub fn new(sizes: ConvolutionSizes) -> ParameterPanels {
        let planes = Planes::of_input(sizes);
        let offsets = input_offsets(sizes, &planes);
        let (rows, columns) = (sizes.out_height(), sizes.out_width());
        let group_step = sizes.group_inputs() * planes.channel();
        let last = offsets.iter().copied().max().unwrap_or(0);
        let reach = (sizes.groups - 1) * group_step + last + (rows - 1) * planes.pitch + columns;
        let most = if sizes.group_outputs() <= NARROW { NARROW_TERMS } else { TERMS };
        let term_units = offsets.len().div_ceil(most);
        let span = sizes.span(0);
        let is_depthwise = sizes.groups > 1
            && sizes.group_inputs() == 1
            && sizes.group_outputs() == 1
            && sizes.stride == [1, 1]
            && span * planes.pitch * depthwise::MOST_LANES <= depthwise::TURNED;
        ParameterPanels {
            groups: if is_depthwise { 1 } else { sizes.groups },
            outputs: if is_depthwise { sizes.out_channels } else { sizes.group_outputs() },
            depthwise_span: is_depthwise.then_some(span),
            group_step,
            offsets,
            rows,
            columns,
            pitch: planes.pitch,
            reach,
            term_units,
        }
    }

    /// How many values the parameters take.
    pub fn len<R>(&self) -> usize {
        self.groups * self.padded::<R>() * (self.offsets.len() + 1)
    }

    /// Whether there are none; never.
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// How many values dy of an example takes.
    pub fn dy_len<R>(&self) -> usize {
        self.groups * self.padded::<R>() * self.positions()
    }

    /// A group's channels, padded.
    fn padded<R>(&self) -> usize {
        self.outputs.next_multiple_of(line::<R>())
    }

    fn panels<R>(&self) -> usize {
        self.outputs.div_ceil(panel::<R>())
    }

    fn positions(&self) -> usize {
        self.rows * self.columns
    }

    /// Where a weight lies by its place in `[out_channels, in_channels / groups, rows, columns]`.
    pub fn weight_place<R>(&self, at: usize) -> usize {
        self.place::<R>(at / self.offsets.len(), at % self.offsets.len())
    }

    /// Where the bias of an output channel lies.
    pub fn bias_place<R>(&self, channel: usize) -> usize {
        self.place::<R>(channel, self.offsets.len())
    }

    fn place<R>(&self, channel: usize, term: usize) -> usize {
        let rows = self.offsets.len() + 1;
        let (group, o) = (channel / self.outputs, channel % self.outputs);
        let panel_number = o / panel::<R>();
        let lanes = self.lanes::<R>(panel_number);
        group * self.padded::<R>() * rows
            + panel_number * panel::<R>() * rows
            + term * lanes
            + o % panel::<R>()
    }

    /// Channels side by side in a panel.
    fn lanes<R>(&self, number: usize) -> usize {
        (self.padded::<R>() - number * panel::<R>()).min(panel::<R>())
    }

    /// Into how many units the parameters are cut.
    pub fn units<R>(&self) -> usize {
        self.groups * self.panels::<R>() * (self.term_units + 1)
    }

    /// Whether a unit is the biases of a panel.
    pub fn is_bias(&self, unit: usize) -> bool {
        unit % (self.term_units + 1) == self.term_units
    }

    /// The parameters of a unit.
    pub fn range<R>(&self, unit: usize) -> Range<usize> {
        let unit = self.unit::<R>(unit);
        let rows = self.offsets.len() + 1;
        let start = (unit.group * self.padded::<R>() + unit.panel * panel::<R>()) * rows;
        start + unit.terms.start * unit.lanes..start + unit.terms.end * unit.lanes
    }

    fn unit<R>(&self, unit: usize) -> Unit {
        let each = self.term_units + 1;
        let (of_panel, number) = (unit / each, unit % each);
        let (group, panel_number) = (of_panel / self.panels::<R>(), of_panel % self.panels::<R>());
        let terms = self.offsets.len();
        let terms = match number == self.term_units {
            true => terms..terms + 1,
            false => terms * number / self.term_units..terms * (number + 1) / self.term_units,
        };
        let channels = (self.outputs - panel_number * panel::<R>()).min(panel::<R>());
        Unit { group, panel: panel_number, terms, lanes: self.lanes::<R>(panel_number), channels }
    }

    /// Where a panel of dy begins.
    fn dy_start<R>(&self, group: usize, number: usize) -> usize {
        (group * self.padded::<R>() + number * panel::<R>()) * self.positions()
    }
}

vectorised! {
    /// dy of an example, `[out_channels, height, width]`, in panels. Behind `dy`'s last value another 64 bytes are read.
    /// Lanes without a channel stay as they are: they hold zeros, or numbers that nobody reads.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say.
    pub(crate) fn to_panels<R>(work: &ParameterPanels, dy: &[R], to: &mut [R]) = to_panels_body;
}

#[inline(always)]
unsafe fn to_panels_body<R: Real, V: Vector<R>>(work: &ParameterPanels, dy: &[R], to: &mut [R]) {
    let positions = work.positions();
    let channels = work.groups * work.outputs;
    assert!(dy.len() >= channels * positions + line::<R>(), "dy is [out_channels, height, width] and a line");
    assert!(to.len() >= work.dy_len::<R>(), "dy in panels");
    for g in 0..work.groups {
        let mut o = 0;
        while o < work.outputs {
            let number = o / panel::<R>();
            let lanes = work.lanes::<R>(number);
            let left = work.outputs - o;
            let rows = if left < V::WIDTH { left } else { V::WIDTH };
            let mut at = 0;
            while at < positions {
                let left = positions - at;
                let columns = if left < V::WIDTH { left } else { V::WIDTH };
                // SAFETY: rows of dy from channel o on, and positions from `at` on, in both slices; a register's width
                // divides a panel's.
                unsafe {
                    let from = dy.as_ptr().add((g * work.outputs + o) * positions + at);
                    let start = work.dy_start::<R>(g, number) + at * lanes + o % panel::<R>();
                    V::turn(rows, columns, from, positions, to.as_mut_ptr().add(start), lanes);
                }
                at += V::WIDTH;
            }
            o += V::WIDTH;
        }
    }
}

vectorised! {
    /// The chains of one unit over the positions of one example: from 0, or going on from what is there.
    ///
    /// # Shapes
    /// `x`: an example in [`Planes::of_input`]; `dy`: the same example in panels; `chains`: the unit's
    /// [`range`](ParameterPanels::range).
    ///
    /// # Panics
    /// If a slice is shorter than the sizes say.
    pub(crate) fn add_example<R>(
        work: &ParameterPanels, unit: usize, x: &[R], dy: &[R], goes_on: bool, chains: &mut [R],
    ) = add_example_body;
}

#[inline(always)]
unsafe fn add_example_body<R: Real, V: Vector<R>>(
    work: &ParameterPanels,
    unit: usize,
    x: &[R],
    dy: &[R],
    goes_on: bool,
    chains: &mut [R],
) {
    assert!(x.len() >= work.reach, "an example in planes");
    assert!(dy.len() >= work.dy_len::<R>(), "dy in panels");
    let is_bias = work.is_bias(unit);
    let unit = work.unit::<R>(unit);
    let Unit { lanes, channels, .. } = unit;
    assert!(chains.len() >= (unit.terms.end - unit.terms.start) * lanes, "the unit's chains");
    if !goes_on {
        chains.fill(R::ZERO);
    }
    let dy = dy[work.dy_start::<R>(unit.group, unit.panel)..].as_ptr();
    if let (Some(span), false) = (work.depthwise_span, is_bias) {
        assert!(x.len() >= work.reach + line::<R>() - 1, "an example in planes");
        let first = unit.panel * panel::<R>();
        let mut lane = 0;
        while lane < channels {
            let left = channels - lane;
            // SAFETY: the asserts cover the planes, the panel of dy and the chains, and `new` the rows that the kernel covers.
            unsafe {
                let part = depthwise::Gradient {
                    x: x.as_ptr().add((first + lane) * work.group_step),
                    plane: work.group_step,
                    channels: if left < V::WIDTH { left } else { V::WIDTH },
                    pitch: work.pitch,
                    span,
                    offsets: work.offsets.as_ptr().add(unit.terms.start),
                    rows: work.rows,
                    columns: work.columns,
                    dy: dy.add(lane),
                    lanes,
                    chains: chains.as_mut_ptr().add(lane),
                };
                depthwise::gradient::<R, V>(unit.terms.end - unit.terms.start, part);
            }
            lane += V::WIDTH;
        }
        return;
    }
    let mut lane = 0;
    // SAFETY: the asserts cover the planes, the panel of dy and the chains.
    unsafe {
        let x = x.as_ptr().add(unit.group * work.group_step);
        while lane < channels {
            let tile = Tile {
                x,
                offsets: if is_bias {
                    work.offsets.as_ptr()
                } else {
                    work.offsets.as_ptr().add(unit.terms.start)
                },
                rows: work.rows,
                columns: work.columns,
                pitch: work.pitch,
                dy: dy.add(lane),
                lanes,
                chains: chains.as_mut_ptr().add(lane),
            };
            let m = unit.terms.end - unit.terms.start;
            if channels - lane > V::WIDTH {
                if is_bias { sum::<R, V, 2>(tile) } else { tile_of::<R, V, 2>(m, tile) }
            } else if is_bias {
                sum::<R, V, 1>(tile);
            } else {
                tile_of::<R, V, 1>(m, tile);
            }
            lane += 2 * V::WIDTH;
        }
    }
}

/// A unit by its first elements.
#[derive(Clone, Copy)]
struct Tile<R> {
    x: *const R,
    offsets: *const usize,
    rows: usize,
    columns: usize,
    pitch: usize,
    dy: *const R,
    lanes: usize,
    chains: *mut R,
}

/// As many terms at a time as there are registers for.
#[inline(always)]
unsafe fn tile_of<R: Real, V: Vector<R>, const N: usize>(m: usize, work: Tile<R>) {
    // SAFETY: the caller's.
    unsafe {
        if V::REGISTERS < 32 {
            let mut first = 0;
            while first < m {
                let left = m - first;
                let most = if V::REGISTERS == FEW { 2 } else { 5 };
                let count = if left < most { left } else { most };
                let part = Tile {
                    offsets: work.offsets.add(first),
                    chains: work.chains.add(first * work.lanes),
                    ..work
                };
                tile_of_terms::<R, V, N>(count, part);
                first += count;
            }
        } else {
            tile_of_terms::<R, V, N>(m, work);
        }
    }
}

#[inline(always)]
unsafe fn tile_of_terms<R: Real, V: Vector<R>, const N: usize>(m: usize, work: Tile<R>) {
    // SAFETY: the caller's.
    unsafe {
        match m {
            1 => tile::<R, V, 1, N>(work),
            2 => tile::<R, V, 2, N>(work),
            _ if V::REGISTERS == FEW => unreachable!("tiles have at most 2 terms"),
            3 => tile::<R, V, 3, N>(work),
            4 => tile::<R, V, 4, N>(work),
            5 => tile::<R, V, 5, N>(work),
            _ if V::REGISTERS < 32 => unreachable!("tiles have at most 5 terms"),
            6 => tile::<R, V, 6, N>(work),
            7 => tile::<R, V, 7, N>(work),
            8 => tile::<R, V, 8, N>(work),
            9 => tile::<R, V, 9, N>(work),
            10 => tile::<R, V, 10, N>(work),
            11 => tile::<R, V, 11, N>(work),
            12 => tile::<R, V, 12, N>(work),
            13 => tile::<R, V, 13, N>(work),
            14 => tile::<R, V, 14, N>(work),
            _ => unreachable!("units have at most 14 terms"),
        }
    }
}

/// `M` terms of `N` registers of channels: all chains stay in registers over all positions.
#[inline(always)]
unsafe fn tile<R: Real, V: Vector<R>, const M: usize, const N: usize>(work: Tile<R>) {
    // SAFETY: the caller's pointers reach all positions, terms and channels of the tile.
    unsafe {
        let mut chains = [[V::splat(R::ZERO); N]; M];
        for m in 0..M {
            for n in 0..N {
                chains[m][n] = V::load(work.chains.add(m * work.lanes + n * V::WIDTH));
            }
        }
        let mut dy = work.dy;
        for r in 0..work.rows {
            let mut x = [work.x; M];
            for m in 0..M {
                x[m] = work.x.add(*work.offsets.add(m) + r * work.pitch);
            }
            for c in 0..work.columns {
                let mut values = [V::splat(R::ZERO); N];
                for n in 0..N {
                    values[n] = V::load(dy.add(n * V::WIDTH));
                }
                for m in 0..M {
                    let factor = V::splat(*x[m].add(c));
                    for n in 0..N {
                        chains[m][n] = factor.mul_add(values[n], chains[m][n]);
                    }
                }
                dy = dy.add(work.lanes);
            }
        }
        for m in 0..M {
            for n in 0..N {
                chains[m][n].store(work.chains.add(m * work.lanes + n * V::WIDTH));
            }
        }
    }
}

/// db: the values of dy added up.
#[inline(always)]
unsafe fn sum<R: Real, V: Vector<R>, const N: usize>(work: Tile<R>) {
    // SAFETY: as for `tile`.
    unsafe {
        let mut chains = [V::splat(R::ZERO); N];
        for n in 0..N {
            chains[n] = V::load(work.chains.add(n * V::WIDTH));
        }
        let mut dy = work.dy;
        for _ in 0..work.rows * work.columns {
            for n in 0..N {
                chains[n] = chains[n].add(V::load(dy.add(n * V::WIDTH)));
            }
            dy = dy.add(work.lanes);
        }
        for n in 0..N {
            chains[n].store(work.chains.add(n * V::WIDTH));
        }
    }
}
