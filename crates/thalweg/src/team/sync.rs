//! What the protocol is made of: atomics, cells and threads of `std`, or those of `loom` when its model is checked.

#[cfg(not(all(loom, test)))]
mod primitives {
    use std::time::Duration;

    pub(in crate::team) use std::hint::spin_loop;
    pub(in crate::team) use std::sync::atomic::{AtomicU64, Ordering};
    pub(in crate::team) use std::thread::{Builder, JoinHandle, park, yield_now};

    /// How often a member looks again before it yields its processor: 20 to 100 µs, as one `spin_loop` takes 10 to 50 ns.
    pub(in crate::team) const SPINS: u32 = 2_000;
    /// The same where there are more members than processors: whoever is waited for may need this very one.
    pub(in crate::team) const SPINS_WHEN_CROWDED: u32 = 16;
    /// How long a worker without work goes on yielding before it sleeps.
    pub(in crate::team) const AWAKE: Duration = Duration::from_micros(100);

    /// A cell with the interface of loom's.
    pub(in crate::team) struct Cell<T>(std::cell::UnsafeCell<T>);

    impl<T> Cell<T> {
        pub(in crate::team) const fn new(value: T) -> Self {
            Cell(std::cell::UnsafeCell::new(value))
        }

        #[inline(always)]
        pub(in crate::team) fn with<O>(&self, read: impl FnOnce(*const T) -> O) -> O {
            read(self.0.get())
        }

        #[inline(always)]
        pub(in crate::team) fn with_mut<O>(&self, write: impl FnOnce(*mut T) -> O) -> O {
            write(self.0.get())
        }
    }
}

#[cfg(all(loom, test))]
mod primitives {
    use std::time::Duration;

    pub(in crate::team) use loom::cell::UnsafeCell as Cell;
    pub(in crate::team) use loom::hint::spin_loop;
    pub(in crate::team) use loom::sync::atomic::{AtomicU64, Ordering};
    pub(in crate::team) use loom::thread::{Builder, JoinHandle, park, yield_now};

    // A model has no time: one look, then the next way to wait.
    pub(in crate::team) const SPINS: u32 = 1;
    pub(in crate::team) const SPINS_WHEN_CROWDED: u32 = 1;
    pub(in crate::team) const AWAKE: Duration = Duration::ZERO;
}

pub(super) use primitives::*;
