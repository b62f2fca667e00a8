use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use idproof_ports::Clock;

/// Time stands still until it is moved.
pub struct MovedClock {
    now_ms: AtomicI64,
    origin: i64,
}

impl MovedClock {
    pub fn at(now_ms: i64) -> Self {
        Self {
            now_ms: AtomicI64::new(now_ms),
            origin: now_ms,
        }
    }

    pub fn set(&self, now_ms: i64) {
        self.now_ms.store(now_ms, Ordering::SeqCst);
    }

    /// Moves it on; a negative number sets it back.
    pub fn move_ms(&self, by: i64) {
        self.now_ms.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for MovedClock {
    fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    fn monotonic(&self) -> Duration {
        let since = self.now_ms().saturating_sub(self.origin);
        Duration::from_millis(u64::try_from(since).unwrap_or(0))
    }
}
