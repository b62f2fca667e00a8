//! A challenge in a file: what `verify --challenge` and `eval liveness` read.

use std::path::Path;

use idproof_domain::attack::Recorder;
use idproof_domain::challenge::{Adaptation, Script, ScriptStep};
use idproof_domain::{Digits, Language};
use idproof_worker::CaptureFacts;
use serde::Deserialize;

use crate::commands::UnusableInput;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// In the order they are to be said.
    digits: Vec<u8>,
    language: Language,
    #[serde(default)]
    steps: Vec<ScriptStep>,
    #[serde(default)]
    adapt: Vec<Adaptation>,
    /// `browser` where a page recorded it.
    #[serde(default)]
    recorder: Option<FileRecorder>,
    /// The camera's name as the browser gave it.
    #[serde(default)]
    camera: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FileRecorder {
    Browser,
}

/// A challenge, and how the recording that answers it is said to have been made.
#[derive(Debug)]
pub struct Challenge {
    pub script: Script,
    pub digits: Digits,
    pub capture: CaptureFacts,
}

/// Reads and checks a file.
///
/// # Errors
/// When it cannot be read or contradicts itself; the message never repeats its content.
pub fn load(path: &Path) -> Result<Challenge, UnusableInput> {
    let unusable = |why: String| UnusableInput(format!("challenge {}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| unusable(e.to_string()))?;
    // The message of serde could repeat a digit.
    let file: File = serde_json::from_str(&text).map_err(|e| {
        unusable(format!(
            "line {}, column {}: not of the expected form; known are digits, language (fr or en), \
             steps (kind digit, head or document, with after_ms), adapt, recorder (browser), camera",
            e.line(),
            e.column()
        ))
    })?;
    let script = Script {
        digits: file.digits,
        language: file.language,
        steps: file.steps,
        adapt: file.adapt,
    };
    let digits = script
        .digits()
        .ok_or_else(|| unusable("`digits` must be 3 to 6 numbers from 0 to 9".into()))?;
    if !script.is_consistent() {
        return Err(unusable(
            "`steps` must be in the order of their times, and their digits those of `digits`"
                .into(),
        ));
    }
    let capture = CaptureFacts {
        recorder: match file.recorder {
            Some(FileRecorder::Browser) => Recorder::Browser,
            None => Recorder::Unknown,
        },
        camera: file.camera,
    };
    Ok(Challenge {
        script,
        digits,
        capture,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Challenge, UnusableInput> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        load(file.path())
    }

    #[test]
    fn a_whole_challenge_is_read() {
        let found = read(
            r#"{"digits":[3,7,2],"language":"fr","recorder":"browser","camera":"Front",
                "steps":[{"kind":"digit","digit":3,"after_ms":1500},
                         {"kind":"head","direction":"left","after_ms":3000},
                         {"kind":"digit","digit":7,"after_ms":6000},
                         {"kind":"digit","digit":2,"after_ms":8000},
                         {"kind":"document","after_ms":9900}]}"#,
        )
        .unwrap();
        assert_eq!(found.script.steps.len(), 5);
        assert_eq!(found.capture.recorder, Recorder::Browser);
        assert_eq!(found.digits.as_slice(), [3, 7, 2]);
    }

    #[test]
    fn what_is_wrong_is_named_without_its_digits() {
        for (text, part) in [
            ("{", "line 1"),
            (r#"{"digits":[3,7],"language":"fr"}"#, "3 to 6"),
            (r#"{"digits":[3,7,11],"language":"fr"}"#, "3 to 6"),
            (r#"{"digits":[3,7,2],"language":"de"}"#, "expected form"),
            (
                r#"{"digits":[3,7,2],"language":"fr","colour":1}"#,
                "expected form",
            ),
            (
                r#"{"digits":[3,7,2],"language":"fr","steps":[{"kind":"digit","digit":9,"after_ms":1}]}"#,
                "order of their times",
            ),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
            assert!(!error.contains("372"), "{error}");
        }
        assert!(load(Path::new("/nonexistent/challenge")).is_err());
    }
}
