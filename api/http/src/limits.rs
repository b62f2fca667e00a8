//! How often a caller may ask. Counted in this process alone: with several, a caller gets as many
//! times the rate.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use idproof_domain::ids::{CaseId, KeyId};
use idproof_ports::Clock;

use crate::config::LimitsConfig;

/// The service's clock as the rate limiter reads it.
#[derive(Clone)]
struct Ticks(Arc<dyn Clock>);

impl governor::clock::Clock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.monotonic().into()
    }
}

/// A bucket a caller, refilled evenly.
pub(crate) struct Rate<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, HashMapStateStore<K>, Ticks, NoOpMiddleware<Nanos>>,
    clock: Ticks,
    asked: AtomicU32,
}

/// After so many requests, callers who have been quiet long enough are forgotten.
const SWEEP: u32 = 4_096;

impl<K: Hash + Eq + Clone> Rate<K> {
    fn new(count: u32, per: Duration, clock: &Arc<dyn Clock>) -> Self {
        let count = NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(per / count.get())
            .unwrap_or_else(|| Quota::per_minute(count))
            .allow_burst(count);
        let clock = Ticks(Arc::clone(clock));
        Self {
            limiter: RateLimiter::hashmap_with_clock(quota, clock.clone()),
            clock,
            asked: AtomicU32::new(0),
        }
    }

    /// `Err`: too often; the time after which to ask again.
    pub(crate) fn ask(&self, who: &K) -> Result<(), Duration> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.limiter.retain_recent();
        }
        self.limiter
            .check_key(who)
            .map_err(|early| early.wait_time_from(self.clock.now()))
    }
}

/// A network a caller comes from: an IPv4 address, or the 64 bits of an IPv6 one that a site
/// shares out as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Origin(IpAddr);

impl From<IpAddr> for Origin {
    fn from(ip: IpAddr) -> Self {
        Self(match ip.to_canonical() {
            IpAddr::V6(v6) => {
                let bits = u128::from(v6) & (u128::MAX << 64);
                IpAddr::V6(Ipv6Addr::from(bits))
            }
            v4 => v4,
        })
    }
}

/// Every rate of the service.
pub(crate) struct Limits {
    pub address: Rate<Origin>,
    pub case: Rate<CaseId>,
    pub key: Rate<KeyId>,
    pub opening: Rate<Origin>,
    pub sign_in: Rate<Origin>,
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

impl Limits {
    pub(crate) fn new(config: &LimitsConfig, sign_ins: u32, clock: &Arc<dyn Clock>) -> Self {
        Self {
            address: Rate::new(config.per_address, MINUTE, clock),
            case: Rate::new(config.per_case, MINUTE, clock),
            key: Rate::new(config.per_key, MINUTE, clock),
            opening: Rate::new(config.cases_per_address, HOUR, clock),
            sign_in: Rate::new(sign_ins, MINUTE, clock),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idproof_test_support::MovedClock;

    #[test]
    fn a_caller_gets_its_rate_and_others_theirs() {
        let moved = Arc::new(MovedClock::at(0));
        let clock: Arc<dyn Clock> = moved.clone();
        let rate = Rate::new(3, MINUTE, &clock);
        for _ in 0..3 {
            assert!(rate.ask(&"a").is_ok());
        }
        let wait = rate.ask(&"a").unwrap_err();
        assert!(
            wait > Duration::from_secs(19) && wait <= Duration::from_secs(20),
            "{wait:?}"
        );
        assert!(rate.ask(&"b").is_ok());
        moved.move_ms(20_000);
        assert!(rate.ask(&"a").is_ok());
        assert!(rate.ask(&"a").is_err());
    }

    #[test]
    fn quiet_callers_are_forgotten() {
        let moved = Arc::new(MovedClock::at(0));
        let clock: Arc<dyn Clock> = moved.clone();
        let rate = Rate::new(1, MINUTE, &clock);
        for n in 0..SWEEP - 1 {
            let _ = rate.ask(&n);
        }
        moved.move_ms(120_000);
        let _ = rate.ask(&0);
        assert!(rate.limiter.len() < 10);
    }

    #[test]
    fn neighbours_of_one_ipv6_site_are_one_caller() {
        let of = |text: &str| Origin::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
