use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use idproof_domain::evidence::{FaceMatch, LipSync, Liveness, Motion, Presence, Recording, Speech};
use idproof_domain::{Evidence, Measured, ReasonCode};
use idproof_ports::{
    Clock, Embedding, ImageReport, MediaDecoder, MediaError, ModelIdentity, Stopwatch, VideoReport,
    VideoRequest,
};

use crate::case::{Analysers, CaseInput, InputError, Progress, Stage, is_input_fault};
use crate::document::{self, DocumentFindings};
use crate::lips::lip_sync;
use crate::motion::motion;
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
        Err(_) => (document_stopped(input), Duration::ZERO),
    };
    let video = video?;
    let mut models = document.models;
    models.extend(video.models);
    models.sort();
    models.dedup();
    let face_match = face_match(
        &document.embedding,
        &document.portrait,
        &video.found,
        analysers,
    );
    let evidence = Evidence {
        today: input.today,
        surfaces: document.surfaces,
        portrait: document.portrait,
        announced: input.announced,
        zone: document.zone,
        doubts: document.doubts,
        print: document.print,
        seals: document.seals,
        declared: document.declared,
        recording: video.recording,
        presence: presence(&video.found, analysers),
        face_match,
        liveness: liveness(&video.found, analysers),
        motion: deformation(&video.found, analysers),
        speech: video.speech,
        lips: video.lips,
    };
    let mut timings = vec![Timing {
        stage: Stage::Document,
        took: document_took,
    }];
    timings.extend(video.timings);
    Ok(Analysis {
        evidence,
        models,
        timings,
        media: Media {
            documents: document.reports,
            video: video.report,
        },
    })
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

/// The document thread panicked: nothing it saw is used.
fn document_stopped(input: &CaseInput) -> DocumentFindings {
    let why = "The document stage stopped unexpectedly.";
    DocumentFindings {
        surfaces: Measured::unavailable(ReasonCode::ModelFailed, why),
        portrait: Measured::unavailable(ReasonCode::ModelFailed, why),
        embedding: None,
        zone: Measured::unavailable(ReasonCode::ModelFailed, why),
        doubts: Measured::unavailable(ReasonCode::ModelFailed, why),
        print: Measured::unavailable(ReasonCode::ModelFailed, why),
        seals: Measured::unavailable(ReasonCode::ModelFailed, why),
        declared: input
            .declared
            .as_ref()
            .map(|_| Measured::unavailable(ReasonCode::ModelFailed, why)),
        models: Vec::new(),
        reports: Vec::new(),
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
    let mut sink = FaceSink::new(tools, live, progress);
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
        Err(e) => (decoder_unavailable(e), Vec::new()),
    });
    let (speech, mut models) = speech;
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
    if report.is_err() {
        // Half a recording proves nothing about the other half.
        found = VideoFindings::default();
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
    portrait: &Option<Embedding>,
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
    let mut frames: Vec<_> = found.embeddings.iter().collect();
    frames.sort_by(|a, b| b.quality.total_cmp(&a.quality));
    Measured::Value(FaceMatch {
        distances: frames
            .iter()
            .take(COMPARED_FRAMES)
            .map(|f| f64::from(portrait.distance(&f.embedding)))
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

fn deformation(found: &VideoFindings, analysers: &Analysers) -> Measured<Motion> {
    face_problem(found, analysers).unwrap_or_else(|| {
        motion(&found.landmarks).map_or_else(
            || Measured::unavailable(ReasonCode::NothingToCompare, "Too few frames with a face."),
            Measured::Value,
        )
    })
}
