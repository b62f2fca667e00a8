//! A decoder and models that say what a test wants.

use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use idproof_jobs::Tools;
use idproof_ports::{
    Capability, DecodedImage, DigitRecogniser, DocumentFinder, Embedding, Face, FaceEmbedder,
    FaceFinder, FoundLines, FoundSeal, HeardDigit, ImageReport, LandmarkFinder, Landmarks,
    LiveScorer, MediaDecoder, MediaError, MediaFile, Mesh, MeshFinder, ModelError, ModelIdentity,
    PageRead, PageRequest, Point, Quad, Rect, RgbImage, SealReader, SpeechFindings, SpeechRequest,
    TextLine, TextReader, Unavailable, VideoFrame, VideoReport, VideoRequest, VideoSink, ZoneAmong,
};
use idproof_worker::{Analysers, FaceTools};

pub const FRONT: &[u8] = b"front of a card";
pub const VIDEO: &[u8] = b"a moving picture";
/// Of ICAO's specimen passport.
pub const ZONE: [&str; 2] = [
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
];

/// Decodes what [`FRONT`] and [`VIDEO`] stand for; anything else is damaged.
#[derive(Default)]
pub struct FakeDecoder {
    /// How often it was asked.
    pub asked: AtomicUsize,
    pub unavailable: AtomicBool,
    /// Another recording than usual.
    pub another: AtomicBool,
}

fn grey(width: u32, height: u32) -> RgbImage {
    RgbImage::from_raw(width, height, vec![128; (width * height * 3) as usize]).unwrap()
}

/// Sharp dark marks on light ground, as well lit as print should be; the ground is uneven, so that
/// the picture can be told from others.
fn print(width: u32, height: u32) -> RgbImage {
    let ink = |x: u32, y: u32| (x / 3 + y / 5).is_multiple_of(3);
    let ground = |x: u32, y: u32| 212 - 12 * ((x / 97 * 7 + y / 61 * 3) % 4) as u8;
    let data = (0..width * height)
        .map(|i| (i % width, i / width))
        .flat_map(|(x, y)| [if ink(x, y) { 30 } else { ground(x, y) }; 3])
        .collect();
    RgbImage::from_raw(width, height, data).unwrap()
}

/// A bright bar that wanders: no two pictures are alike.
fn moved(left: u64) -> RgbImage {
    let (w, h) = (640_usize, 480_usize);
    let left = left as usize;
    let data = (0..w * h)
        .flat_map(|i| {
            [if (left..left + 120).contains(&(i % w)) {
                200
            } else {
                90
            }; 3]
        })
        .collect();
    RgbImage::from_raw(w as u32, h as u32, data).unwrap()
}

fn content(file: &MediaFile) -> Vec<u8> {
    let MediaFile::Open(file) = file else {
        panic!("media are handed over without a name");
    };
    let mut bytes = Vec::new();
    file.try_clone().unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

impl FakeDecoder {
    fn check(&self, file: &MediaFile, expected: &[u8]) -> Result<(), MediaError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.unavailable.load(Ordering::SeqCst) {
            return Err(MediaError::Unavailable("it is missing".into()));
        }
        if content(file) == expected {
            Ok(())
        } else {
            Err(MediaError::Damaged("no picture in it".into()))
        }
    }
}

impl MediaDecoder for FakeDecoder {
    fn decode_image(&self, file: &MediaFile) -> Result<DecodedImage, MediaError> {
        self.check(file, FRONT)?;
        Ok(DecodedImage {
            image: print(800, 500),
            report: ImageReport {
                format: "jpeg".into(),
                file_bytes: 15,
                stored_width: 800,
                stored_height: 500,
                orientation: 1,
                by_editor: false,
            },
        })
    }

    fn decode_video(
        &self,
        file: &MediaFile,
        _: &VideoRequest,
        sink: &mut dyn VideoSink,
    ) -> Result<VideoReport, MediaError> {
        self.check(file, VIDEO)?;
        let mut report = VideoReport {
            container: "webm".into(),
            video_codec: "vp8".into(),
            audio_codec: Some("opus".into()),
            width: 640,
            height: 480,
            audio_us: 6_000_000,
            ..VideoReport::default()
        };
        for index in 0..30 {
            let at = Duration::from_millis(200 * index);
            report
                .timestamps_us
                .push(i64::try_from(at.as_micros()).unwrap());
            let frame = VideoFrame {
                at,
                index,
                image: moved(if self.another.load(Ordering::SeqCst) {
                    // Faster and faster: what swings evenly repeats.
                    let n = index as f64;
                    (240.0 + 200.0 * (0.2 * n + 0.02 * n * n).sin() + 30.0 * (2.3 * n).cos()) as u64
                } else {
                    16 * index
                }),
            };
            if sink.frame(frame) == ControlFlow::Break(()) {
                break;
            }
            let _ = sink.audio(&[0.1; 3200]);
        }
        Ok(report)
    }

    fn decode_sound(&self, _: &MediaFile) -> Result<Vec<f32>, MediaError> {
        Err(MediaError::Unavailable("cases hold no sound files".into()))
    }
}

fn identity(name: &str) -> ModelIdentity {
    ModelIdentity {
        name: name.into(),
        version: "1".into(),
        sha256: "00".into(),
    }
}

struct Faces;

impl FaceFinder for Faces {
    fn find(&mut self, _: &RgbImage) -> Result<Vec<Face>, ModelError> {
        Ok(vec![Face {
            bounds: Rect {
                x: 100.0,
                y: 100.0,
                width: 200.0,
                height: 200.0,
            },
            score: 0.99,
        }])
    }

    fn identity(&self) -> ModelIdentity {
        identity("finder")
    }
}

/// A face whose mouth opens and closes.
struct Mouth(f32);

impl LandmarkFinder for Mouth {
    fn locate(&mut self, _: &RgbImage, _: &Rect) -> Result<Landmarks, ModelError> {
        self.0 += 1.0;
        let open = 12.0 * (self.0 * 1.3).sin();
        let points = std::array::from_fn(|i| {
            let (row, column) = ((i / 10) as f32, (i % 10) as f32);
            let moved = if (48..68).contains(&i) { open } else { 0.0 };
            Point::new(
                120.0 + 16.0 * column,
                120.0 + 20.0 * row + moved * (column - 4.0),
            )
        });
        Ok(Landmarks { points })
    }

    fn identity(&self) -> ModelIdentity {
        identity("landmarks")
    }
}

/// A mouth that opens and closes.
struct Lips(f32);

impl MeshFinder for Lips {
    fn lay(
        &mut self,
        _: &RgbImage,
        _: &Rect,
        eyes: [Point; 2],
    ) -> Result<Option<Mesh>, ModelError> {
        self.0 += 1.0;
        let mut points = vec![eyes[0]; Mesh::POINTS];
        points[61] = Point::new(140.0, 220.0);
        points[291] = Point::new(180.0, 220.0);
        points[0] = Point::new(160.0, 210.0);
        points[17] = Point::new(160.0, 232.0 + 12.0 * (self.0 * 1.3).sin());
        Ok(Mesh::new(points))
    }

    fn identity(&self) -> ModelIdentity {
        identity("mesh")
    }
}

/// The same person everywhere, or another one in the recording.
struct Person {
    same: bool,
}

impl FaceEmbedder for Person {
    fn embed(&mut self, image: &RgbImage, _: &[Point; 5]) -> Result<Embedding, ModelError> {
        let recording = image.width() == 640;
        let value = if recording && !self.same { 5.0 } else { 1.0 };
        Ok(Embedding(vec![value; 128]))
    }

    fn identity(&self) -> ModelIdentity {
        identity("face_recognition")
    }
}

struct Alive;

impl LiveScorer for Alive {
    fn live_score(&mut self, _: &RgbImage, _: &Rect) -> Result<f32, ModelError> {
        Ok(0.97)
    }

    fn identities(&self) -> Vec<ModelIdentity> {
        vec![identity("live")]
    }
}

struct Text;

impl TextReader for Text {
    fn find_lines(&mut self, _: &RgbImage, _: u32) -> Result<FoundLines, ModelError> {
        Ok(FoundLines {
            places: Vec::new(),
            are_clear: false,
        })
    }

    fn read_mrz_among(&mut self, _: &RgbImage, _: &[Quad]) -> Result<ZoneAmong, ModelError> {
        Ok(ZoneAmong::Unsure)
    }

    fn is_print_beside(&mut self, _: &RgbImage, _: &[Quad]) -> Result<bool, ModelError> {
        Ok(true)
    }

    fn read(
        &mut self,
        image: &RgbImage,
        _: Option<&[Quad]>,
        _: &PageRequest,
    ) -> Result<PageRead, ModelError> {
        Ok(PageRead {
            lines: self.read_mrz_lines(image, &[])?,
            turned: false,
        })
    }

    fn read_mrz_lines(&mut self, _: &RgbImage, _: &[Quad]) -> Result<Vec<TextLine>, ModelError> {
        // At the foot of a page of 125 × 88 mm whose top left is at (87, 30), five pixels a
        // millimetre.
        let line = |(text, top): (&&str, f32)| TextLine {
            corners: [
                (120.0, top),
                (678.8, top),
                (678.8, top + 20.0),
                (120.0, top + 20.0),
            ]
            .map(|(x, y)| Point::new(x, y)),
            text: (*text).to_owned(),
            confidence: 0.99,
        };
        Ok(ZONE.iter().zip([386.0, 418.0]).map(line).collect())
    }

    fn read_mrz_line(&mut self, image: &RgbImage) -> Result<Option<TextLine>, ModelError> {
        Ok(self.read_mrz_lines(image, &[])?.into_iter().next())
    }

    fn identities(&self) -> Vec<ModelIdentity> {
        vec![identity("text")]
    }
}

/// Finds none: the whole picture is the document.
struct Outlines;

impl DocumentFinder for Outlines {
    fn find(&mut self, _: &RgbImage) -> Result<Vec<Quad>, ModelError> {
        Ok(Vec::new())
    }
}

/// No document carries one.
struct Seals;

impl SealReader for Seals {
    fn read(&mut self, _: &RgbImage) -> Result<Vec<FoundSeal>, ModelError> {
        Ok(Vec::new())
    }
}

struct Ears;

impl DigitRecogniser for Ears {
    fn recognise(&mut self, request: &SpeechRequest<'_>) -> Result<SpeechFindings, ModelError> {
        // A little after each was shown.
        let heard = |(n, digit): (u64, &u8)| HeardDigit {
            digit: *digit,
            start: Duration::from_millis(2_000 + 1_400 * n),
            end: Duration::from_millis(2_400 + 1_400 * n),
            confidence: 0.99,
        };
        Ok(SpeechFindings {
            voiced: Duration::from_secs(3),
            heard: (0..).zip(request.expected.as_slice()).map(heard).collect(),
            expected_log_ratio: Some(20.0),
            clipped: 0.0,
        })
    }

    fn identity(&self) -> ModelIdentity {
        identity("speech")
    }
}

/// A decoder and models.
pub struct FakeTools {
    pub decoder: FakeDecoder,
    analysers: Analysers,
}

impl FakeTools {
    /// Every model there; the face of the recording is that of the document, or not.
    pub fn of(same_person: bool) -> Self {
        Self {
            decoder: FakeDecoder::default(),
            analysers: Analysers {
                faces: Ok(Mutex::new(FaceTools {
                    finder: Box::new(Faces),
                    landmarks: Box::new(Mouth(0.0)),
                    mesh: Some(Box::new(Lips(0.0))),
                    careful: None,
                    embedders: vec![Box::new(Person { same: same_person })],
                })),
                liveness: Ok(Mutex::new(Box::new(Alive))),
                text: Ok(Mutex::new(Box::new(Text))),
                seals: Ok(Mutex::new(Box::new(Seals))),
                outlines: Mutex::new(Box::new(Outlines)),
                speech: Ok(Mutex::new(Box::new(Ears))),
            },
        }
    }

    /// As on a machine where no model was pulled.
    pub fn without_models() -> Self {
        fn none<T>() -> Capability<T> {
            Err(Unavailable {
                what: "models".into(),
                why: "none was pulled".into(),
            })
        }
        Self {
            decoder: FakeDecoder::default(),
            analysers: Analysers {
                faces: none(),
                liveness: none(),
                text: none(),
                seals: none(),
                outlines: Mutex::new(Box::new(Outlines)),
                speech: none(),
            },
        }
    }
}

impl Tools for FakeTools {
    fn decoder(&self) -> &dyn MediaDecoder {
        &self.decoder
    }

    fn analysers(&self) -> &Analysers {
        &self.analysers
    }
}
