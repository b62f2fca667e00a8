//! The recording and its sound, as they arrive.

use std::time::Duration;

use idproof_domain::answers::Answers;
use idproof_domain::challenge::{Adaptation, Script};
use idproof_domain::evidence::{LipSync, Recording, Speech};
use idproof_domain::{Measured, ReasonCode};
use idproof_ports::{
    Clock, HeardDigit, MediaDecoder, MediaError, ModelIdentity, VideoReport, VideoRequest,
};

use crate::analyse::{Timing, lock, timed};
use crate::case::{Analysers, CaseInput, InputError, Progress, Stage, is_input_fault};
use crate::continuity::cuts;
use crate::findings::face_problem;
use crate::footage::{Marks, marks};
use crate::head;
use crate::lips::{Voice, lip_sync, loudness};
use crate::shown::Shown;
use crate::speech::listen;
use crate::video::{FaceSink, VideoFindings};

/// Frames closer together than this are timed but not looked at: 12 to 15 a second show a mouth
/// that speaks.
const FRAME_GAP: Duration = Duration::from_millis(60);
/// The longer side at which frames are analysed.
const FRAME_SIDE: u32 = 1280;

pub(crate) struct Watched {
    pub found: VideoFindings,
    pub recording: Measured<Recording>,
    pub speech: Measured<Speech>,
    pub answers: Option<Measured<Answers>>,
    pub lips: Measured<LipSync>,
    pub report: Option<VideoReport>,
    pub models: Vec<ModelIdentity>,
    pub timings: Vec<Timing>,
    pub shown: Shown,
    pub marks: Marks,
}

pub(crate) fn watch(
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
    let offset = report.as_ref().map_or(0, |r| r.audio_offset_us) as f64 / 1e6;
    let lips = match &report {
        Ok(_) => lips(&sink, offset, analysers),
        Err(e) => decoder_unavailable(e),
    };
    let answers = input
        .script
        .as_ref()
        .and_then(|s| answers(s, &speech, &heard, offset));
    let mut found = sink.found;
    let mut shown = Shown {
        heard: heard.into_iter().map(|h| later(h, offset)).collect(),
        cuts: cuts(&found.glimpses),
        head: head::track(&found.poses),
        mouth: sink.lips.mouth.track(),
        voice: loudness(&sink.samples, offset),
        ..sink.shown
    };
    let mut marks = marks(&found.glimpses);
    if report.is_err() {
        // Half a recording proves nothing about the other half.
        found = VideoFindings::default();
        shown = Shown::default();
        marks = Marks::default();
    }
    Ok(Watched {
        found,
        recording: match &report {
            Ok(r) => Measured::Value(recording(r)),
            Err(e) => decoder_unavailable(e),
        },
        speech,
        answers,
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
        marks,
    })
}

/// When the digits came. `offset`: seconds from the first frame to the first sample.
fn answers(
    script: &Script,
    speech: &Measured<Speech>,
    heard: &[HeardDigit],
    offset: f64,
) -> Option<Measured<Answers>> {
    let silent = [Adaptation::NoSpeech, Adaptation::Sign];
    if script.adapt.iter().any(|a| silent.contains(a)) {
        return None;
    }
    let heard: Vec<(u8, f64)> = heard
        .iter()
        .map(|h| (h.digit, h.start.as_secs_f64() + offset))
        .collect();
    let answers = Answers::of(script, &heard)?;
    Some(match speech {
        Measured::Value(_) => Measured::Value(answers),
        Measured::Unavailable { reason, detail } => Measured::unavailable(*reason, detail.clone()),
    })
}

/// By the time of the pictures instead of that of the sound.
fn later(heard: HeardDigit, offset: f64) -> HeardDigit {
    let moved = |at: Duration| {
        Duration::try_from_secs_f64((at.as_secs_f64() + offset).max(0.0)).unwrap_or(at)
    };
    HeardDigit {
        start: moved(heard.start),
        end: moved(heard.end),
        ..heard
    }
}

pub(crate) fn decoder_unavailable<T>(error: &MediaError) -> Measured<T> {
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

fn lips(sink: &FaceSink<'_>, sound_offset: f64, analysers: &Analysers) -> Measured<LipSync> {
    if let Some(problem) = face_problem(&sink.found, analysers) {
        return problem;
    }
    if let Ok(tools) = &analysers.faces
        && lock(tools).mesh.is_none()
    {
        let why = "The face mesh, which shows the lips, is not there.";
        return Measured::unavailable(ReasonCode::ModelUnavailable, why);
    }
    let voice = Voice::of(&sink.samples);
    let together = lip_sync(&sink.lips.mouth, &voice, sound_offset);
    together.map_or_else(
        || {
            let why = "Face and sound are not long enough together.";
            Measured::unavailable(ReasonCode::NothingToCompare, why)
        },
        Measured::Value,
    )
}
