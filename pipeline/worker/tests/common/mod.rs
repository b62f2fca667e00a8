//! Recordings that a test describes, with a decoder and networks that show what it says.

#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

pub use std::ops::ControlFlow;
pub use std::sync::Mutex;
pub use std::sync::atomic::{AtomicU64, Ordering};
pub use std::time::Duration;

pub use idproof_domain::challenge::{Adaptation, Direction, Script, ScriptStep};
pub use idproof_domain::{
    CheckName, CheckStatus, Decision, Language, Outcome, Policy, ReasonCode, decide,
};
pub use idproof_ports::{
    Clock, DecodedImage, DigitRecogniser, DocumentFinder, Embedding, Face, FaceEmbedder,
    FaceFinder, HeardDigit, ImageReport, LandmarkFinder, Landmarks, LiveScorer, MediaDecoder,
    MediaError, MediaFile, Mesh, MeshFinder, ModelError, ModelIdentity, Point, Quad, Rect,
    RgbImage, SpeechFindings, SpeechRequest, Unavailable, VideoFrame, VideoReport, VideoRequest,
    VideoSink,
};
pub use idproof_worker::{
    Analysers, CaptureFacts, CaseInput, FaceTools, Progress, Stage, analyse, analyse_recording,
};

/// One frame of a described recording.
#[derive(Clone)]
pub struct Shot {
    /// Faces from left to right: width in pixels and person.
    pub faces: Vec<(f32, f32)>,
    /// Degrees to the person's own left.
    pub turned: f32,
    /// Where the scene is: another number is another picture.
    pub scene: f32,
    /// How light it is: 1 as usual.
    pub light: f32,
}

/// A living, speaking person alone before the camera.
pub fn shot(n: usize) -> Shot {
    Shot {
        faces: vec![(200.0, 1.0)],
        turned: 0.0,
        scene: n as f32,
        light: 1.0,
    }
}

/// Without any pattern, the same every time.
pub fn noise(i: usize) -> u32 {
    let mut z = (i as u32).wrapping_mul(0x9E37_79B9) ^ 0x85EB_CA6B;
    for shift in [16, 13, 16] {
        z = (z ^ (z >> shift)).wrapping_mul(0xC2B2_AE35);
    }
    z >> 8
}

/// A picture whose first pixels carry what the networks are to see.
pub fn picture(shot: &Shot, n: usize) -> RgbImage {
    let (w, h) = (640_usize, 480_usize);
    let mut data: Vec<u8> = (0..w * h)
        .flat_map(|i| {
            let (x, y) = ((i % w) as f32, (i / w) as f32);
            let grain = noise(i) % 9;
            let place = shot.scene;
            let spot = (x - 320.0 - 200.0 * (place * 0.37).sin() - 60.0 * (place * 1.13).cos())
                .hypot(y - 240.0 - 90.0 * (place * 0.29).sin());
            let value = 60.0 + 150.0 * (-spot * spot / 6_000.0).exp();
            [(value * shot.light) as u8 + grain as u8; 3]
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

pub struct Film {
    pub shots: Vec<Shot>,
    /// From one frame to the next.
    pub gap_ms: u64,
    pub report: VideoReport,
}

impl Film {
    /// Six seconds, five analysed frames each.
    pub fn of(shots: impl Fn(usize) -> Shot) -> Self {
        Self::lasting(30, shots)
    }

    pub fn lasting(frames: usize, shots: impl Fn(usize) -> Shot) -> Self {
        Self {
            shots: (0..frames).map(shots).collect(),
            gap_ms: 200,
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
        // The document: a portrait as small beside its picture as one is.
        let portrait = Shot {
            faces: vec![(90.0, 1.0)],
            ..shot(0)
        };
        Ok(DecodedImage {
            image: picture(&portrait, 0),
            report: ImageReport {
                format: "jpeg".into(),
                file_bytes: 1,
                stored_width: 640,
                stored_height: 480,
                orientation: 1,
                by_editor: false,
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
            let at = Duration::from_millis(self.gap_ms * n as u64);
            report
                .timestamps_us
                .push(1_000 * (self.gap_ms * n as u64) as i64);
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

pub fn identity(name: &str) -> ModelIdentity {
    ModelIdentity {
        name: name.into(),
        version: "1".into(),
        sha256: "00".into(),
    }
}

pub fn place(index: usize, width: f32) -> Rect {
    Rect {
        x: 200.0 + 250.0 * index as f32,
        y: 100.0,
        width,
        height: width,
    }
}

pub struct Finder;

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
pub struct Points;

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

/// The lips of the same head.
pub struct Lips;

impl MeshFinder for Lips {
    fn lay(
        &mut self,
        image: &RgbImage,
        face: &Rect,
        eyes: [Point; 2],
    ) -> Result<Option<Mesh>, ModelError> {
        let open = 0.35 * (f32::from(image.data()[2]) * 1.1).sin().abs();
        let (x, y, side) = (face.centre().x, face.centre().y, face.width);
        let mut points = vec![eyes[0]; Mesh::POINTS];
        points[61] = Point::new(x - side * 0.2, y);
        points[291] = Point::new(x + side * 0.2, y);
        points[0] = Point::new(x, y - side * (0.05 + open / 4.0));
        points[17] = Point::new(x, y + side * (0.05 + open / 4.0));
        Ok(Mesh::new(points))
    }

    fn identity(&self) -> ModelIdentity {
        identity("mesh")
    }
}

/// A person is a point far from every other; which face it is told from is where it lies.
pub struct People;

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

pub struct Alive(pub f32);

impl LiveScorer for Alive {
    fn live_score(&mut self, _: &RgbImage, _: &Rect) -> Result<f32, ModelError> {
        Ok(self.0)
    }

    fn identities(&self) -> Vec<ModelIdentity> {
        vec![identity("live")]
    }
}

/// No document stands out.
pub struct Outlines;

impl DocumentFinder for Outlines {
    fn find(&mut self, _: &RgbImage) -> Result<Vec<Quad>, ModelError> {
        Ok(Vec::new())
    }
}

pub fn missing<T>() -> Result<T, Unavailable> {
    Err(Unavailable {
        what: "it".into(),
        why: "not here".into(),
    })
}

pub fn analysers() -> Analysers {
    Analysers {
        faces: Ok(Mutex::new(FaceTools {
            finder: Box::new(Finder),
            landmarks: Box::new(Points),
            mesh: Some(Box::new(Lips)),
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
pub struct Ticks(AtomicU64);

impl Clock for Ticks {
    fn now_ms(&self) -> i64 {
        0
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

pub struct Quiet;

impl Progress for Quiet {
    fn started(&self, _: Stage) {}
    fn seen(&self, _: Stage, _: Duration) {}
    fn finished(&self, _: Stage, _: Duration) {}
}

pub fn input() -> CaseInput {
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

pub fn policy() -> Policy {
    Policy::parse(Policy::DEFAULT_TEXT).unwrap()
}

pub fn judged(film: &Film, input: &CaseInput) -> Decision {
    let found = analyse_recording(input, film, &analysers(), &Ticks::default(), &Quiet).unwrap();
    decide(&found.evidence, &policy())
}

pub fn status(decision: &Decision, name: CheckName) -> CheckStatus {
    decision
        .checks
        .iter()
        .find(|c| c.name == name)
        .unwrap()
        .status
}

pub fn stopped(film: &Film, name: CheckName, status_: CheckStatus, reason: ReasonCode) {
    let decision = judged(film, &input());
    let check = decision.checks.iter().find(|c| c.name == name).unwrap();
    assert_eq!(check.status, status_, "{}", check.detail);
    assert!(check.reasons.contains(&reason), "{:?}", check.reasons);
    assert_ne!(decision.outcome, Outcome::Accept);
}
