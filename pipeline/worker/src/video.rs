use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::Duration;

use idproof_ports::{
    Embedding, Face, Landmarks, LiveScorer, ModelError, Rect, RgbImage, VideoFrame, VideoSink,
};

use crate::analyse::lock;
use crate::case::{FaceTools, Progress, Stage};
use crate::lips::MouthTracker;
use crate::quality::frame_quality;

/// Faces are searched in frames this far apart; between them the mouth alone is followed.
const LOOK_GAP: Duration = Duration::from_millis(190);
/// From each stretch of this length the best frame is compared and scored.
const WINDOW: Duration = Duration::from_secs(1);
/// A second face this much narrower than the first is the portrait of a document held up or
/// somebody far behind.
const OTHER_FACE_WIDTH: f32 = 0.4;
/// Detector confidence from which a further face counts.
const OTHER_FACE_SCORE: f32 = 0.5;

/// Analyses frames as they arrive. Keeps one frame, landmarks, embeddings and the sound;
/// never the frames.
pub(crate) struct FaceSink<'a> {
    tools: Option<&'a Mutex<FaceTools>>,
    live: Option<&'a Mutex<Box<dyn LiveScorer>>>,
    progress: &'a dyn Progress,
    pub found: VideoFindings,
    pub samples: Vec<f32>,
    best: Option<Best>,
    pub lips: MouthTracker,
}

/// What the frames showed.
#[derive(Default)]
pub(crate) struct VideoFindings {
    pub with_one: u32,
    pub with_several: u32,
    pub with_none: u32,
    pub widths: Vec<f64>,
    pub landmarks: Vec<Landmarks>,
    pub embeddings: Vec<Scored>,
    pub live_scores: Vec<f64>,
    /// The first error of each model; what came before it is kept out of the decision.
    pub face_error: Option<ModelError>,
    pub live_error: Option<ModelError>,
}

/// The embedding of a window's best frame.
pub(crate) struct Scored {
    pub quality: f32,
    pub embedding: Embedding,
}

struct Best {
    window: u128,
    quality: f32,
    image: RgbImage,
    landmarks: Landmarks,
    bounds: Rect,
}

impl<'a> FaceSink<'a> {
    pub fn new(
        tools: Option<&'a Mutex<FaceTools>>,
        live: Option<&'a Mutex<Box<dyn LiveScorer>>>,
        progress: &'a dyn Progress,
    ) -> Self {
        Self {
            tools,
            live,
            progress,
            found: VideoFindings::default(),
            samples: Vec::new(),
            best: None,
            lips: MouthTracker::default(),
        }
    }

    /// Compares and scores the best frame of the last window. Call once after the last frame.
    pub fn finish(&mut self) {
        if let Some(best) = self.best.take() {
            self.use_best(&best);
        }
    }

    fn look(&mut self, tools: &Mutex<FaceTools>, frame: VideoFrame) -> Result<(), ModelError> {
        let mut tools = lock(tools);
        if self.lips.only_follows(frame.at, LOOK_GAP) {
            return self
                .lips
                .follow(frame.at, &frame.image, &mut *tools.landmarks);
        }
        let faces = tools.finder.find(&frame.image)?;
        self.count(&faces);
        let Some(Face { bounds, .. }) = faces.into_iter().next() else {
            self.lips.looked(frame.at, None);
            return Ok(());
        };
        let landmarks = tools.landmarks.locate(&frame.image, &bounds)?;
        drop(tools);
        self.lips.looked(frame.at, Some((&bounds, &landmarks)));
        self.found.landmarks.push(landmarks.clone());
        let quality = frame_quality(&frame.image, &landmarks);
        let window = frame.at.as_millis() / WINDOW.as_millis();
        if let Some(done) = self.best.take_if(|b| b.window != window) {
            self.use_best(&done);
        }
        if self.best.as_ref().is_none_or(|b| quality > b.quality) {
            self.best = Some(Best {
                window,
                quality,
                image: frame.image,
                landmarks,
                bounds,
            });
        }
        Ok(())
    }

    fn count(&mut self, faces: &[Face]) {
        let Some((first, others)) = faces.split_first() else {
            self.found.with_none += 1;
            return;
        };
        let another = others.iter().any(|f| {
            f.score >= OTHER_FACE_SCORE && f.bounds.width >= first.bounds.width * OTHER_FACE_WIDTH
        });
        if another {
            self.found.with_several += 1;
        } else {
            self.found.with_one += 1;
        }
        self.found.widths.push(f64::from(first.bounds.width));
    }

    fn use_best(&mut self, best: &Best) {
        if let Some(tools) = self.tools {
            let embedded = lock(tools)
                .embedder
                .embed(&best.image, &best.landmarks.five());
            match embedded {
                Ok(embedding) => self.found.embeddings.push(Scored {
                    quality: best.quality,
                    embedding,
                }),
                Err(e) => self.found.face_error = Some(e),
            }
        }
        if let Some(live) = self.live {
            match lock(live).live_score(&best.image, &best.bounds) {
                Ok(score) => self.found.live_scores.push(f64::from(score)),
                Err(e) => self.found.live_error = Some(e),
            }
        }
    }
}

impl VideoSink for FaceSink<'_> {
    fn frame(&mut self, frame: VideoFrame) -> ControlFlow<()> {
        self.progress.seen(Stage::Video, frame.at);
        if let Some(tools) = self.tools
            && self.found.face_error.is_none()
            && let Err(e) = self.look(tools, frame)
        {
            self.found.face_error = Some(e);
        }
        ControlFlow::Continue(())
    }

    fn audio(&mut self, samples: &[f32]) -> ControlFlow<()> {
        self.samples.extend_from_slice(samples);
        ControlFlow::Continue(())
    }
}
