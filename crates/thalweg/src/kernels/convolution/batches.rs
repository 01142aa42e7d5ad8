//! Whole batches by the fast kernels, for plans that know layers one by one: on one thread, to the bits of `naive.rs`.
//!
//! The kernels want images between zeros, weights in their own order, and tables of where each term lies. All of it follows from the
//! sizes alone, so that a thread keeps it from call to call: after the first call with some sizes, nothing is allocated.

use std::any::Any;
use std::cell::RefCell;

use super::{
    ConvolutionSizes, Correlation, ParameterPanels, Planes, add_example, correlate, naive, to_panels,
};
use crate::kernels::LINE;
use crate::real::Real;

/// Sizes for which a thread keeps its room: as many as a deep network has layers.
const KEPT: usize = 64;

thread_local! {
    /// The rooms of this thread, of either scalar.
    static ROOMS: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

/// Tables and working memory for a convolution of some sizes.
struct Room<R> {
    sizes: ConvolutionSizes,
    planes: Planes,
    forward: Ordered,
    dplanes: Planes,
    backward: Vec<Ordered>,
    panels: ParameterPanels,
    /// Where each weight, and after them each bias, lies in panels.
    places: Vec<usize>,
    /// An example in planes: x, and dy.
    x: Vec<R>,
    dy: Vec<R>,
    /// Weights in the order of a kernel.
    packed: Vec<R>,
    /// dy of an example and a line, and in panels.
    last_dy: Vec<R>,
    dy_panels: Vec<R>,
    /// Gradients in panels.
    chains: Vec<R>,
}

/// A kernel's work and the order of its weights.
struct Ordered {
    work: Correlation,
    order: Vec<usize>,
}

impl Ordered {
    fn new<R: Real>(work: Correlation) -> Ordered {
        Ordered { order: work.order::<R>(), work }
    }

    /// Lays the weights out.
    fn pack<'a, R: Real>(&self, weight: &[R], to: &'a mut [R]) -> &'a [R] {
        for (to, &at) in to.iter_mut().zip(&self.order) {
            *to = weight[at];
        }
        &to[..self.order.len()]
    }
}

impl<R: Real> Room<R> {
    fn new(sizes: ConvolutionSizes) -> Box<Room<R>> {
        let (planes, dplanes) = (Planes::of_input(sizes), Planes::of_gradient(sizes));
        let panels = ParameterPanels::new(sizes);
        let weights = (0..sizes.weight_len()).map(|at| panels.weight_place::<R>(at));
        let biases = (0..sizes.out_channels).map(|channel| panels.bias_place::<R>(channel));
        Box::new(Room {
            sizes,
            forward: Ordered::new::<R>(Correlation::forward(sizes)),
            backward: Correlation::input_gradient(sizes).into_iter().map(Ordered::new::<R>).collect(),
            places: weights.chain(biases).collect(),
            x: vec![R::ZERO; planes.len::<R>()],
            dy: vec![R::ZERO; dplanes.len::<R>()],
            packed: vec![R::ZERO; sizes.weight_len()],
            last_dy: vec![R::ZERO; sizes.y_len() + LINE / size_of::<R>()],
            dy_panels: vec![R::ZERO; panels.dy_len::<R>()],
            chains: vec![R::ZERO; panels.len::<R>()],
            planes,
            dplanes,
            panels,
        })
    }

    /// This thread's room for these sizes, made if there is none.
    fn take(sizes: ConvolutionSizes) -> Box<Room<R>> {
        let found = ROOMS.with_borrow_mut(|rooms| {
            let fits =
                |room: &Box<dyn Any>| room.downcast_ref::<Room<R>>().is_some_and(|room| room.sizes == sizes);
            let index = rooms.iter().position(fits)?;
            rooms.swap_remove(index).downcast::<Room<R>>().ok()
        });
        found.unwrap_or_else(|| Room::new(sizes))
    }

    /// Keeps it for the next call.
    fn give_back(self: Box<Self>) {
        ROOMS.with_borrow_mut(|rooms| {
            if rooms.len() >= KEPT {
                rooms.remove(0);
            }
            rooms.push(self);
        });
    }
}

/// `y[n,o,r,c]` = `b[o]` + Σᵢₚ_q x·w: one chain that starts at the bias and runs over (input channel, kernel row, kernel column),
/// ascending. Zeros of the padding are terms like others.
///
/// # Shapes
/// `x`: `[rows, in_channels, height, width]`; `weight`: `[out_channels, in_channels / groups, kernel rows, kernel
/// columns]`; `bias`: `[out_channels]`; `y`: `[rows, out_channels, out_height, out_width]`, overwritten.
///
/// # Panics
/// If a slice does not have the length that `sizes` gives it, or the sizes give no output.
pub(crate) fn forward<R: Real>(
    sizes: ConvolutionSizes,
    rows: usize,
    x: &[R],
    weight: &[R],
    bias: &[R],
    y: &mut [R],
) {
    if rows == 0 || !sizes.fits_planes() {
        return naive::forward(sizes, rows, x, weight, bias, y);
    }
    naive::check(sizes, rows, x, weight, y);
    assert_eq!(bias.len(), sizes.out_channels, "b is [out_channels]");
    let mut room = Room::take(sizes);
    let Room { planes, forward, x: x_planes, packed, .. } = &mut *room;
    let packed = forward.pack(weight, packed);
    for (x, y) in x.chunks_exact(sizes.x_len()).zip(y.chunks_exact_mut(sizes.y_len())) {
        planes.fill(x, x_planes);
        correlate(&forward.work, x_planes, packed, bias, y);
    }
    room.give_back();
}

/// `dx[n,i,h,l]` = Σₒᵣ_c dy·w: one chain from 0 over (output channel, row, column) of dy, ascending, among those places of the kernel
/// that fit the stride. dy beyond its edge is 0, and these zeros are terms like others; what the stride leaves out is no term.
///
/// # Shapes
/// As for [`forward`]; `dx` is overwritten.
///
/// # Panics
/// As [`forward`].
pub(crate) fn input_gradient<R: Real>(
    sizes: ConvolutionSizes,
    rows: usize,
    dy: &[R],
    weight: &[R],
    dx: &mut [R],
) {
    if rows == 0 || !sizes.fits_planes() {
        return naive::input_gradient(sizes, rows, dy, weight, dx);
    }
    naive::check(sizes, rows, dx, weight, dy);
    let mut room = Room::take(sizes);
    let Room { dplanes, backward, dy: dy_planes, packed, .. } = &mut *room;
    for ordered in backward.iter() {
        let packed = ordered.pack(weight, packed);
        for (dy, dx) in dy.chunks_exact(sizes.y_len()).zip(dx.chunks_exact_mut(sizes.x_len())) {
            dplanes.fill(dy, dy_planes);
            correlate(&ordered.work, dy_planes, packed, &[], dx);
        }
    }
    room.give_back();
}

/// `dw[o,i,p,q]` += Σₙᵣ_c x·dy and `db[o]` += Σₙᵣ_c dy: chains over (example, row, column), ascending, in blocks of whole examples
/// ([`ConvolutionSizes::block`]). In a block one chain from 0; blocks are added in order. Zeros of the padding are terms like others.
///
/// # Shapes
/// As for [`forward`].
///
/// # Panics
/// As [`forward`].
pub(crate) fn parameter_gradients<R: Real>(
    sizes: ConvolutionSizes,
    rows: usize,
    x: &[R],
    dy: &[R],
    dw: &mut [R],
    db: &mut [R],
) {
    if rows == 0 || !sizes.fits_planes() {
        return naive::parameter_gradients(sizes, rows, x, dy, dw, db);
    }
    naive::check(sizes, rows, x, dw, dy);
    assert_eq!(db.len(), sizes.out_channels, "db is [out_channels]");
    let mut room = Room::take(sizes);
    let (length, block) = (sizes.y_len(), sizes.block());
    for (n, x) in x.chunks_exact(sizes.x_len()).enumerate() {
        let Room { planes, panels, places, x: x_planes, last_dy, dy_panels, chains, .. } = &mut *room;
        planes.fill(x, x_planes);
        if n + 1 < rows && length >= LINE / size_of::<R>() {
            to_panels(panels, &dy[n * length..], dy_panels);
        } else {
            last_dy[..length].copy_from_slice(&dy[n * length..(n + 1) * length]);
            to_panels(panels, last_dy, dy_panels);
        }
        for unit in 0..panels.units::<R>() {
            let range = panels.range::<R>(unit);
            add_example(panels, unit, x_planes, dy_panels, !n.is_multiple_of(block), &mut chains[range]);
        }
        if (n + 1).is_multiple_of(block) || n + 1 == rows {
            for (sum, &place) in dw.iter_mut().chain(db.iter_mut()).zip(&*places) {
                *sum += chains[place];
            }
        }
    }
    room.give_back();
}
