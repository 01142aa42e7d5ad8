//! A small generator: xorshift64 (George Marsaglia, "Xorshift RNGs", 2003). Any order of rows will do here.

pub struct Random(u64);

impl Random {
    pub fn new() -> Random {
        Random(88_172_645_463_325_252)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// 0 to `count` - 1 in a random order.
    pub fn permutation(&mut self, count: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..count as u32).collect();
        for i in (1..count).rev() {
            order.swap(i, (self.next() % (i as u64 + 1)) as usize);
        }
        order
    }

    /// Normal values, by Box and Muller's formula.
    pub fn normal(&mut self, count: usize, std: f64) -> Vec<f32> {
        let mut uniform = || (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        (0..count)
            .map(|_| {
                let radius = (-2.0 * (1.0 - uniform()).ln()).sqrt();
                (std * radius * (std::f64::consts::TAU * uniform()).cos()) as f32
            })
            .collect()
    }
}

impl Default for Random {
    fn default() -> Self {
        Random::new()
    }
}
