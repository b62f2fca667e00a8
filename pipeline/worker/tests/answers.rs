//! The answers to a challenge through the stages: digits, head, document; and what is left where no
//! network is there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use common::*;

/// Hears the digits asked for, each so long after it was shown.
struct Hears(f64);

impl DigitRecogniser for Hears {
    fn recognise(&mut self, request: &SpeechRequest<'_>) -> Result<SpeechFindings, ModelError> {
        let at = |n: usize| Duration::from_secs_f64(1.5 + n as f64 * 1.5 + self.0);
        Ok(SpeechFindings {
            voiced: Duration::from_secs(2),
            heard: request
                .expected
                .as_slice()
                .iter()
                .enumerate()
                .map(|(n, digit)| HeardDigit {
                    digit: *digit,
                    start: at(n),
                    end: at(n) + Duration::from_millis(400),
                    confidence: 0.95,
                })
                .collect(),
            expected_log_ratio: Some(9.0),
            clipped: 0.0,
        })
    }

    fn identity(&self) -> ModelIdentity {
        identity("hears")
    }
}

#[test]
fn digits_said_before_they_were_shown_are_told() {
    let mut asked = input();
    let digit = |(n, digit): (usize, &u8)| ScriptStep::Digit {
        digit: *digit,
        after_ms: 1_500 + 1_500 * n as u32,
    };
    asked.script = Some(Script {
        digits: vec![3, 7, 2],
        language: Language::En,
        steps: [3, 7, 2].iter().enumerate().map(digit).collect(),
        adapt: vec![],
    });
    let look = |asked: &CaseInput, delay: f64| {
        let all = Analysers {
            speech: Ok(Mutex::new(Box::new(Hears(delay)))),
            ..analysers()
        };
        let film = Film::of(shot);
        let found = analyse_recording(asked, &film, &all, &Ticks::default(), &Quiet).unwrap();
        let heard_at = found.shown.heard[0].start;
        (decide(&found.evidence, &policy()), heard_at)
    };
    for (delay, expected) in [
        (0.6, CheckStatus::Passed),
        (-0.9, CheckStatus::Failed),
        (4.5, CheckStatus::Borderline),
    ] {
        let (decision, heard_at) = look(&asked, delay);
        assert_eq!(
            status(&decision, CheckName::AnswerTimes),
            expected,
            "{delay}"
        );
        assert_eq!(heard_at, Duration::from_secs_f64(1.5 + delay));
    }
    // Whoever signs the digits says none.
    asked.script.as_mut().unwrap().adapt = vec![Adaptation::Sign];
    let (decision, _) = look(&asked, -0.9);
    let name = CheckName::AnswerTimes;
    assert!(decision.checks.iter().all(|c| c.name != name));
}

#[test]
fn what_is_shown_of_a_recording_has_its_tracks() {
    let found = analyse_recording(
        &input(),
        &Film::of(shot),
        &analysers(),
        &Ticks::default(),
        &Quiet,
    )
    .unwrap();
    assert_eq!(found.shown.head.len(), 30);
    assert_eq!(found.shown.mouth.len(), 30);
    assert!(found.shown.voice.is_empty(), "the film is silent");
    assert!(found.shown.cuts.is_empty(), "it is one piece");
    assert!(found.shown.document.is_empty(), "it was not asked for");
    // The signs of an attack are those that the checks judge, frame by frame.
    let display = found.evidence.display.value().unwrap();
    let bars: Vec<f64> = found.shown.signs.iter().map(|s| s.bars).collect();
    assert_eq!(bars, display.bars);
    assert!(!bars.is_empty() && found.shown.signs.is_sorted_by_key(|s| s.at));
}

fn asked(step: ScriptStep) -> CaseInput {
    let mut input = input();
    input.script = Some(Script {
        digits: vec![3, 7, 2],
        language: Language::En,
        steps: vec![step],
        adapt: vec![],
    });
    input
}

#[test]
fn a_head_turned_as_asked_passes_and_another_way_fails() {
    let step = ScriptStep::Head {
        direction: Direction::Left,
        after_ms: 2_000,
    };
    for (turned, status_) in [
        (30.0, CheckStatus::Passed),
        (0.0, CheckStatus::Failed),
        (-30.0, CheckStatus::Failed),
    ] {
        let film = Film::of(|n| Shot {
            turned: if (12..18).contains(&n) { turned } else { 0.0 },
            ..shot(n)
        });
        let found = judged(&film, &asked(step.clone()));
        assert_eq!(status(&found, CheckName::HeadMovement), status_, "{turned}");
    }
}

#[test]
fn the_document_that_is_held_up_is_compared_and_is_no_second_person() {
    let step = ScriptStep::Document { after_ms: 2_000 };
    for (portrait, status_) in [
        (Some(1.0), CheckStatus::Passed),
        (Some(2.0), CheckStatus::Borderline),
        (None, CheckStatus::Failed),
    ] {
        let film = Film::of(|n| {
            let mut faces = vec![(200.0, 1.0)];
            if (12..24).contains(&n) {
                faces.extend(portrait.map(|p| (90.0, p)));
            }
            Shot { faces, ..shot(n) }
        });
        let mut input = asked(step.clone());
        input.documents = vec![std::path::PathBuf::from("card").into()];
        let found = analyse(&input, &film, &analysers(), &Ticks::default(), &Quiet).unwrap();
        let seen = &found.shown.document;
        assert!(
            seen.iter().all(|(at, _)| at.as_millis() >= 2_000),
            "{seen:?}"
        );
        let frames = seen.iter().filter(|(_, seen)| *seen).count();
        assert_eq!(frames > 3, portrait.is_some(), "{seen:?}");
        assert!(frames < seen.len(), "it is not there at first");
        let decision = decide(&found.evidence, &policy());
        assert_eq!(
            status(&decision, CheckName::DocumentShown),
            status_,
            "{portrait:?}"
        );
        assert_eq!(
            status(&decision, CheckName::SingleFace),
            CheckStatus::Passed
        );
        // Its layout is told only where the document was seen.
        let layout = status(&decision, CheckName::DocumentLayout);
        assert_eq!(layout == CheckStatus::Unavailable, portrait.is_none());
    }
}

#[test]
fn without_networks_every_check_of_a_face_is_unavailable() {
    let nobody = Analysers {
        faces: missing(),
        liveness: missing(),
        text: missing(),
        seals: missing(),
        outlines: Mutex::new(Box::new(Outlines)),
        speech: missing(),
    };
    let step = ScriptStep::Head {
        direction: Direction::Up,
        after_ms: 2_000,
    };
    let found = analyse_recording(
        &asked(step),
        &Film::of(shot),
        &nobody,
        &Ticks::default(),
        &Quiet,
    )
    .unwrap();
    let decision = decide(&found.evidence, &policy());
    for name in [
        CheckName::SingleFace,
        CheckName::Liveness,
        CheckName::FaceMotion,
        CheckName::FaceContinuity,
        CheckName::Recapture,
        CheckName::HeadMovement,
    ] {
        assert_eq!(status(&decision, name), CheckStatus::Unavailable, "{name}");
    }
    assert_eq!(decision.outcome, Outcome::Review);
}
