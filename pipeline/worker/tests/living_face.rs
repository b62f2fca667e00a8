//! Recordings of every kind through the stages, with a decoder and networks that show what a test
//! describes: which checks stop what.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use idproof_domain::attack::Recorder;
use idproof_domain::challenge::{Adaptation, Direction, Script, ScriptStep};
use idproof_domain::{
    CheckName, CheckStatus, Decision, Language, Outcome, Policy, ReasonCode, decide,
};
use idproof_ports::{
    Clock, DecodedImage, DigitRecogniser, DocumentFinder, Embedding, Face, FaceEmbedder,
    FaceFinder, HeardDigit, ImageReport, LandmarkFinder, Landmarks, LiveScorer, MediaDecoder,
    MediaError, MediaFile, ModelError, ModelIdentity, Point, Quad, Rect, RgbImage, SpeechFindings,
    SpeechRequest, Unavailable, VideoFrame, VideoReport, VideoRequest, VideoSink,
};
use idproof_worker::{
    Analysers, CaptureFacts, CaseInput, FaceTools, Progress, Stage, analyse, analyse_recording,
};

/// One frame of a described recording.
#[derive(Clone)]
struct Shot {
    /// Faces from left to right: width in pixels and person.
    faces: Vec<(f32, f32)>,
    /// Degrees to the person's own left.
    turned: f32,
    /// Where the scene is: another number is another picture.
    scene: f32,
}

/// A living, speaking person alone before the camera.
fn shot(n: usize) -> Shot {
    Shot {
        faces: vec![(200.0, 1.0)],
        turned: 0.0,
        scene: n as f32,
    }
}

/// Without any pattern, the same every time.
fn noise(i: usize) -> u32 {
    let mut z = (i as u32).wrapping_mul(0x9E37_79B9) ^ 0x85EB_CA6B;
    for shift in [16, 13, 16] {
        z = (z ^ (z >> shift)).wrapping_mul(0xC2B2_AE35);
    }
    z >> 8
}

/// A picture whose first pixels carry what the networks are to see.
fn picture(shot: &Shot, n: usize) -> RgbImage {
    let (w, h) = (640_usize, 480_usize);
    let mut data: Vec<u8> = (0..w * h)
        .flat_map(|i| {
            let (x, y) = ((i % w) as f32, (i / w) as f32);
            let grain = noise(i) % 9;
            let place = shot.scene;
            let spot = (x - 320.0 - 200.0 * (place * 0.37).sin() - 60.0 * (place * 1.13).cos())
                .hypot(y - 240.0 - 90.0 * (place * 0.29).sin());
            [(60.0 + 150.0 * (-spot * spot / 6_000.0).exp()) as u8 + grain as u8; 3]
        })
        .collect();
    let mut note = vec![
        shot.faces.len() as u8,
        (shot.turned + 100.0) as u8,
        (n % 250) as u8,
    ];
    for (width, person) in &shot.faces {
        note.extend([(*width / 2.0) as u8, *person as u8]);
    }
    data[..note.len()].copy_from_slice(&note);
    RgbImage::from_raw(w as u32, h as u32, data).unwrap()
}

struct Film {
    shots: Vec<Shot>,
    report: VideoReport,
}

impl Film {
    /// Six seconds, five analysed frames each.
    fn of(shots: impl Fn(usize) -> Shot) -> Self {
        Self::lasting(30, shots)
    }

    fn lasting(frames: usize, shots: impl Fn(usize) -> Shot) -> Self {
        Self {
            shots: (0..frames).map(shots).collect(),
            report: VideoReport {
                container: "webm".into(),
                video_codec: "vp8".into(),
                audio_codec: Some("opus".into()),
                width: 640,
                height: 480,
                audio_us: 200_000 * frames as i64,
                ..VideoReport::default()
            },
        }
    }
}

impl MediaDecoder for Film {
    fn decode_image(&self, _: &MediaFile) -> Result<DecodedImage, MediaError> {
        Ok(DecodedImage {
            image: picture(&shot(0), 0),
            report: ImageReport {
                format: "jpeg".into(),
                file_bytes: 1,
                stored_width: 640,
                stored_height: 480,
                orientation: 1,
            },
        })
    }

    fn decode_video(
        &self,
        _: &MediaFile,
        _: &VideoRequest,
        sink: &mut dyn VideoSink,
    ) -> Result<VideoReport, MediaError> {
        let mut report = self.report.clone();
        for (n, shot) in self.shots.iter().enumerate() {
            let at = Duration::from_millis(200 * n as u64);
            report.timestamps_us.push(200_000 * n as i64);
            let frame = VideoFrame {
                at,
                index: n as u64,
                image: picture(shot, n),
            };
            if sink.frame(frame) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(report)
    }

    fn decode_sound(&self, _: &MediaFile) -> Result<Vec<f32>, MediaError> {
        Err(MediaError::Unavailable("a film is no sound file".into()))
    }
}

fn identity(name: &str) -> ModelIdentity {
    ModelIdentity {
        name: name.into(),
        version: "1".into(),
        sha256: "00".into(),
    }
}

fn place(index: usize, width: f32) -> Rect {
    Rect {
        x: 200.0 + 250.0 * index as f32,
        y: 100.0,
        width,
        height: width,
    }
}

struct Finder;

impl FaceFinder for Finder {
    fn find(&mut self, image: &RgbImage) -> Result<Vec<Face>, ModelError> {
        let note = image.data();
        Ok((0..usize::from(note[0]))
            .map(|i| Face {
                bounds: place(i, f32::from(note[3 + 2 * i]) * 2.0),
                score: 0.99,
            })
            .collect())
    }

    fn identity(&self) -> ModelIdentity {
        identity("finder")
    }
}

/// Points of a head whose mouth opens and closes.
struct Points;

impl LandmarkFinder for Points {
    fn locate(&mut self, image: &RgbImage, face: &Rect) -> Result<Landmarks, ModelError> {
        let turned = f32::from(image.data()[1]) - 100.0;
        let open = 0.35 * (f32::from(image.data()[2]) * 1.1).sin().abs();
        let side = face.width;
        let (sine, cosine) = turned.to_radians().sin_cos();
        let at = |x: f32, y: f32, z: f32| {
            Point::new(
                face.x + side / 2.0 + side * 0.45 * (x * cosine + z * sine),
                face.y + side * (0.35 + 0.45 * y),
            )
        };
        let mut points = [Point::default(); 68];
        for (i, p) in points.iter_mut().enumerate() {
            let angle = i as f32 * 0.37;
            *p = at(angle.cos() * 0.8, 0.5 + 0.6 * angle.sin(), 0.0);
        }
        (36..42).for_each(|i| points[i] = at(-0.5 + 0.02 * (i % 3) as f32, 0.0, 0.0));
        (42..48).for_each(|i| points[i] = at(0.5 + 0.02 * (i % 3) as f32, 0.0, 0.0));
        points[30] = at(0.0, 0.55, 0.55);
        (48..68).for_each(|i| {
            let angle = i as f32;
            points[i] = at(0.3 * angle.cos(), 1.0 + (0.06 + open) * angle.sin(), 0.1);
        });
        points[48] = at(-0.35, 1.0, 0.1);
        points[54] = at(0.35, 1.0, 0.1);
        Ok(Landmarks { points })
    }

    fn identity(&self) -> ModelIdentity {
        identity("landmarks")
    }
}

/// A person is a point far from every other; which face it is told from is where it lies.
struct People;

impl FaceEmbedder for People {
    fn embed(&mut self, image: &RgbImage, five: &[Point; 5]) -> Result<Embedding, ModelError> {
        let index = usize::from(five[2].x > 440.0);
        let person = image.data()[4 + 2 * index];
        Ok(Embedding(vec![f32::from(person), 0.0]))
    }

    fn identity(&self) -> ModelIdentity {
        identity("face_recognition")
    }
}

struct Alive(f32);

impl LiveScorer for Alive {
    fn live_score(&mut self, _: &RgbImage, _: &Rect) -> Result<f32, ModelError> {
        Ok(self.0)
    }

    fn identities(&self) -> Vec<ModelIdentity> {
        vec![identity("live")]
    }
}

/// No document stands out.
struct Outlines;

impl DocumentFinder for Outlines {
    fn find(&mut self, _: &RgbImage) -> Result<Vec<Quad>, ModelError> {
        Ok(Vec::new())
    }
}

fn missing<T>() -> Result<T, Unavailable> {
    Err(Unavailable {
        what: "it".into(),
        why: "not here".into(),
    })
}

fn analysers() -> Analysers {
    Analysers {
        faces: Ok(Mutex::new(FaceTools {
            finder: Box::new(Finder),
            landmarks: Box::new(Points),
            careful: None,
            embedders: vec![Box::new(People)],
        })),
        liveness: Ok(Mutex::new(Box::new(Alive(0.97)))),
        text: missing(),
        seals: missing(),
        outlines: Mutex::new(Box::new(Outlines)),
        speech: missing(),
    }
}

#[derive(Default)]
struct Ticks(AtomicU64);

impl Clock for Ticks {
    fn now_ms(&self) -> i64 {
        0
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

struct Quiet;

impl Progress for Quiet {
    fn started(&self, _: Stage) {}
    fn seen(&self, _: Stage, _: Duration) {}
    fn finished(&self, _: Stage, _: Duration) {}
}

fn input() -> CaseInput {
    CaseInput {
        documents: vec![],
        video: std::path::PathBuf::from("film").into(),
        digits: "372".parse().unwrap(),
        language: Language::En,
        script: None,
        capture: CaptureFacts::default(),
        declared: None,
        announced: None,
        today: time::macros::date!(2026 - 11 - 21),
    }
}

fn policy() -> Policy {
    Policy::parse(Policy::DEFAULT_TEXT).unwrap()
}

fn judged(film: &Film, input: &CaseInput) -> Decision {
    let found = analyse_recording(input, film, &analysers(), &Ticks::default(), &Quiet).unwrap();
    decide(&found.evidence, &policy())
}

fn status(decision: &Decision, name: CheckName) -> CheckStatus {
    decision
        .checks
        .iter()
        .find(|c| c.name == name)
        .unwrap()
        .status
}

fn stopped(film: &Film, name: CheckName, status_: CheckStatus, reason: ReasonCode) {
    let decision = judged(film, &input());
    let check = decision.checks.iter().find(|c| c.name == name).unwrap();
    assert_eq!(check.status, status_, "{}", check.detail);
    assert!(check.reasons.contains(&reason), "{:?}", check.reasons);
    assert_ne!(decision.outcome, Outcome::Accept);
}

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
