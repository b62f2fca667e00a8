//! The model that ships, on sound that is generated here.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use idproof_domain::Language;
use idproof_ports::{
    Clock, DigitRecogniser, ModelError, ModelIdentity, SpeechFindings, SpeechRequest,
};
use idproof_speech::{SpeechModel, WhisperDigits};

/// Moves on by a fixed step at every reading.
struct Stepping {
    step_ms: u64,
    readings: AtomicU64,
}

impl Clock for Stepping {
    fn now_ms(&self) -> i64 {
        0
    }
    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.step_ms * self.readings.fetch_add(1, Ordering::Relaxed))
    }
}

fn model() -> SpeechModel {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../digits-fr-en/ggml-digits-fr-en.bin");
    SpeechModel {
        identity: ModelIdentity {
            name: "digits-fr-en".into(),
            version: "test".into(),
            sha256: String::new(),
        },
        bytes: std::fs::read(path).expect("the model is committed"),
    }
}

fn recogniser(step_ms: u64) -> WhisperDigits {
    let clock = Stepping {
        step_ms,
        readings: AtomicU64::new(0),
    };
    WhisperDigits::new(&model(), Arc::new(clock), Duration::from_secs(20)).unwrap()
}

fn hear(samples: &[f32], language: Language, expected: &str) -> SpeechFindings {
    let expected = expected.parse().unwrap();
    let request = SpeechRequest {
        samples,
        language,
        expected: &expected,
    };
    recogniser(0).recognise(&request).unwrap()
}

fn heard(findings: &SpeechFindings) -> String {
    findings.heard.iter().map(|h| h.digit.to_string()).collect()
}

/// 16 kHz sound of espeak-ng saying `text`; `None` where it is not installed.
fn espeak(voice: &str, text: &str) -> Option<Vec<f32>> {
    let out = Command::new("espeak-ng")
        .args(["-v", voice, "-s", "140", "--stdout", text])
        .output()
        .ok()?;
    let wide: Vec<f32> = out
        .stdout
        .get(44..)?
        .chunks_exact(2)
        .map(|b| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0)
        .collect();
    // 22,050 Hz to 16,000 Hz by linear interpolation.
    let count = wide.len().saturating_sub(2) * 16_000 / 22_050;
    let resampled = (0..count).map(|n| {
        let at = n as f32 * 22_050.0 / 16_000.0;
        let (low, part) = (at as usize, at.fract());
        wide[low] * (1.0 - part) + wide[low + 1] * part
    });
    Some(resampled.collect())
}

fn tone(hz: f32, seconds: f32) -> Vec<f32> {
    let count = (seconds * 16_000.0) as usize;
    (0..count)
        .map(|n| 0.4 * (std::f32::consts::TAU * hz * n as f32 / 16_000.0).sin())
        .collect()
}

#[test]
fn silence_is_nothing_said() {
    for samples in [vec![], vec![0.0; 7], vec![0.0; 80_000], vec![1e-5; 16_000]] {
        let findings = hear(&samples, Language::Fr, "382");
        assert_eq!(findings.voiced, Duration::ZERO);
        assert!(findings.heard.is_empty());
        assert_eq!(findings.expected_log_ratio, None);
    }
}

#[test]
fn no_sound_makes_it_panic_or_accept() {
    let mut square = tone(120.0, 2.0);
    square.iter_mut().for_each(|x| *x = x.signum());
    let broken = [
        vec![f32::NAN; 20_000],
        vec![f32::INFINITY; 20_000],
        vec![-3e30; 333],
        vec![0.9; 200],
        square,
        tone(440.0, 31.0),
    ];
    for samples in broken {
        let findings = hear(&samples, Language::En, "382");
        assert!(findings.expected_log_ratio.is_none_or(|r| r < 0.0));
        assert!((0.0..=1.0).contains(&findings.clipped));
    }
}

#[test]
fn digits_are_heard_with_their_times_and_others_are_refused() {
    let said = [
        ("en-us", Language::En, "three, eight, two", "382"),
        ("fr-fr", Language::Fr, "trois, huit, deux", "382"),
        ("fr-fr", Language::Fr, "sept, zéro, quatre", "704"),
    ];
    for (voice, language, text, digits) in said {
        let Some(samples) = espeak(voice, text) else {
            println!("not run: espeak-ng is not installed");
            return;
        };
        let findings = hear(&samples, language, digits);
        assert_eq!(heard(&findings), digits, "{text}");
        assert!(findings.expected_log_ratio.unwrap() > 0.0);
        assert!(findings.voiced > Duration::from_millis(500));
        let seconds = Duration::from_secs_f64(samples.len() as f64 / 16_000.0);
        for pair in findings.heard.windows(2) {
            assert!(pair[0].start < pair[1].start, "{:?}", findings.heard);
        }
        assert!(
            findings
                .heard
                .iter()
                .all(|h| h.start < h.end && h.end <= seconds)
        );
        let altered = hear(&samples, language, "391");
        assert!(altered.expected_log_ratio.unwrap() < 0.0);
    }
}

#[test]
fn a_long_pause_does_not_lose_a_digit() {
    let (Some(a), Some(b)) = (espeak("en-us", "three"), espeak("en-us", "eight, two")) else {
        println!("not run: espeak-ng is not installed");
        return;
    };
    let samples = [a, vec![0.0; 16_000 * 9], b].concat();
    let findings = hear(&samples, Language::En, "382");
    // What is tested is the cutting; which digits they are, the test above asks.
    assert_eq!(findings.heard.len(), 3, "{:?}", findings.heard);
    assert!(findings.heard[0].end < Duration::from_secs(2));
    assert!(findings.heard[1].start > Duration::from_secs(9));
}

#[test]
fn a_digit_said_again_alike_is_heard_as_often_as_it_was_said() {
    for (voice, language, words) in [
        ("en-gb", Language::En, ["zero", "one", "two"]),
        ("fr-fr", Language::Fr, ["zéro", "un", "deux"]),
    ] {
        let Some(said) = words
            .iter()
            .map(|word| espeak(voice, word))
            .collect::<Option<Vec<_>>>()
        else {
            return;
        };
        for digits in ["011", "100", "000", "211", "110", "0111"] {
            // A little noise, as no room is without: each word 1.4 s after the last one.
            let mut noise = 1_u32;
            let mut samples: Vec<f32> = (0..16_000 * 7)
                .map(|_| {
                    noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    0.002 * (noise as f32 / u32::MAX as f32 - 0.5)
                })
                .collect();
            for (place, digit) in digits.bytes().enumerate() {
                let word = &said[usize::from(digit - b'0')];
                let at = 16_000 + place * 22_400;
                for (here, sound) in samples[at..].iter_mut().zip(word) {
                    *here += 0.5 * sound;
                }
            }
            let findings = hear(&samples, language, digits);
            assert_eq!(heard(&findings), digits, "{voice}");
            assert!(
                findings.expected_log_ratio.unwrap() > 0.0,
                "{voice} {digits}"
            );
        }
    }
}

#[test]
fn a_job_past_its_time_says_so() {
    let Some(samples) = espeak("en-us", "three, eight, two") else {
        println!("not run: espeak-ng is not installed");
        return;
    };
    let expected = "382".parse().unwrap();
    let request = SpeechRequest {
        samples: &samples,
        language: Language::En,
        expected: &expected,
    };
    let answer = recogniser(15_000).recognise(&request);
    assert!(
        matches!(answer, Err(ModelError::TimedOut { .. })),
        "{answer:?}"
    );
}

#[test]
fn a_file_that_is_no_model_is_refused() {
    let mut broken = model();
    broken.bytes[0] ^= 1;
    let clock = Stepping {
        step_ms: 0,
        readings: AtomicU64::new(0),
    };
    assert!(WhisperDigits::new(&broken, Arc::new(clock), Duration::from_secs(1)).is_err());
}
