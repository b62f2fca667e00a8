//! When each label was said: the model's own timestamps, or the voiced stretches.

use std::ops::Range;

use idproof_ports::ModelError;

use crate::engine::Engine;
use crate::engine::digits::FIRST_TIME;
use crate::grammar::{Grammar, Label, Token};
use crate::search::NextToken;

/// Seconds in the window, one range a label.
pub(crate) type Times = Vec<Range<f32>>;

const SECONDS_PER_STAMP: f32 = 0.04;
const SHORTEST: f32 = 0.08;

/// Writes `labels` once more with the digits model's timestamps, of which the likeliest are taken.
pub(crate) fn by_model(
    engine: &mut Engine,
    grammar: &Grammar,
    labels: &[Label],
    seconds: f32,
) -> Result<Times, ModelError> {
    let first = FIRST_TIME;
    let last = (seconds / SECONDS_PER_STAMP) as Token;
    let (mut text, mut stamp, mut out) = (Vec::new(), 0, Vec::new());
    for label in labels {
        stamp = likeliest(engine.after(&text)?, first, stamp, last);
        text.push(first + stamp);
        let start = stamp as f32 * SECONDS_PER_STAMP;
        let spelled = grammar.spell(&[*label]).unwrap_or_default();
        text.extend(spelled.split_last().map_or(&[][..], |(_, body)| body));
        stamp = likeliest(engine.after(&text)?, first, stamp, last);
        text.push(first + stamp);
        let end = (stamp as f32 * SECONDS_PER_STAMP).max(start + SHORTEST);
        out.push(start..end.min(seconds.max(start)));
    }
    Ok(out)
}

/// A label's time (samples) within the stretch of sound that it shares most with: the model's stamps
/// are a little early, and where pauses were left out a little early is in the stretch before. Where
/// it lies in silence: the next stretch.
pub(crate) fn in_voice(sound: &[Range<usize>], time: Range<usize>) -> Range<usize> {
    let common = |s: &Range<usize>| {
        let (from, to) = (s.start.max(time.start), s.end.min(time.end));
        to.saturating_sub(from)
    };
    let own = sound
        .iter()
        .filter(|s| common(s) > 0)
        .max_by_key(|s| common(s))
        .or_else(|| sound.iter().find(|s| s.start >= time.start));
    own.map_or(time.clone(), |s| {
        let start = time.start.clamp(s.start, s.end);
        start..time.end.clamp(start, s.end)
    })
}

/// The likeliest stamp from `least` to `last`.
fn likeliest(scores: &[f32], first: Token, least: Token, last: Token) -> Token {
    (least..=last.max(least))
        .filter_map(|stamp| {
            let place = usize::try_from(first + stamp).ok()?;
            Some((stamp, *scores.get(place)?))
        })
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(least, |(stamp, _)| stamp)
}

/// Shares the voiced stretches out among `count` labels: one each where there are as
/// many, else in equal parts of their whole.
pub(crate) fn by_voice(voiced: &[Range<f32>], count: usize) -> Times {
    if voiced.len() == count {
        return voiced.to_vec();
    }
    let total: f32 = voiced.iter().map(|r| r.end - r.start).sum();
    let at = |mut left: f32| {
        for range in voiced {
            if left <= range.end - range.start {
                return range.start + left;
            }
            left -= range.end - range.start;
        }
        voiced.last().map_or(0.0, |r| r.end)
    };
    (0..count)
        .map(|n| {
            let part = total / count as f32;
            at(n as f32 * part)..at((n + 1) as f32 * part)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_begins_before_its_pause_is_moved_into_its_own_stretch() {
        let sound = [100..200, 500..600];
        assert_eq!(in_voice(&sound, 110..190), 110..190);
        assert_eq!(in_voice(&sound, 180..590), 500..590);
        assert_eq!(in_voice(&sound, 210..240), 500..500);
        assert_eq!(in_voice(&sound, 700..710), 700..710);
        assert_eq!(in_voice(&[], 1..2), 1..2);
    }

    #[test]
    fn as_many_stretches_as_labels_are_taken_as_they_are() {
        let voiced = [0.1..0.4, 0.8..1.3];
        assert_eq!(by_voice(&voiced, 2), voiced);
    }

    #[test]
    fn one_stretch_is_shared_in_equal_parts() {
        let parts = by_voice(&[1.0..2.0], 4);
        assert_eq!(parts.len(), 4);
        assert!((parts[1].start - 1.25).abs() < 1e-5 && (parts[3].end - 2.0).abs() < 1e-5);
        assert!(
            by_voice(&[], 2)
                .iter()
                .all(|r| r.start == 0.0 && r.end == 0.0)
        );
    }

    #[test]
    fn stamps_never_go_back() {
        assert_eq!(likeliest(&[0.0, 9.0, 1.0, 5.0], 1, 1, 2), 2);
        assert_eq!(likeliest(&[], 1, 7, 2), 7);
    }
}
