//! What the times of the frames tell; pure arithmetic.

use idproof_protocol::MAX_LIES;

use super::input::Claims;
use super::scan::Seen;

/// Times and counts of the decoded frames.
#[derive(Debug, Clone, Default)]
pub(super) struct Timeline {
    /// Relative to the first frame, in decode order, microseconds.
    pub times_us: Vec<i64>,
    /// How much each of these frames differs from the one before.
    pub changes: Vec<u16>,
    pub duplicated: u64,
    pub corrupt: u64,
    /// Stored size of the first frame.
    pub size: Option<(u32, u32)>,
    size_changed: bool,
    without_time: u64,
}

/// A claim may be off by this share before it is called a lie.
const TOLERANCE: f64 = 0.25;

/// Claimed durations may be off by this, microseconds: the last packet's length is a guess.
const DURATION_TOLERANCE_US: i64 = 500_000;

impl Timeline {
    /// Takes note of a frame; its time is estimated where it has none.
    /// Returns its time relative to the first.
    pub fn add(&mut self, relative_us: Option<i64>, size: (u32, u32)) -> i64 {
        let at = relative_us.unwrap_or_else(|| {
            self.without_time += 1;
            let last = self.times_us.last().copied().unwrap_or(0);
            last.saturating_add(self.nominal_us().unwrap_or(0))
        });
        self.times_us.push(at);
        self.size_changed |= *self.size.get_or_insert(size) != size;
        at
    }

    /// The median distance of consecutive frames, microseconds.
    pub fn nominal_us(&self) -> Option<i64> {
        let mut gaps: Vec<i64> = self.gaps().filter(|&gap| gap > 0).collect();
        if gaps.is_empty() {
            return None;
        }
        let middle = gaps.len() / 2;
        Some(*gaps.select_nth_unstable(middle).1)
    }

    /// Frames missing in gaps of more than 1.5 nominal distances.
    pub fn dropped(&self) -> u64 {
        let Some(nominal) = self.nominal_us() else {
            return 0;
        };
        self.gaps()
            .filter(|&gap| gap.saturating_mul(2) > nominal.saturating_mul(3))
            .map(|gap| {
                let frames = (gap.saturating_add(nominal / 2) / nominal).saturating_sub(1);
                u64::try_from(frames).unwrap_or(0)
            })
            .sum()
    }

    fn gaps(&self) -> impl Iterator<Item = i64> {
        self.times_us.windows(2).map(|w| w[1].saturating_sub(w[0]))
    }

    /// Frames a second over the whole recording.
    fn mean_rate(&self) -> Option<f64> {
        let span = self
            .times_us
            .last()?
            .saturating_sub(*self.times_us.first()?);
        let frames = self.times_us.len().checked_sub(1)?;
        (span > 0 && frames > 0).then(|| frames as f64 * 1e6 / span as f64)
    }

    /// Each claim of the container that the packets or frames contradict, in words.
    pub fn lies(&self, claims: &Claims, seen: &Seen) -> Vec<String> {
        let mut lies = vec![];
        self.duration_lie(claims, seen, &mut lies);
        if let Some((width, height)) = self.size {
            let stated = (claims.width, claims.height);
            if stated != (0, 0) && stated != (width, height) {
                lies.push(format!(
                    "the header says {}x{} pixels, the frames have {width}x{height}",
                    stated.0, stated.1
                ));
            }
        }
        if self.size_changed {
            lies.push("the frame size changes on the way".into());
        }
        self.rate_lie(claims, &mut lies);
        if let Some(stated) = claims.video_packets
            && stated != seen.video_packets
        {
            lies.push(format!(
                "the header says {stated} frames, {} are there",
                seen.video_packets
            ));
        }
        if self.gaps().any(|gap| gap < 0) {
            lies.push("presentation times run backwards".into());
        }
        if self.without_time > 0 {
            lies.push(format!("{} frames have no time", self.without_time));
        }
        if claims.odd_rotation {
            lies.push("the stated rotation is no quarter turn and was not applied".into());
        }
        if seen.broken_off {
            lies.push("the file breaks off before its stated end".into());
        }
        lies.truncate(MAX_LIES);
        lies
    }

    fn duration_lie(&self, claims: &Claims, seen: &Seen, lies: &mut Vec<String>) {
        let Some(stated) = claims.duration_us else {
            return;
        };
        // Matroska's packets may carry no length: allow for one more frame.
        let true_us = seen.span_us;
        let slack = DURATION_TOLERANCE_US.max(true_us / 20);
        if stated.abs_diff(true_us) > slack.unsigned_abs() {
            lies.push(format!(
                "the header says {:.1} s, the packets span {:.1} s",
                stated as f64 / 1e6,
                true_us as f64 / 1e6
            ));
        }
    }

    fn rate_lie(&self, claims: &Claims, lies: &mut Vec<String>) {
        const ENOUGH_FRAMES: usize = 10;
        let Some(stated) = claims.frames_per_second else {
            return;
        };
        let (Some(mean), Some(nominal)) = (self.mean_rate(), self.nominal_us()) else {
            return;
        };
        let typical = 1e6 / nominal as f64;
        let fits = |rate: f64| (stated / rate - 1.0).abs() <= TOLERANCE;
        if self.times_us.len() >= ENOUGH_FRAMES && !fits(mean) && !fits(typical) {
            lies.push(format!(
                "the header says {stated:.1} frames a second, there are {mean:.1}"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(times: impl IntoIterator<Item = i64>) -> Timeline {
        let mut timeline = Timeline::default();
        for at in times {
            timeline.add(Some(at), (640, 480));
        }
        timeline
    }

    #[test]
    fn a_steady_recording_drops_nothing() {
        let steady = timeline((0..90).map(|i| i * 33_333));
        assert_eq!(steady.dropped(), 0);
        assert!(steady.lies(&Claims::default(), &Seen::default()).is_empty());
    }

    #[test]
    fn gaps_are_counted_in_missing_frames() {
        let times = (0..90).map(|i| i * 33_333).filter(|t| {
            let frame = t / 33_333;
            frame != 10 && !(40..45).contains(&frame)
        });
        assert_eq!(timeline(times).dropped(), 6);
    }

    #[test]
    fn exactly_one_and_a_half_distances_is_no_gap() {
        assert_eq!(timeline([0, 100, 200, 300, 450]).dropped(), 0);
        assert_eq!(timeline([0, 100, 200, 300, 451]).dropped(), 1);
    }

    #[test]
    fn claims_are_held_against_the_packets() {
        let claims = Claims {
            duration_us: Some(10_000_000),
            width: 640,
            height: 480,
            frames_per_second: Some(60.0),
            video_packets: Some(300),
            odd_rotation: false,
        };
        let seen = Seen {
            span_us: 2_000_000,
            video_packets: 60,
            broken_off: true,
            opening: vec![],
        };
        let lies = timeline((0..60).map(|i| i * 33_333)).lies(&claims, &seen);
        assert_eq!(lies.len(), 4, "{lies:?}");
        let honest = Claims {
            duration_us: Some(2_000_000),
            frames_per_second: Some(30.0),
            video_packets: Some(60),
            ..claims
        };
        let whole = Seen {
            broken_off: false,
            ..seen
        };
        let lies = timeline((0..60).map(|i| i * 33_333)).lies(&honest, &whole);
        assert!(lies.is_empty(), "{lies:?}");
    }

    #[test]
    fn a_frame_without_time_is_estimated_and_told() {
        let mut timeline = timeline([0, 40_000]);
        assert_eq!(timeline.add(None, (640, 480)), 80_000);
        let lies = timeline.lies(&Claims::default(), &Seen::default());
        assert_eq!(lies, ["1 frames have no time"]);
    }
}
