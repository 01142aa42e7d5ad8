//! Ctrl-C and the termination signal: once, and the step is finished and saved; twice, and all ends now. And the signal of a file
//! that may grow no further, which is not to end the program.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::exit::{Failure, Status};

/// Lets a write beyond the limit of a file's size (`ulimit -f`) fail like one on a full disk, with an error that can be said. Where
/// nobody listens, the system ends the program at once.
pub(crate) fn outlive_file_limit() {
    #[cfg(unix)]
    {
        // If it cannot listen, all is as without it.
        let _ = flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    }
}

/// What the signals of this process have asked for.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt {
    raised: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Starts to listen.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let interrupt = Interrupt { raised: Arc::default(), signal: Arc::default() };
        interrupt
            .register()
            .map_err(|error| Failure::new(Status::Failed, format!("cannot listen for signals: {error}")))?;
        Ok(interrupt)
    }

    fn register(&self) -> io::Result<()> {
        for (signal, status) in [(SIGINT, Status::Interrupted), (SIGTERM, Status::Terminated)] {
            // In this order: the second signal finds the flag raised by the first.
            flag::register_conditional_shutdown(signal, status as i32, Arc::clone(&self.raised))?;
            flag::register(signal, Arc::clone(&self.raised))?;
            flag::register_usize(signal, Arc::clone(&self.signal), signal as usize)?;
        }
        Ok(())
    }

    /// The flag that the training loop asks between steps.
    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.raised
    }

    /// Whether somebody wants to stop.
    pub(crate) fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Relaxed)
    }

    /// The exit status that goes with the signal.
    pub(crate) fn status(&self) -> Status {
        match self.signal.load(Ordering::Relaxed) as i32 {
            SIGTERM => Status::Terminated,
            _ => Status::Interrupted,
        }
    }
}
