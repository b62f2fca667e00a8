use serde::Serialize;

use crate::console::statistics::Rate;

/// Members a group must have before it is broken down: in a smaller one a figure could be about
/// somebody whom its reader knows.
pub(super) const SMALLEST: i64 = 5;

/// So many of so many, with the Wilson score interval at 95 %; of a small group, only its size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Share {
    pub of: i64,
    pub count: Option<i64>,
    pub share: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub hidden: bool,
}

/// Whether a group of this size is too small to be broken down.
pub(super) fn is_small(of: i64) -> bool {
    (1..SMALLEST).contains(&of)
}

impl Share {
    pub(super) fn new(count: i64, of: i64) -> Self {
        let hidden = is_small(of);
        let of_u32 = u32::try_from(of).unwrap_or(u32::MAX);
        let rate = Rate::new(u32::try_from(count).unwrap_or(u32::MAX), of_u32);
        Self {
            of,
            count: (!hidden).then_some(count),
            share: (!hidden && of > 0).then(|| count as f64 / of as f64),
            low: rate.low.filter(|_| !hidden),
            high: rate.high.filter(|_| !hidden),
            hidden,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_group_is_only_counted() {
        for of in 1..SMALLEST {
            let share = Share::new(1, of);
            assert!(share.hidden && share.of == of);
            assert_eq!((share.count, share.share), (None, None));
            assert_eq!((share.low, share.high), (None, None));
        }
        let share = Share::new(1, SMALLEST);
        assert_eq!((share.count, share.share), (Some(1), Some(0.2)));
        assert!(share.low.is_some_and(|l| l < 0.2) && share.high.is_some_and(|h| h > 0.2));
        let none = Share::new(0, 0);
        assert!(!none.hidden && none.count == Some(0) && none.share.is_none());
    }
}
