//! How a network starts: its parameters drawn, or read from a file.

use super::Network;
use crate::error::Result;
use crate::init::{Draws, Init};
use crate::layers::ParameterStart;
use crate::random::numpy::NumpyRandom;
use crate::random::{Purpose, Stream};
use crate::real::Real;

/// Where the random numbers of a start come from.
#[derive(Debug)]
pub enum Draw<'a> {
    /// Counter-based streams of this seed: one per parameter tensor, so that a layer's start does not depend on the
    /// layers before it.
    Philox {
        /// The run's seed.
        seed: u64,
    },
    /// NumPy's legacy stream, tensor after tensor in layer order: each weight, then its bias if that is drawn at all.
    Numpy(&'a mut NumpyRandom),
}

impl<R: Real> Network<R> {
    /// Draws every parameter anew.
    ///
    /// Weights start by their layer's `init`, else by `default`, else by He's normal rule before a ReLU-like activation
    /// and by Glorot's uniform rule elsewhere. Biases start at zero unless their layer says otherwise, the rows of an embedding and the
    /// frequencies of waves as their layers say, whatever `default`. With
    /// [`Init::File`] as `default`, all parameters come from that file. The scales and averages of normalisations start where their
    /// layers say.
    ///
    /// # Errors
    /// For [`Init::File`]: the file cannot be read, has no array of a parameter's name, or one of another shape.
    pub fn start(&mut self, default: Option<&Init>, mut draw: Draw<'_>) -> Result<()> {
        for number in 0..self.layers.len() {
            let placed = &self.layers[number];
            let after = self.layers[number + 1..].iter().map(|next| &next.layer);
            let starts = placed.layer.starts(&placed.input, after);
            for (index, start) in starts.iter().enumerate() {
                self.start_parameter(number, index, start, default, &mut draw)?;
            }
        }
        Ok(())
    }

    fn start_parameter(
        &mut self,
        number: usize,
        index: usize,
        start: &ParameterStart,
        default: Option<&Init>,
        draw: &mut Draw<'_>,
    ) -> Result<()> {
        let parameter = self.layers[number].parameters[index].clone();
        if let (Some(value), false) = (start.fixed, matches!(default, Some(Init::File { .. }))) {
            self.parameters[parameter.range].fill(R::from_f64(value));
            return Ok(());
        }
        let own = start.own.as_ref();
        let file = [own, default].into_iter().flatten().find_map(|init| match init {
            Init::File { path } => Some(path),
            _ => None,
        });
        let init = match (own, default) {
            (Some(init), _) => init,
            (None, Some(default)) if !start.is_settled => default,
            _ => &start.usual,
        };
        if let Some(path) = file
            && (own.is_none() || own == default || matches!(init, Init::File { .. }))
        {
            let values = super::weights_file::read(path, &parameter.name, &parameter.shape)?;
            let values: Vec<R> = values.into_iter().map(R::from_f64).collect();
            return self.set_parameter(&parameter.name, &values);
        }
        let fan_out = start.fan_out.unwrap_or_else(|| parameter.shape.axes().last().copied().unwrap_or(1));
        let purpose =
            if parameter.role.is_penalised() { Purpose::InitialWeights } else { Purpose::InitialBiases };
        let values = &mut self.parameters[parameter.range];
        match draw {
            Draw::Philox { seed } => {
                let stream = Stream::new(*seed, purpose, number as u32, index as u64);
                init.fill(start.fan_in, fan_out, values, &mut Counted::new(stream));
            }
            Draw::Numpy(random) => init.fill(start.fan_in, fan_out, values, &mut Legacy { random }),
        }
        Ok(())
    }
}

/// A Philox stream read value by value.
struct Counted {
    stream: Stream,
    next: u64,
    /// The numbers of a kind from the first on: they are made many at a time.
    made: [f64; TOGETHER],
    first: Option<(Kind, u64)>,
}

/// How many numbers are made at a time: a few registers of pairs.
const TOGETHER: usize = 64;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Uniform,
    Normal,
}

impl Counted {
    fn new(stream: Stream) -> Self {
        Counted { stream, next: 0, made: [0.0; TOGETHER], first: None }
    }

    fn draw(&mut self, kind: Kind) -> f64 {
        let i = self.next;
        self.next += 1;
        let first = i - i % TOGETHER as u64;
        if self.first != Some((kind, first)) {
            match kind {
                Kind::Uniform => self.stream.fill_uniform(first, &mut self.made),
                Kind::Normal => self.stream.fill_normal(first, &mut self.made),
            }
            self.first = Some((kind, first));
        }
        self.made[(i - first) as usize]
    }
}

impl Draws for Counted {
    fn uniform(&mut self) -> f64 {
        self.draw(Kind::Uniform)
    }

    fn normal(&mut self) -> f64 {
        self.draw(Kind::Normal)
    }
}

/// NumPy's stream.
struct Legacy<'a> {
    random: &'a mut NumpyRandom,
}

impl Draws for Legacy<'_> {
    fn uniform(&mut self) -> f64 {
        self.random.random()
    }

    fn normal(&mut self) -> f64 {
        self.random.randn()
    }
}
