//! The passes of a convolution alone, as the kernels of the library take them: what frameworks time as one operation.

use std::sync::{Mutex, PoisonError, RwLock};

use thalweg::kernels::convolution::{
    ConvolutionKernels, ConvolutionSizes, Correlation, ParameterPanels, Planes,
};
use thalweg::layers::{Conv2d, Layer, Padding, Window};
use thalweg::team::{Member, Team};

use super::measure::Stopwatch;
use crate::exit::Failure;
use crate::interrupt::Interrupt;

/// Values that kernels may read behind an image.
const LINE: usize = 16;

/// Which pass of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    Forward,
    InputGradient,
    ParameterGradients,
}

/// A convolution of 3 by 3 that keeps the size of its images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Convolution {
    pub(super) channels: usize,
    pub(super) side: usize,
    pub(super) rows: usize,
    pub(super) groups: usize,
}

impl Convolution {
    pub(super) fn layer(self) -> Layer {
        let window = Window::square(3).padding(Padding::Same);
        Conv2d { groups: self.groups, ..Conv2d::new(self.channels, window) }.into()
    }

    fn sizes(self) -> ConvolutionSizes {
        ConvolutionSizes {
            in_channels: self.channels,
            height: self.side,
            width: self.side,
            out_channels: self.channels,
            kernel_size: [3, 3],
            stride: [1, 1],
            padding: [[1, 1]; 2],
            dilation: [1, 1],
            groups: self.groups,
        }
    }

    /// What is worked at a time: an example, or one channel of it where channels do not see each other and so need not be in cache
    /// together.
    fn piece(self) -> ConvolutionSizes {
        match self.groups == self.channels {
            true => ConvolutionSizes { in_channels: 1, out_channels: 1, groups: 1, ..self.sizes() },
            false => self.sizes(),
        }
    }
}

/// Seconds of calls of a pass over `x`, `[rows, channels, side, side]`.
pub(super) fn time(
    convolution: Convolution,
    pass: Pass,
    x: &[f32],
    threads: usize,
    seconds: f64,
    interrupt: &Interrupt,
) -> Result<Vec<f64>, Failure> {
    let mut team = Team::new(threads)?;
    let mut stopwatch = Stopwatch::new(seconds);
    let sizes = convolution.sizes();
    let weight: Vec<f32> = (0..sizes.weight_len()).map(|at| (at % 7) as f32 * 0.01 - 0.03).collect();
    let bias = vec![0.5; sizes.out_channels];
    let mut call: Box<dyn FnMut()> = match pass {
        Pass::Forward => {
            let piece = convolution.piece();
            let works = vec![Correlation::forward(piece)];
            run_over(&mut team, piece, Planes::of_input(piece), works, x, weight, bias)
        }
        Pass::InputGradient => {
            let piece = convolution.piece();
            let works = Correlation::input_gradient(piece);
            run_over(&mut team, piece, Planes::of_gradient(piece), works, x, weight, Vec::new())
        }
        Pass::ParameterGradients => gradients(&mut team, sizes, convolution.rows, x),
    };
    let mut done = 0;
    while let Some(next) = stopwatch.mark(done).filter(|_| !interrupt.is_raised()) {
        while done < next {
            call();
            done += 1;
        }
    }
    drop(call);
    Ok(stopwatch.into_samples())
}

/// Pieces of images, brought into planes and run over by the weights, a share for each thread.
fn run_over<'a>(
    team: &'a mut Team,
    piece: ConvolutionSizes,
    planes: Planes,
    works: Vec<Correlation>,
    x: &'a [f32],
    weight: Vec<f32>,
    bias: Vec<f32>,
) -> Box<dyn FnMut() + 'a> {
    let threads = team.threads();
    let (len, weights) = (piece.x_len(), piece.weight_len());
    let (pieces, kinds) = (x.len() / len, weight.len() / weights);
    let orders: Vec<Vec<usize>> = works.iter().map(Correlation::order::<f32>).collect();
    let room = || (vec![0.0; planes.len::<f32>()], vec![0.0; weights], vec![0.0; pieces * len]);
    let rooms: Vec<_> = (0..threads).map(|_| Mutex::new(room())).collect();
    Box::new(move || {
        team.run(|member: Member<'_>| {
            let mut room = rooms[member.index()].lock().unwrap_or_else(PoisonError::into_inner);
            let (planes_of_x, packed, y) = &mut *room;
            let share = member.share(pieces);
            for (work, order) in works.iter().zip(&orders) {
                let mut packed_kind = None;
                for n in share.clone() {
                    let kind = n % kinds;
                    if packed_kind != Some(kind) {
                        let of_kind = &weight[kind * weights..(kind + 1) * weights];
                        packed.iter_mut().zip(order).for_each(|(to, &at)| *to = of_kind[at]);
                        packed_kind = Some(kind);
                    }
                    let bias = match bias.is_empty() {
                        true => &[][..],
                        false => &bias[kind * piece.out_channels..(kind + 1) * piece.out_channels],
                    };
                    planes.fill(&x[n * len..(n + 1) * len], planes_of_x);
                    f32::correlate(work, planes_of_x, packed, bias, &mut y[n * len..(n + 1) * len]);
                }
            }
        });
    })
}

/// dw and db, as the plan for any layers takes them: whole blocks of examples for each thread, each example brought into planes and panels
/// (dy is as long as x, and of the same values), and all its chains while it is in cache; then the sums of the blocks in order.
fn gradients<'a>(
    team: &'a mut Team,
    sizes: ConvolutionSizes,
    rows: usize,
    x: &'a [f32],
) -> Box<dyn FnMut() + 'a> {
    let threads = team.threads();
    let (panels, planes) = (ParameterPanels::new(sizes), Planes::of_input(sizes));
    let (len, block) = (sizes.x_len(), sizes.block());
    let blocks = rows.div_ceil(block);
    let example = || (vec![0.0; planes.len::<f32>()], vec![0.0; panels.dy_len::<f32>()]);
    let examples: Vec<_> = (0..threads).map(|_| Mutex::new(example())).collect();
    let chains: Vec<_> = (0..blocks).map(|_| RwLock::new(vec![0.0; panels.len::<f32>()])).collect();
    let sums: Vec<_> = (0..threads).map(|_| Mutex::new(vec![0.0; panels.len::<f32>()])).collect();
    let mut dy = x.to_vec();
    dy.resize(x.len() + LINE, 0.0);
    Box::new(move || {
        team.run(|member: Member<'_>| {
            let mut example = examples[member.index()].lock().unwrap_or_else(PoisonError::into_inner);
            let (planes_of_x, panels_of_dy) = &mut *example;
            for number in member.share(blocks) {
                let mut chains = chains[number].write().unwrap_or_else(PoisonError::into_inner);
                for n in number * block..rows.min((number + 1) * block) {
                    planes.fill(&x[n * len..(n + 1) * len], planes_of_x);
                    f32::to_panels(&panels, &dy[n * len..], panels_of_dy);
                    for unit in 0..panels.units::<f32>() {
                        let own = &mut chains[panels.range::<f32>(unit)];
                        f32::add_example(&panels, unit, planes_of_x, panels_of_dy, n > number * block, own);
                    }
                }
            }
            member.wait();
            let own = member.share(panels.len::<f32>());
            let mut sums = sums[member.index()].lock().unwrap_or_else(PoisonError::into_inner);
            let sums = &mut sums[own.clone()];
            sums.fill(0.0);
            for chains in &chains {
                let chains = chains.read().unwrap_or_else(PoisonError::into_inner);
                sums.iter_mut().zip(&chains[own.clone()]).for_each(|(sum, chain)| *sum += chain);
            }
        });
    })
}
