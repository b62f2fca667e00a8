//! Where a recording comes from: who wrote the file, and was it seen before?

use crate::attack::Recorder;
use crate::check::CheckStatus;
use crate::evaluate::Verdict;
use crate::reason::ReasonCode;
use crate::thresholds::Thresholds;

/// Which programs left their names in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traces {
    pub recorder: Recorder,
    /// As they stand there.
    pub programs: Vec<String>,
}

/// The recording against those of other cases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Footage {
    /// The largest share of this recording's marks that another case's recording has, 0..=1.
    pub share: f64,
    /// How many other cases' recordings share enough of them.
    pub cases: u32,
    /// Marks of this recording; few say nothing.
    pub marks: u32,
}

/// Programs that write or edit recordings and are no recorder in a browser or a telephone, by the
/// beginning of a word of their name.
const ELSEWHERE: [&str; 24] = [
    "lavf",
    "lavc",
    "ffmpeg",
    "x264",
    "x265",
    "handbrake",
    "obs",
    "libobs",
    "mkvmerge",
    "libebml",
    "gstreamer",
    "gpac",
    "isomedia",
    "vlc",
    "premiere",
    "imovie",
    "davinci",
    "kdenlive",
    "shotcut",
    "camtasia",
    "bandicam",
    "xsplit",
    "manycam",
    "virtualdub",
];

pub(crate) fn written_elsewhere(program: &str) -> bool {
    encoder_named_in(program).is_some()
}

/// Which of them left its name. Only that is ever told: a file may name its owner's telephone.
pub fn encoder_named_in(program: &str) -> Option<&'static str> {
    let name = program.to_lowercase();
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .find_map(|word| ELSEWHERE.into_iter().find(|known| begins(word, known)))
}

/// `obs` is a word of its own, `lavf58` begins with one.
fn begins(word: &str, known: &str) -> bool {
    word.strip_prefix(known)
        .is_some_and(|rest| rest.is_empty() || (known.len() > 3 && rest.len() < 4))
}

pub(crate) fn traces(traces: &Traces) -> Verdict {
    let known: Vec<&str> = traces
        .programs
        .iter()
        .filter_map(|p| encoder_named_in(p))
        .collect();
    let foreign = !known.is_empty();
    let named = if foreign {
        format!("Written by {}.", known.join(", "))
    } else {
        "No encoder or editor has left its name.".to_owned()
    };
    match traces.recorder {
        Recorder::Unknown => Verdict::passed(format!(
            "{named} Nothing says how it was recorded; that is not held against it."
        )),
        Recorder::Sent | Recorder::Browser if foreign => {
            Verdict::passed(named).with(CheckStatus::Borderline, ReasonCode::RecordingReencoded)
        }
        Recorder::Sent | Recorder::Browser => Verdict::passed(named),
    }
}

/// Never fails: two recordings of one scene may be alike.
pub(crate) fn footage(f: &Footage, t: &Thresholds) -> Verdict {
    let v = Verdict::passed(format!(
        "{:.0} % of {} marks were seen in another case.",
        f.share * 100.0,
        f.marks
    ))
    .scored(f.share, t.footage_seen);
    if f.cases > 0 || f.share.is_nan() || f.share >= t.footage_seen {
        v.with(CheckStatus::Borderline, ReasonCode::FootageSeen)
    } else {
        v
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_else_stands_in_a_file_is_not_told() {
        let told = |name: &str| {
            let look = Traces {
                recorder: Recorder::Browser,
                programs: vec![name.to_owned()],
            };
            let measured = crate::evidence::Measured::Value(&look);
            crate::evaluate::run(crate::CheckName::EncoderTraces, measured, traces).detail
        };
        assert_eq!(told("Lavf61.7 of Ada"), "Written by lavf.");
        assert!(!told("Ada's telephone").contains("Ada"));
    }

    #[test]
    fn encoders_and_editors_are_known_by_name() {
        for name in [
            "Lavf58.29.100",
            "Lavc",
            "HandBrake 1.8.1 2024062200",
            "OBS Studio 30",
            "libebml v1.4.4 + libmatroska v1.7.1",
            "x264",
            "obs-output module (libobs version 30.0)",
        ] {
            assert!(written_elsewhere(name), "{name}");
        }
        for name in [
            "Chrome",
            "QTmuxingAppLibWebM-0.0.1",
            "libwebm-0.3.1.0",
            "AVC Coding",
            "H.264",
            "observer camera",
            "",
        ] {
            assert!(!written_elsewhere(name), "{name}");
        }
    }
}
