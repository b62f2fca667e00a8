//! What people and attackers say instead of the digits asked for: each with the status and the
//! reason it must lead to under the policy and the model that ship. Voices are made by espeak-ng,
//! which the samples need too.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use idproof_domain::{
    CheckResult, CheckStatus, Language, Measured, Policy, ReasonCode, spoken_digits,
};
use idproof_ports::{Clock, DigitRecogniser, ModelIdentity, SpeechRequest};
use idproof_speech::{SpeechModel, WhisperDigits};
use idproof_worker::summarise;

const RATE: usize = 16_000;

/// Never moves: no job runs out of time.
struct Standing;

impl Clock for Standing {
    fn now_ms(&self) -> i64 {
        0
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// 16 kHz sound of espeak-ng saying `text`.
fn voice(name: &str, text: &str) -> Vec<f32> {
    let out = Command::new("espeak-ng")
        .args(["-m", "-v", name, "-s", "130", "--stdout", text])
        .output()
        .expect("espeak-ng runs");
    let wide: Vec<f32> = out.stdout[44..]
        .chunks_exact(2)
        .map(|b| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0)
        .collect();
    // 22,050 Hz by linear interpolation.
    let count = wide.len().saturating_sub(2) * RATE / 22_050;
    let resampled = (0..count).map(|n| {
        let at = n as f32 * 22_050.0 / RATE as f32;
        let (low, part) = (at as usize, at.fract());
        wide[low] * (1.0 - part) + wide[low + 1] * part
    });
    let pause = vec![0.0; RATE / 2];
    let sound: Vec<f32> = pause
        .iter()
        .copied()
        .chain(resampled)
        .chain(pause.iter().copied())
        .collect();
    with_hiss(&sound)
}

/// Three words with pauses, as people answer a challenge.
fn words(name: &str, all: &[&str]) -> Vec<f32> {
    voice(
        name,
        &format!("<speak>{}</speak>", all.join("<break time=\"300ms\"/>")),
    )
}

/// A room is never quite silent.
fn with_hiss(sound: &[f32]) -> Vec<f32> {
    let mut seed = 7_u32;
    let noisy = sound.iter().map(|x| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        x + 0.001 * ((seed >> 8) as f32 / 8_388_608.0 - 1.0)
    });
    noisy.collect()
}

fn judge(sound: &[f32], language: Language, asked: &str) -> CheckResult {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../digits-fr-en/ggml-digits-fr-en.bin");
    let model = SpeechModel {
        identity: ModelIdentity {
            name: "digits-fr-en".into(),
            version: "test".into(),
            sha256: String::new(),
        },
        bytes: std::fs::read(path).unwrap(),
    };
    let limit = Duration::from_secs(60);
    let mut ears = WhisperDigits::new(&model, Arc::new(Standing), limit).unwrap();
    let expected = asked.parse().unwrap();
    let request = SpeechRequest {
        samples: sound,
        language,
        expected: &expected,
    };
    let speech = summarise(&ears.recognise(&request).unwrap(), expected.as_slice());
    let policy = Policy::parse(Policy::DEFAULT_TEXT).unwrap();
    spoken_digits(&Measured::Value(speech), policy.thresholds())
}

/// Nothing was said.
fn is_silence(result: &CheckResult, what: &str) {
    assert_eq!(result.status, CheckStatus::Failed, "{what}: {result:?}");
    assert_eq!(result.reasons, [ReasonCode::NothingSaid], "{what}");
}

/// Clearly something else.
fn is_another_answer(result: &CheckResult, what: &str) {
    assert_eq!(result.status, CheckStatus::Failed, "{what}: {result:?}");
    assert_eq!(result.reasons, [ReasonCode::DigitsDiffer], "{what}");
}

/// One digit of three is another: something else, or a person listens.
fn is_not_passed(result: &CheckResult, what: &str) {
    let (status, reasons) = (&result.status, &result.reasons[..]);
    assert!(
        matches!(
            (status, reasons),
            (CheckStatus::Failed, [ReasonCode::DigitsDiffer])
                | (CheckStatus::Borderline, [ReasonCode::DigitsUncertain])
        ),
        "{what}: {result:?}"
    );
}

/// The right answer, whatever the conditions.
fn is_passed(result: &CheckResult, what: &str) {
    assert_eq!(result.status, CheckStatus::Passed, "{what}: {result:?}");
    assert!(result.reasons.is_empty(), "{what}");
}

const RIGHT: [&str; 3] = ["trois", "sept", "deux"];

#[test]
fn silence_and_noise_are_nothing_said() {
    is_silence(&judge(&vec![0.0; 5 * RATE], Language::Fr, "372"), "silence");
    let hiss: Vec<f32> = with_hiss(&vec![0.0; 5 * RATE])
        .iter()
        .map(|x| x * 20.0)
        .collect();
    is_silence(&judge(&hiss, Language::Fr, "372"), "noise");
}

#[test]
fn music_is_not_an_answer() {
    let chord = |n: usize| {
        let at = n as f32 / RATE as f32;
        let root = [220.0, 262.0, 196.0, 330.0][(at * 2.0) as usize % 4];
        let tone = |hz: f32| (std::f32::consts::TAU * hz * at).sin() / 4.0;
        (tone(root) + tone(root * 1.25) + tone(root * 1.5)) * (-4.0 * (at * 2.0).fract()).exp()
    };
    let music: Vec<f32> = (0..5 * RATE).map(chord).collect();
    is_another_answer(&judge(&music, Language::Fr, "372"), "music");
}

#[test]
fn two_speakers_at_once_are_not_accepted() {
    let mut both = words("fr-fr", &RIGHT);
    let other = words("fr+f3", &["huit", "un", "neuf"]);
    both.iter_mut()
        .zip(&other)
        .for_each(|(a, b)| *a = (*a + b) / 2.0);
    is_not_passed(&judge(&both, Language::Fr, "372"), "two speakers");
}

#[test]
fn whispered_digits_are_no_voice_and_shouted_ones_are_heard() {
    // Whoever whispers is asked to speak up: breath proves no mouth.
    let whispered = words("fr+whisper", &RIGHT);
    is_silence(&judge(&whispered, Language::Fr, "372"), "whispering");
    let loud = words("fr-fr", &RIGHT);
    let shouted: Vec<f32> = loud.iter().map(|x| (x * 12.0).tanh()).collect();
    is_passed(&judge(&shouted, Language::Fr, "372"), "shouting");
}

#[test]
fn digits_of_the_other_language_are_not_the_answer() {
    let english = words("en-gb", &["three", "seven", "two"]);
    is_another_answer(&judge(&english, Language::Fr, "372"), "English for French");
    let french = words("fr-fr", &RIGHT);
    is_another_answer(&judge(&french, Language::En, "372"), "French for English");
}

#[test]
fn too_many_too_few_and_swapped_digits_are_not_the_answer() {
    for (said, what) in [
        (&["trois", "sept", "deux", "huit"][..], "four digits"),
        (&["trois", "sept"][..], "two digits"),
        (&["sept", "trois", "deux"][..], "wrong order"),
    ] {
        is_another_answer(&judge(&words("fr-fr", said), Language::Fr, "372"), what);
    }
    let one = judge(
        &words("fr-fr", &["trois", "sept", "neuf"]),
        Language::Fr,
        "372",
    );
    is_not_passed(&one, "another digit");
}

#[test]
fn digits_inside_larger_numbers_are_not_the_answer() {
    for (said, asked) in [
        (&["trois", "dix-sept", "deux"][..], "372"),
        (
            &["vingt-trois", "soixante-dix-sept", "quarante-deux"][..],
            "372",
        ),
        (&["trois cent soixante-douze"][..], "372"),
    ] {
        let result = judge(&words("fr-fr", said), Language::Fr, asked);
        is_another_answer(&result, said[0]);
    }
    let english = words("en-us", &["three hundred", "seventy", "twenty-two"]);
    is_another_answer(&judge(&english, Language::En, "372"), "English numbers");
}

#[test]
fn a_narrow_and_a_clipped_line_are_heard() {
    let clean = words("fr-fr", &RIGHT);
    // 8 kHz: every second sample of a mean over two, held.
    let narrow: Vec<f32> = clean
        .chunks_exact(2)
        .flat_map(|c| [(c[0] + c[1]) / 2.0; 2])
        .collect();
    is_passed(&judge(&narrow, Language::Fr, "372"), "8 kHz");
    let peak = clean.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
    let clipped: Vec<f32> = clean
        .iter()
        .map(|x| x.clamp(-peak / 4.0, peak / 4.0))
        .collect();
    is_passed(&judge(&clipped, Language::Fr, "372"), "clipped");
}

#[test]
fn hesitations_are_passed_over() {
    let sound = words("fr-fr", &["euh", "trois", "sept", "euh", "deux"]);
    is_passed(&judge(&sound, Language::Fr, "372"), "hesitations");
}

#[test]
fn sound_of_another_recording_is_another_answer() {
    let other = words("en-us+m3", &["nine", "zero", "five"]);
    is_another_answer(&judge(&other, Language::En, "372"), "another recording");
}

#[test]
fn the_right_digits_pass_and_no_other_answer_does() {
    for (name, language, said, asked) in [
        ("fr-fr", Language::Fr, ["trois", "sept", "deux"], "372"),
        ("fr-be+f2", Language::Fr, ["huit", "zéro", "quatre"], "804"),
        ("en-us", Language::En, ["three", "eight", "two"], "382"),
        ("en+m4", Language::En, ["nine", "five", "six"], "956"),
    ] {
        let sound = words(name, &said);
        is_passed(&judge(&sound, language, asked), asked);
        for wrong in ["111", "373", "809", "385", "950"] {
            is_not_passed(&judge(&sound, language, wrong), wrong);
        }
    }
}
