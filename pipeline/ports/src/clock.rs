use std::time::Duration;

/// Reads time. Only the composition root holds the real one; tests move theirs.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> i64;

    /// A monotonic reading since an arbitrary origin; only differences mean anything.
    fn monotonic(&self) -> Duration;
}

/// Measures how long a stage took, under a [`Clock`].
pub struct Stopwatch<'a> {
    clock: &'a dyn Clock,
    started: Duration,
}

impl<'a> Stopwatch<'a> {
    pub fn start(clock: &'a dyn Clock) -> Self {
        Self {
            clock,
            started: clock.monotonic(),
        }
    }

    pub fn elapsed(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.started)
    }
}
