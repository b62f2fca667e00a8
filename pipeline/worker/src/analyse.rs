use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use idproof_domain::{Evidence, Measured, ReasonCode};
use idproof_ports::{Clock, ImageReport, MediaDecoder, ModelIdentity, Stopwatch, VideoReport};

use crate::case::{Analysers, CaseInput, InputError, Progress, Stage};
use crate::document::{self, DocumentFindings};
use crate::findings::{
    continuity, deformation, display, document_shown, face_match, head, layout, liveness, presence,
    pulse, recapture, skin,
};
use crate::footage::Marks;
use crate::injection::{injection, traces};
use crate::mark::PictureMarks;
use crate::shown::Shown;
use crate::watch::{Watched, watch};

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
    pub pictures: Vec<PictureMarks>,
    /// How the recording moves, to know it again. Empty where too little moves.
    pub marks: Marks,
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
        display: display(found, analysers),
        skin: skin(found, analysers),
        pulse: pulse(found, analysers),
        injection: injection(input, video.report.as_ref(), &video.recording),
        traces: traces(input, video.report.as_ref(), &video.recording),
        footage: None,
        head: head(input, found, analysers),
        document_shown: document_shown(
            input,
            document.template.as_ref(),
            &document.portrait,
            found,
            analysers,
        ),
        layout: layout(input, document.layout.as_ref(), found, analysers),
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
        answers: video.answers,
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
        pictures: document.marks,
        marks: video.marks,
    }
}

/// A lock whose holder panicked still guards a usable model; its output is checked anyway.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn timed<T>(
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
        layout: None,
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
