use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use idproof_domain::attack::{Continuity, DocumentShown, HeadTurn, Injection, Recapture};
use idproof_domain::challenge::ScriptStep;
use idproof_domain::evidence::{FaceMatch, LipSync, Liveness, Motion, Presence, Recording, Speech};
use idproof_domain::{Evidence, Measured, ReasonCode};
use idproof_ports::{
    Clock, ImageReport, MediaDecoder, MediaError, ModelIdentity, Stopwatch, VideoReport,
    VideoRequest,
};

use crate::case::{Analysers, CaseInput, InputError, Progress, Stage, is_input_fault};
use crate::continuity::pieces;
use crate::document::{self, DocumentFindings};
use crate::faces::{Template, against_most_typical};
use crate::head::turns;
use crate::lips::lip_sync;
use crate::mark::PictureMarks;
use crate::motion::motion;
use crate::shown::Shown;
use crate::speech::listen;
use crate::video::{FaceSink, VideoFindings};

/// Frames closer together than this are timed but not looked at: 12 to 15 a second show a mouth
/// that speaks.
const FRAME_GAP: Duration = Duration::from_millis(60);
/// The longer side at which frames are analysed.
const FRAME_SIDE: u32 = 1280;
/// How many frames, best first, are compared with the portrait.
const COMPARED_FRAMES: usize = 7;

/// How long a stage took, wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    pub stage: Stage,
    pub took: Duration,
}

/// What the media were.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Media {
    pub documents: Vec<ImageReport>,
    pub video: Option<VideoReport>,
}

/// Everything found, ready to be judged.
#[derive(Debug, Clone)]
pub struct Analysis {
    pub evidence: Evidence,
    /// Each model that spoke, once, by name.
    pub models: Vec<ModelIdentity>,
    pub timings: Vec<Timing>,
    pub media: Media,
    /// For a person who judges the case; no part of what is decided by.
    pub shown: Shown,
    /// What each photograph of the document is recognised by in other cases.
    pub marks: Vec<PictureMarks>,
}

/// Runs every stage of a case: the document on one thread, the recording on another, the
/// sound once it is complete.
///
/// # Errors
/// Only for input that cannot be used. Whatever fails on our side becomes evidence that is
/// unavailable, and the case goes to a human.
pub fn analyse(
    input: &CaseInput,
    decoder: &dyn MediaDecoder,
    analysers: &Analysers,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<Analysis, InputError> {
    if !(1..=2).contains(&input.documents.len()) {
        return Err(InputError::DocumentCount(input.documents.len()));
    }
    let (document, video) = std::thread::scope(|scope| {
        let document = scope.spawn(|| {
            timed(clock, progress, Stage::Document, || {
                document::read(decoder, analysers, input)
            })
        });
        let video = watch(input, decoder, analysers, clock, progress);
        (document.join(), video)
    });
    let (document, document_took) = match document {
        Ok((findings, took)) => (findings?, took),
        Err(_) => {
            let why = "The document stage stopped unexpectedly.";
            (
                no_document(input, ReasonCode::ModelFailed, why),
                Duration::ZERO,
            )
        }
    };
    Ok(conclude(input, document, document_took, video?, analysers))
}

/// As [`analyse`], of the recording alone: what concerns the document is unavailable.
///
/// # Errors
/// Only for a recording that cannot be used.
pub fn analyse_recording(
    input: &CaseInput,
    decoder: &dyn MediaDecoder,
    analysers: &Analysers,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<Analysis, InputError> {
    let video = watch(input, decoder, analysers, clock, progress)?;
    let why = "The document was not looked at.";
    let document = no_document(input, ReasonCode::NothingToCompare, why);
    Ok(conclude(input, document, Duration::ZERO, video, analysers))
}

fn conclude(
    input: &CaseInput,
    document: DocumentFindings,
    document_took: Duration,
    video: Watched,
    analysers: &Analysers,
) -> Analysis {
    let mut models = document.models;
    models.extend(video.models);
    if let Ok(faces) = &analysers.faces {
        models.extend(lock(faces).identities());
    }
    models.sort();
    models.dedup();
    let found = &video.found;
    let evidence = Evidence {
        today: input.today,
        surfaces: document.surfaces,
        face_match: face_match(
            document.template.as_ref(),
            &document.portrait,
            found,
            analysers,
        ),
        presence: presence(found, analysers),
        liveness: liveness(found, analysers),
        motion: deformation(found, analysers),
        continuity: continuity(found, analysers),
        recapture: recapture(found, analysers),
        injection: injection(input, video.report.as_ref(), &video.recording),
        head: head(input, found, analysers),
        document_shown: document_shown(
            input,
            document.template.as_ref(),
            &document.portrait,
            found,
            analysers,
        ),
        portrait: document.portrait,
        announced: input.announced,
        zone: document.zone,
        doubts: document.doubts,
        seen_in: None,
        print: document.print,
        seals: document.seals,
        declared: document.declared,
        recording: video.recording,
        speech: video.speech,
        lips: video.lips,
    };
    let mut timings = vec![Timing {
        stage: Stage::Document,
        took: document_took,
    }];
    timings.extend(video.timings);
    Analysis {
        evidence,
        models,
        timings,
        media: Media {
            documents: document.reports,
            video: video.report,
        },
        shown: Shown {
            portrait: document.shown.portrait,
            zone: document.shown.zone,
            print: document.shown.print,
            sides: document.shown.sides,
            ..video.shown
        },
        marks: document.marks,
    }
}

/// A lock whose holder panicked still guards a usable model; its output is checked anyway.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn timed<T>(
    clock: &dyn Clock,
    progress: &dyn Progress,
    stage: Stage,
    work: impl FnOnce() -> T,
) -> (T, Duration) {
    progress.started(stage);
    let watch = Stopwatch::start(clock);
    let value = work();
    let took = watch.elapsed();
    progress.finished(stage, took);
    (value, took)
}

/// Nothing is known of the document.
fn no_document(input: &CaseInput, reason: ReasonCode, why: &str) -> DocumentFindings {
    DocumentFindings {
        surfaces: Measured::unavailable(reason, why),
        portrait: Measured::unavailable(reason, why),
        template: None,
        zone: Measured::unavailable(reason, why),
        doubts: Measured::unavailable(reason, why),
        print: Measured::unavailable(reason, why),
        seals: Measured::unavailable(reason, why),
        declared: input
            .declared
            .as_ref()
            .map(|_| Measured::unavailable(reason, why)),
        models: Vec::new(),
        reports: Vec::new(),
        shown: Shown::default(),
        marks: Vec::new(),
    }
}

struct Watched {
    found: VideoFindings,
    recording: Measured<Recording>,
    speech: Measured<Speech>,
    lips: Measured<LipSync>,
    report: Option<VideoReport>,
    models: Vec<ModelIdentity>,
    timings: Vec<Timing>,
    shown: Shown,
}

fn watch(
    input: &CaseInput,
    decoder: &dyn MediaDecoder,
    analysers: &Analysers,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<Watched, InputError> {
    let request = VideoRequest {
        min_frame_gap: FRAME_GAP,
        max_side: FRAME_SIDE,
    };
    let tools = analysers.faces.as_ref().ok();
    let live = analysers.liveness.as_ref().ok();
    let mut sink = FaceSink::new(tools, live, progress, input.script.as_ref());
    let (decoded, video_took) = timed(clock, progress, Stage::Video, || {
        let decoded = decoder.decode_video(&input.video, &request, &mut sink);
        sink.finish();
        decoded
    });
    let report = match decoded {
        Ok(report) => Ok(report),
        Err(source) if is_input_fault(&source) => return Err(InputError::Video { source }),
        Err(e) => Err(e),
    };
    let (speech, speech_took) = timed(clock, progress, Stage::Speech, || match &report {
        Ok(_) => listen(
            &analysers.speech,
            &sink.samples,
            input.language,
            &input.digits,
        ),
        Err(e) => (decoder_unavailable(e), Vec::new(), Vec::new()),
    });
    let (speech, heard, mut models) = speech;
    if let Some(live) = live {
        models.extend(lock(live).identities());
    }
    let lips = match &report {
        Ok(r) => {
            let offset = r.audio_offset_us as f64 / 1e6;
            lips(&sink, offset, analysers)
        }
        Err(e) => decoder_unavailable(e),
    };
    let mut found = sink.found;
    let mut shown = Shown {
        heard,
        ..sink.shown
    };
    if report.is_err() {
        // Half a recording proves nothing about the other half.
        found = VideoFindings::default();
        shown = Shown::default();
    }
    Ok(Watched {
        found,
        recording: match &report {
            Ok(r) => Measured::Value(recording(r)),
            Err(e) => decoder_unavailable(e),
        },
        speech,
        lips,
        report: report.ok(),
        models,
        timings: vec![
            Timing {
                stage: Stage::Video,
                took: video_took,
            },
            Timing {
                stage: Stage::Speech,
                took: speech_took,
            },
        ],
        shown,
    })
}

fn decoder_unavailable<T>(error: &MediaError) -> Measured<T> {
    let reason = match error {
        MediaError::TimedOut(_) => ReasonCode::StageTimedOut,
        _ => ReasonCode::DecoderFailed,
    };
    Measured::unavailable(reason, error.to_string())
}

fn recording(report: &VideoReport) -> Recording {
    Recording {
        seconds: report.duration().as_secs_f64(),
        frames: report.timestamps_us.len() as u64 + report.dropped_frames,
        irregular_frames: report.dropped_frames + report.duplicated_frames + report.corrupt_frames,
        sound_seconds: report.audio_us as f64 / 1e6,
        lies: report.lies.clone(),
    }
}

/// Why nothing about faces can be said, if so.
fn face_problem<T>(found: &VideoFindings, analysers: &Analysers) -> Option<Measured<T>> {
    if let Err(why) = &analysers.faces {
        return Some(Measured::unavailable(
            ReasonCode::ModelUnavailable,
            why.to_string(),
        ));
    }
    found
        .face_error
        .as_ref()
        .map(|e| Measured::unavailable(ReasonCode::ModelFailed, e.to_string()))
}

fn presence(found: &VideoFindings, analysers: &Analysers) -> Measured<Presence> {
    face_problem(found, analysers).unwrap_or_else(|| {
        let mut widths = found.widths.clone();
        widths.sort_by(f64::total_cmp);
        Measured::Value(Presence {
            frames: found.with_one + found.with_several + found.with_none,
            with_one_face: found.with_one,
            with_several: found.with_several,
            with_none: found.with_none,
            face_width: widths.get(widths.len() / 2).copied().unwrap_or(0.0),
        })
    })
}

fn face_match(
    portrait: Option<&Template>,
    seen: &Measured<Option<idproof_domain::evidence::Portrait>>,
    found: &VideoFindings,
    analysers: &Analysers,
) -> Measured<FaceMatch> {
    if let Some(problem) = face_problem(found, analysers) {
        return problem;
    }
    if let Measured::Unavailable { reason, detail } = seen {
        return Measured::unavailable(*reason, detail.clone());
    }
    let Some(portrait) = portrait else {
        return Measured::unavailable(
            ReasonCode::NothingToCompare,
            "There is no portrait to compare with.",
        );
    };
    let mut frames: Vec<_> = found.templates.iter().collect();
    frames.sort_by(|a, b| b.quality.total_cmp(&a.quality));
    Measured::Value(FaceMatch {
        comparisons: frames
            .iter()
            .take(COMPARED_FRAMES)
            .map(|f| portrait.compare(&f.template))
            .collect(),
    })
}

fn liveness(found: &VideoFindings, analysers: &Analysers) -> Measured<Liveness> {
    if let Err(why) = &analysers.liveness {
        return Measured::unavailable(ReasonCode::ModelUnavailable, why.to_string());
    }
    if let Some(e) = &found.live_error {
        return Measured::unavailable(ReasonCode::ModelFailed, e.to_string());
    }
    face_problem(found, analysers).unwrap_or_else(|| {
        Measured::Value(Liveness {
            scores: found.live_scores.clone(),
        })
    })
}

fn lips(sink: &FaceSink<'_>, sound_offset: f64, analysers: &Analysers) -> Measured<LipSync> {
    face_problem(&sink.found, analysers).unwrap_or_else(|| {
        lip_sync(&sink.lips.mouth, &sink.samples, sound_offset).map_or_else(
            || {
                let why = "Face and sound are not long enough together.";
                Measured::unavailable(ReasonCode::NothingToCompare, why)
            },
            Measured::Value,
        )
    })
}

fn continuity(found: &VideoFindings, analysers: &Analysers) -> Measured<Continuity> {
    face_problem(found, analysers).unwrap_or_else(|| {
        let pieces = pieces(&found.thumbs);
        let templates: Vec<&Template> = found.templates.iter().map(|s| &s.template).collect();
        Measured::Value(Continuity {
            faces: against_most_typical(&templates),
            frozen_seconds: pieces.frozen_seconds,
            repeated_seconds: pieces.repeated_seconds,
            cuts: pieces.cuts,
        })
    })
}

fn recapture(found: &VideoFindings, analysers: &Analysers) -> Measured<Recapture> {
    face_problem(found, analysers).unwrap_or_else(|| {
        Measured::Value(Recapture {
            periodicity: found.periodicity.clone(),
        })
    })
}

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

fn injection(
    input: &CaseInput,
    report: Option<&VideoReport>,
    recording: &Measured<Recording>,
) -> Measured<Injection> {
    let Some(report) = report else {
        return match recording {
            Measured::Unavailable { reason, detail } => {
                Measured::unavailable(*reason, detail.clone())
            }
            Measured::Value(_) => Measured::unavailable(
                ReasonCode::DecoderFailed,
                "Nothing is known of the recording.",
            ),
        };
    };
    let camera = input.capture.camera.as_deref().map(str::to_lowercase);
    let named = |name: &str| {
        let words = |c: &String| c.split(|x: char| !x.is_alphanumeric()).any(|w| w == name);
        camera
            .as_ref()
            .is_some_and(|c| words(c) || (name.len() > 4 && c.contains(name)))
    };
    let frames = report.timestamps_us.len().max(1) as f64;
    Measured::Value(Injection {
        recorder: input.capture.recorder,
        virtual_camera: VIRTUAL.iter().any(|name| named(name)),
        repeated_frames: report.duplicated_frames as f64 / frames,
    })
}

fn head(
    input: &CaseInput,
    found: &VideoFindings,
    analysers: &Analysers,
) -> Option<Measured<Vec<HeadTurn>>> {
    let turns = turns(input.script.as_ref()?, &found.poses)?;
    Some(face_problem(found, analysers).unwrap_or(Measured::Value(turns)))
}

fn document_shown(
    input: &CaseInput,
    portrait: Option<&Template>,
    seen: &Measured<Option<idproof_domain::evidence::Portrait>>,
    found: &VideoFindings,
    analysers: &Analysers,
) -> Option<Measured<DocumentShown>> {
    let asked = |s: &ScriptStep| matches!(s, ScriptStep::Document { .. });
    input
        .script
        .as_ref()
        .filter(|s| s.steps.iter().any(asked))?;
    if let Some(problem) = face_problem(found, analysers) {
        return Some(problem);
    }
    if let Measured::Unavailable { reason, detail } = seen {
        return Some(Measured::unavailable(*reason, detail.clone()));
    }
    let Some(portrait) = portrait else {
        let why = "There is no portrait to compare with.";
        return Some(Measured::unavailable(ReasonCode::NothingToCompare, why));
    };
    Some(Measured::Value(DocumentShown {
        frames: found.document_frames,
        portraits: found.held_up.iter().map(|t| portrait.compare(t)).collect(),
    }))
}

fn deformation(found: &VideoFindings, analysers: &Analysers) -> Measured<Motion> {
    face_problem(found, analysers).unwrap_or_else(|| {
        motion(&found.landmarks).map_or_else(
            || Measured::unavailable(ReasonCode::NothingToCompare, "Too few frames with a face."),
            Measured::Value,
        )
    })
}
