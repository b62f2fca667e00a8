//! Signs that a recording was fed in, or written by something else than a recorder.

use idproof_domain::attack::Injection;
use idproof_domain::evidence::Recording;
use idproof_domain::origin::Traces;
use idproof_domain::{Measured, ReasonCode};
use idproof_ports::VideoReport;

use crate::case::CaseInput;

/// Names under which cameras appear that exist in software only.
const VIRTUAL: [&str; 11] = [
    "virtual",
    "obs",
    "manycam",
    "xsplit",
    "snap camera",
    "droidcam",
    "iriun",
    "epoccam",
    "v4l2loopback",
    "splitcam",
    "deepfacelive",
];
/// Frames on each side whose change a frame's is compared with.
const AROUND: usize = 4;
/// A frame repeats the one before when it changes by less than this share of what frames round it
/// change by. The encoder goes on refining a picture that stands.
const HARDLY: f64 = 0.35;
/// Where frames usually change by less than this (hundredths of a grey level), nothing moves.
const NOTHING_MOVES: f64 = 15.0;
/// Times within this of the beat are even, microseconds: WebM rounds them to 1 ms.
const OFF_BEAT_US: i64 = 1_100;

/// The report, or why there is none.
fn told<'a, T>(
    report: Option<&'a VideoReport>,
    recording: &Measured<Recording>,
) -> Result<&'a VideoReport, Measured<T>> {
    report.ok_or_else(|| match recording {
        Measured::Unavailable { reason, detail } => Measured::unavailable(*reason, detail.clone()),
        Measured::Value(_) => Measured::unavailable(
            ReasonCode::DecoderFailed,
            "Nothing is known of the recording.",
        ),
    })
}

pub(crate) fn injection(
    input: &CaseInput,
    report: Option<&VideoReport>,
    recording: &Measured<Recording>,
) -> Measured<Injection> {
    let report = match told(report, recording) {
        Ok(report) => report,
        Err(why) => return why,
    };
    let camera = input.capture.camera.as_deref().map(str::to_lowercase);
    let named = |name: &str| {
        let words = |c: &String| c.split(|x: char| !x.is_alphanumeric()).any(|w| w == name);
        camera
            .as_ref()
            .is_some_and(|c| words(c) || (name.len() > 4 && c.contains(name)))
    };
    let frames = report.timestamps_us.len().max(1) as f64;
    let identical = report.duplicated_frames as f64 / frames;
    Measured::Value(Injection {
        recorder: input.capture.recorder,
        virtual_camera: VIRTUAL.iter().any(|name| named(name)),
        repeated_frames: identical.max(repeats(&report.changes)),
        even_times: even(&report.timestamps_us),
    })
}

pub(crate) fn traces(
    input: &CaseInput,
    report: Option<&VideoReport>,
    recording: &Measured<Recording>,
) -> Measured<Traces> {
    match told(report, recording) {
        Ok(report) => Measured::Value(Traces {
            recorder: input.capture.recorder,
            programs: report.programs.clone(),
        }),
        Err(why) => why,
    }
}

/// Share of frames that hardly differ from the one before while those round them do: what comes of
/// feeding frames at another rate than their own.
fn repeats(changes: &[u16]) -> f64 {
    let changes = changes.get(1..).unwrap_or_default();
    let usual = |i: usize| {
        let before = &changes[i.saturating_sub(AROUND)..i];
        let after = &changes[i + 1..changes.len().min(i + 1 + AROUND)];
        let mut near: Vec<f64> = before.iter().chain(after).map(|c| f64::from(*c)).collect();
        near.sort_by(f64::total_cmp);
        near.get(near.len() / 2).copied().unwrap_or(0.0)
    };
    let repeated = changes.iter().enumerate().filter(|(i, c)| {
        let usual = usual(*i);
        usual >= NOTHING_MOVES && f64::from(**c) < HARDLY * usual
    });
    repeated.count() as f64 / changes.len().max(1) as f64
}

/// Whether every frame keeps the beat of the first and the last.
fn even(times_us: &[i64]) -> bool {
    let (Some(first), Some(last)) = (times_us.first(), times_us.last()) else {
        return false;
    };
    let steps = times_us.len() as f64 - 1.0;
    let beat = last.saturating_sub(*first) as f64 / steps.max(1.0);
    beat > 0.0
        && times_us.iter().enumerate().all(|(i, at)| {
            let expected = *first as f64 + beat * i as f64;
            (*at as f64 - expected).abs() <= OFF_BEAT_US as f64
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_hardly_change_between_others_that_do_repeat() {
        let moving: Vec<u16> = (0..100).map(|i| 180 + 40 * (i % 3)).collect();
        assert_eq!(repeats(&moving), 0.0);
        let fed: Vec<u16> = (0..100)
            .map(|i| if i % 5 == 4 { 12 } else { 200 })
            .collect();
        assert!((repeats(&fed) - 0.2).abs() < 0.02, "{}", repeats(&fed));
        // A person who sits still.
        let still: Vec<u16> = (0..100).map(|i| 4 + i % 5).collect();
        assert_eq!(repeats(&still), 0.0);
        assert_eq!(repeats(&[]), 0.0);
        assert_eq!(repeats(&[0]), 0.0);
    }

    #[test]
    fn a_machine_keeps_the_beat_and_a_browser_does_not() {
        let machine: Vec<i64> = (0..90)
            .map(|i| i * 1_000_000 / 30 / 1_000 * 1_000)
            .collect();
        assert!(even(&machine));
        let browser: Vec<i64> = (0..90)
            .map(|i| i * 50_000 + [0, -4_000, 3_000][i as usize % 3])
            .collect();
        assert!(!even(&browser));
        let mut lost = machine;
        lost.remove(40);
        assert!(!even(&lost));
        assert!(!even(&[]) && !even(&[0]));
    }
}
