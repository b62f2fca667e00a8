use std::ops::{ControlFlow, Range};
use std::sync::Mutex;
use std::time::Duration;

use idproof_domain::challenge::{Script, ScriptStep};
use idproof_ports::{
    Face, Landmarks, LiveScorer, ModelError, Rect, RgbImage, VideoFrame, VideoSink,
};

use crate::analyse::lock;
use crate::case::{Progress, Stage};
use crate::covered::{Cover, cover};
use crate::display::bars;
use crate::faces::{FaceTools, Template};
use crate::glimpse::Glimpse;
use crate::head::Pose;
use crate::layout::Layout;
use crate::mouth::MouthTracker;
use crate::pulse::SkinColour;
use crate::quality::frame_quality;
use crate::recapture::periodicity;
use crate::shown::{Shown, ShownFrame, Signs, cut_out};
use crate::skin::{Surface, surface};

/// Faces are searched in frames this far apart; between them the mouth alone is followed.
const LOOK_GAP: Duration = Duration::from_millis(190);
/// From each stretch of this length the best frame is compared and scored.
const WINDOW: Duration = Duration::from_secs(1);
/// A second face this much narrower than the first is the portrait of a document held up or
/// somebody far behind.
const OTHER_FACE_WIDTH: f32 = 0.4;
/// Detector confidence from which a further face counts.
const OTHER_FACE_SCORE: f32 = 0.5;

/// How long a document that was asked for is looked for.
const DOCUMENT_WINDOW: Duration = Duration::from_millis(5_000);
/// Portraits held up that are compared, at most.
const MOST_HELD_UP: usize = 5;

/// Analyses frames as they arrive. Keeps one frame, landmarks, embeddings, tiny grey
/// versions and the sound; never the frames.
pub(crate) struct FaceSink<'a> {
    tools: Option<&'a Mutex<FaceTools>>,
    live: Option<&'a Mutex<Box<dyn LiveScorer>>>,
    progress: &'a dyn Progress,
    /// When the document is held up: other faces are looked for then, not held against anybody.
    document: Vec<Range<Duration>>,
    pub found: VideoFindings,
    pub samples: Vec<f32>,
    best: Option<Best>,
    pub lips: MouthTracker,
    pub shown: Shown,
}

/// What the frames showed.
#[derive(Default)]
pub(crate) struct VideoFindings {
    pub with_one: u32,
    pub with_several: u32,
    pub with_none: u32,
    pub widths: Vec<f64>,
    pub landmarks: Vec<Landmarks>,
    pub templates: Vec<Scored>,
    pub glimpses: Vec<Glimpse>,
    pub poses: Vec<Pose>,
    pub periodicity: Vec<f64>,
    pub covers: Vec<Cover>,
    pub bars: Vec<f64>,
    pub surfaces: Vec<Surface>,
    pub colours: Vec<SkinColour>,
    /// Frames while the document was to be held up, and the second faces seen then.
    pub document_frames: u32,
    pub held_up: Vec<Template>,
    pub held_layouts: Vec<Layout>,
    pub live_scores: Vec<f64>,
    /// The first error of each model; what came before it is kept out of the decision.
    pub face_error: Option<ModelError>,
    pub live_error: Option<ModelError>,
}

/// The face of a window's best frame.
pub(crate) struct Scored {
    pub quality: f32,
    pub template: Template,
}

struct Best {
    window: u128,
    at: Duration,
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
        script: Option<&Script>,
    ) -> Self {
        Self {
            tools,
            live,
            progress,
            document: script.map(document_times).unwrap_or_default(),
            found: VideoFindings::default(),
            samples: Vec::new(),
            best: None,
            lips: MouthTracker::default(),
            shown: Shown::default(),
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
            let finder = &mut *tools.landmarks;
            if let Some(landmarks) = self.lips.follow(&frame.image, finder)? {
                self.follow(&mut tools, &frame, &landmarks)?;
            }
            return Ok(());
        }
        let faces = tools.finder.find(&frame.image)?;
        let count = u32::try_from(faces.len()).unwrap_or(u32::MAX);
        self.shown.faces.push((frame.at, count));
        if self.document.iter().any(|d| d.contains(&frame.at)) {
            self.look_at_document(&mut tools, &frame, &faces)?;
        } else {
            self.count(&faces);
        }
        let Some(Face { bounds, .. }) = faces.into_iter().next() else {
            self.lips.looked(frame.at, None);
            return Ok(());
        };
        let landmarks = tools.landmarks.locate(&frame.image, &bounds)?;
        self.lips.looked(frame.at, Some((&bounds, &landmarks)));
        self.follow(&mut tools, &frame, &landmarks)?;
        drop(tools);
        self.found.landmarks.push(landmarks.clone());
        self.found.poses.extend(Pose::of(frame.at, &landmarks));
        let quality = frame_quality(&frame.image, &landmarks);
        let window = frame.at.as_millis() / WINDOW.as_millis();
        if let Some(done) = self.best.take_if(|b| b.window != window) {
            self.use_best(&done);
        }
        if self.best.as_ref().is_none_or(|b| quality > b.quality) {
            self.best = Some(Best {
                window,
                at: frame.at,
                quality,
                image: frame.image,
                landmarks,
                bounds,
            });
        }
        Ok(())
    }

    /// What is looked at in every frame with a face: the mouth and the colour of the skin.
    fn follow(
        &mut self,
        tools: &mut FaceTools,
        frame: &VideoFrame,
        landmarks: &Landmarks,
    ) -> Result<(), ModelError> {
        let colour = SkinColour::of(frame.at, &frame.image, landmarks);
        self.found.colours.extend(colour);
        match &mut tools.mesh {
            Some(mesh) => self
                .lips
                .see_mouth(frame.at, &frame.image, landmarks, &mut **mesh),
            None => Ok(()),
        }
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

    /// While a document is held up, the smaller face is its portrait.
    fn look_at_document(
        &mut self,
        tools: &mut FaceTools,
        frame: &VideoFrame,
        faces: &[Face],
    ) -> Result<(), ModelError> {
        self.found.document_frames += 1;
        let seen = faces.len() > 1 && faces.iter().any(|f| f.score >= OTHER_FACE_SCORE);
        self.shown.document.push((frame.at, seen));
        let second = faces
            .iter()
            .filter(|f| f.score >= OTHER_FACE_SCORE)
            .min_by(|a, b| a.bounds.width.total_cmp(&b.bounds.width))
            .filter(|_| faces.len() > 1 && self.found.held_up.len() < MOST_HELD_UP);
        if let Some(face) = second {
            let landmarks = tools.landmarks.locate(&frame.image, &face.bounds)?;
            let template = tools.embed(&frame.image, &face.bounds, &landmarks)?;
            self.found.held_up.push(template);
            let layout = Layout::of(&frame.image, &landmarks.five(), None);
            self.found.held_layouts.extend(layout);
        }
        Ok(())
    }

    fn use_best(&mut self, best: &Best) {
        if let Some(image) = cut_out(&best.image, &best.bounds) {
            self.shown.offer(ShownFrame {
                at: best.at,
                quality: best.quality,
                image,
            });
        }
        self.found
            .covers
            .extend(cover(&best.image, &best.landmarks));
        let bars = f64::from(bars(&best.image, &best.bounds));
        let surface = surface(&best.image, &best.landmarks);
        let periodicity = periodicity(&best.image, &best.bounds);
        self.shown.signs.push(Signs {
            at: best.at,
            periodicity,
            bars,
            lips: surface.as_ref().map(|s| s.lips),
            warmth: surface.as_ref().map(|s| s.warmth),
        });
        self.found.bars.push(bars);
        self.found.surfaces.extend(surface);
        self.found.periodicity.extend(periodicity);
        if let Some(tools) = self.tools {
            let embedded = lock(tools).embed(&best.image, &best.bounds, &best.landmarks);
            match embedded {
                Ok(template) => self.found.templates.push(Scored {
                    quality: best.quality,
                    template,
                }),
                Err(e) => self.found.face_error = Some(e),
            }
        }
        if let Some(live) = self.live {
            match lock(live).live_score(&best.image, &best.bounds) {
                Ok(score) => {
                    self.found.live_scores.push(f64::from(score));
                    self.shown.live.push((best.at, f64::from(score)));
                }
                Err(e) => self.found.live_error = Some(e),
            }
        }
    }
}

/// When the document is to be held up.
fn document_times(script: &Script) -> Vec<Range<Duration>> {
    script
        .steps
        .iter()
        .filter_map(|s| match s {
            ScriptStep::Document { after_ms } => {
                let from = Duration::from_millis(u64::from(*after_ms));
                Some(from..from + DOCUMENT_WINDOW)
            }
            _ => None,
        })
        .collect()
}

impl VideoSink for FaceSink<'_> {
    fn frame(&mut self, frame: VideoFrame) -> ControlFlow<()> {
        self.progress.seen(Stage::Video, frame.at);
        self.found
            .glimpses
            .push(Glimpse::of(frame.at, &frame.image));
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
