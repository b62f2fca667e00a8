//! Recordings of every kind through the stages: which checks stop what.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use common::*;
use idproof_domain::Measured;
use idproof_domain::attack::Recorder;

#[test]
fn a_living_person_passes_every_check_of_the_recording() {
    let decision = judged(&Film::of(shot), &input());
    for name in [
        CheckName::VideoIntegrity,
        CheckName::SingleFace,
        CheckName::Liveness,
        CheckName::FaceMotion,
        CheckName::FaceContinuity,
        CheckName::Recapture,
        CheckName::Injection,
        CheckName::EncoderTraces,
    ] {
        let check = decision.checks.iter().find(|c| c.name == name).unwrap();
        assert_eq!(
            check.status,
            CheckStatus::Passed,
            "{name}: {}",
            check.detail
        );
    }
    // What was not looked at goes to a person.
    assert_eq!(
        status(&decision, CheckName::DocumentPortrait),
        CheckStatus::Unavailable
    );
    assert_eq!(decision.outcome, Outcome::Review);
}

#[test]
fn faces_that_leave_join_or_are_far_are_told() {
    let leaves = Film::of(|n| Shot {
        faces: if (8..14).contains(&n) {
            vec![]
        } else {
            vec![(200.0, 1.0)]
        },
        ..shot(n)
    });
    let not_throughout = ReasonCode::FaceNotThroughout;
    stopped(
        &leaves,
        CheckName::SingleFace,
        CheckStatus::Borderline,
        not_throughout,
    );
    let two = Film::of(|n| Shot {
        faces: vec![(200.0, 1.0), (150.0, 2.0)],
        ..shot(n)
    });
    stopped(
        &two,
        CheckName::SingleFace,
        CheckStatus::Failed,
        ReasonCode::SeveralFaces,
    );
    let nobody = Film::of(|n| Shot {
        faces: vec![],
        ..shot(n)
    });
    stopped(
        &nobody,
        CheckName::SingleFace,
        CheckStatus::Failed,
        ReasonCode::NoFace,
    );
    let far = Film::of(|n| Shot {
        faces: vec![(40.0, 1.0)],
        ..shot(n)
    });
    stopped(
        &far,
        CheckName::SingleFace,
        CheckStatus::Borderline,
        ReasonCode::FaceTooSmall,
    );
}

#[test]
fn a_recording_that_is_too_short_is_told() {
    let short = Film::lasting(9, shot);
    stopped(
        &short,
        CheckName::VideoIntegrity,
        CheckStatus::Failed,
        ReasonCode::VideoTooShort,
    );
}

#[test]
fn another_person_in_the_second_half_is_told() {
    let spliced = Film::of(|n| Shot {
        faces: vec![(200.0, if n < 15 { 1.0 } else { 2.0 })],
        ..shot(n)
    });
    stopped(
        &spliced,
        CheckName::FaceContinuity,
        CheckStatus::Failed,
        ReasonCode::PersonChanges,
    );
}

#[test]
fn what_stands_still_or_repeats_is_told() {
    let frozen = Film::of(|n| Shot {
        scene: if (10..20).contains(&n) {
            10.0
        } else {
            n as f32
        },
        ..shot(n)
    });
    stopped(
        &frozen,
        CheckName::FaceContinuity,
        CheckStatus::Failed,
        ReasonCode::PictureFrozen,
    );
    let looped = Film::of(|n| Shot {
        scene: (n % 10) as f32,
        ..shot(n)
    });
    stopped(
        &looped,
        CheckName::FaceContinuity,
        CheckStatus::Failed,
        ReasonCode::PictureRepeats,
    );
}

#[test]
fn a_loop_whose_rounds_fall_on_other_instants_and_one_played_to_and_fro_are_told() {
    // Frames 70 ms apart, rounds that are no multiple of it.
    let film = |place: fn(f32) -> f32| Film {
        gap_ms: 70,
        ..Film::lasting(100, |n| Shot {
            scene: 2.0 * place(n as f32 * 0.07),
            ..shot(n)
        })
    };
    let rounds: [fn(f32) -> f32; 2] = [|t| t % 1.93, |t| (t % 4.66 - 2.33).abs()];
    for round in rounds {
        stopped(
            &film(round),
            CheckName::FaceContinuity,
            CheckStatus::Failed,
            ReasonCode::PictureRepeats,
        );
    }
    let living = judged(&film(|t| t), &input());
    assert_eq!(
        status(&living, CheckName::FaceContinuity),
        CheckStatus::Passed
    );
}

#[test]
fn a_light_that_beats_is_told_and_decides_nothing() {
    let film = |light: fn(f32) -> f32| Film {
        gap_ms: 70,
        ..Film::lasting(100, |n| Shot {
            scene: 2.0 * n as f32 * 0.07,
            light: light(n as f32 * 0.07),
            ..shot(n)
        })
    };
    let name = CheckName::DisplayTraces;
    let steady = judged(&film(|_| 1.0), &input());
    assert_eq!(status(&steady, name), CheckStatus::Passed);
    let beats = judged(&film(|t| 1.0 + 0.05 * (t * 17.0).sin()), &input());
    let check = beats.checks.iter().find(|c| c.name == name).unwrap();
    assert_eq!(check.status, CheckStatus::Borderline, "{}", check.detail);
    assert_eq!(check.reasons, [ReasonCode::LightBeats]);
    assert!(beats.reasons.iter().all(|r| r.check != name));
}

#[test]
fn what_shows_no_skin_long_enough_has_no_pulse_to_look_for() {
    let decision = judged(&Film::lasting(15, shot), &input());
    let check = decision
        .checks
        .iter()
        .find(|c| c.name == CheckName::Pulse)
        .unwrap();
    assert_eq!(check.status, CheckStatus::Unavailable);
    assert!(!check.detail.is_empty());
}

#[test]
fn a_camera_of_software_and_repeated_frames_are_told() {
    let mut film = Film::of(shot);
    let mut with_camera = input();
    for (name, status_) in [
        ("OBS Virtual Camera", CheckStatus::Failed),
        ("ManyCam Video Source", CheckStatus::Failed),
        ("FaceTime HD Camera", CheckStatus::Passed),
        ("Front camera (observed)", CheckStatus::Passed),
    ] {
        with_camera.capture.camera = Some(name.into());
        let found = judged(&film, &with_camera);
        assert_eq!(status(&found, CheckName::Injection), status_, "{name}");
    }
    film.report.duplicated_frames = 6;
    let mut browser = input();
    browser.capture.recorder = Recorder::Browser;
    let found = judged(&film, &browser);
    assert_eq!(
        status(&found, CheckName::Injection),
        CheckStatus::Borderline
    );
}

#[test]
fn a_recording_that_another_program_has_written_or_fed_in_is_told() {
    let mut film = Film::of(shot);
    let mut browser = input();
    browser.capture.recorder = Recorder::Browser;
    for (program, expected) in [
        ("Chrome", CheckStatus::Passed),
        ("Lavf58.29.100", CheckStatus::Borderline),
    ] {
        film.report.programs = vec![program.into()];
        let found = judged(&film, &browser);
        assert_eq!(status(&found, CheckName::EncoderTraces), expected);
    }
    // A file of unknown making is not held to it.
    let found = judged(&film, &input());
    assert_eq!(
        status(&found, CheckName::EncoderTraces),
        CheckStatus::Passed
    );
    // Every fifth frame is the one before, encoded once more.
    for (change, expected) in [(9, CheckStatus::Borderline), (210, CheckStatus::Passed)] {
        film.report.changes = (0..150)
            .map(|n| if n % 5 == 4 { change } else { 200 })
            .collect();
        let found = judged(&film, &browser);
        assert_eq!(status(&found, CheckName::Injection), expected, "{change}");
    }
}

#[test]
fn the_same_footage_has_the_same_marks_and_other_footage_has_others() {
    let marks = |film: &Film| {
        let found =
            analyse_recording(&input(), film, &analysers(), &Ticks::default(), &Quiet).unwrap();
        found.marks.kept
    };
    let (one, again) = (marks(&Film::of(shot)), marks(&Film::of(shot)));
    assert!(one.len() > 20 && one == again, "{}", one.len());
    let other = marks(&Film::of(|n| Shot {
        scene: 500.0 - 1.3 * n as f32,
        ..shot(n)
    }));
    let common = other.iter().filter(|m| one.contains(m)).count();
    assert!(common * 10 < other.len().max(10), "{common}");
}

#[test]
fn without_the_mesh_only_the_lips_are_not_looked_at() {
    let mut without = analysers();
    without.faces.as_mut().unwrap().get_mut().unwrap().mesh = None;
    let lips = |analysers: &Analysers| {
        let film = Film::of(shot);
        let found = analyse_recording(&input(), &film, analysers, &Ticks::default(), &Quiet);
        found.unwrap().evidence.lips
    };
    let Measured::Unavailable { reason, .. } = lips(&without) else {
        panic!("nothing shows the lips");
    };
    assert_eq!(reason, ReasonCode::ModelUnavailable);
    // With it there is nothing to hold them against: the film has no sound.
    let Measured::Unavailable { reason, .. } = lips(&analysers()) else {
        panic!("nothing was said");
    };
    assert_eq!(reason, ReasonCode::NothingToCompare);
}
