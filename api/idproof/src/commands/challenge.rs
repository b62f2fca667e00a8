//! A challenge in a file: drawn and signed here, read by `verify --challenge` and `eval liveness`.

use std::path::Path;
use std::process::ExitCode;

use idproof_domain::attack::Recorder;
use idproof_domain::challenge::{Adaptation, Asks, Script, ScriptStep};
use idproof_domain::ids::ChallengeId;
use idproof_domain::{Digits, Language};
use idproof_vault::{ChallengeClaims, script_digest};
use idproof_worker::CaptureFacts;
use serde::Deserialize;
use serde_json::json;

use crate::cli::ChallengeArgs;
use crate::commands::UnusableInput;
use crate::compose::insides::{Insides, Roots};
use crate::config::Config;
use crate::terminal::say;

const MINUTE_MS: i64 = 60_000;

/// Draws a challenge and signs it with the service's key.
pub fn run(args: &ChallengeArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let roots = Roots::system();
    let asks = Asks {
        digits: usize::from(args.digits),
        head: args.head,
        document: args.document,
    };
    let mut lot = |below| roots.random.below(below);
    let script = Script::draw(asks, args.language, Vec::new(), &mut lot);
    let mut bytes = [0; 10];
    roots.random.fill(&mut bytes);
    let now = roots.clock.now_ms();
    let claims = ChallengeClaims {
        id: ChallengeId::new(now, bytes).to_string(),
        attempt: args.attempt.clone(),
        expires_at: now + i64::from(args.minutes) * MINUTE_MS,
        script: script_digest(&script),
    };
    let token = super::runtime()?.block_on(async {
        let insides = Insides::open_embedded(config, roots.clone()).await?;
        anyhow::Ok(insides.vault.secrets().sign_challenge(&claims)?)
    })?;
    let file = json!({
        "digits": script.digits,
        "language": script.language,
        "steps": script.steps,
        "token": token,
    });
    std::fs::write(&args.out, format!("{file:#}\n"))
        .map_err(|e| UnusableInput(format!("challenge {}: {e}", args.out.display())))?;
    say(format_args!(
        "{}: good for {} minutes, once",
        args.out.display(),
        args.minutes
    ));
    Ok(ExitCode::SUCCESS)
}

/// Holds a signed challenge against the service's key, its time, the attempt and what was used:
/// from here on it is used. One without a token stands for itself, unless an attempt is named.
///
/// # Errors
/// Names what is wrong: forged, expired, of another attempt, used before.
pub fn use_token(
    path: &Path,
    challenge: &Challenge,
    attempt: Option<&str>,
    config: &Config,
) -> anyhow::Result<()> {
    let refused = |why: &str| UnusableInput(format!("challenge {}: {why}", path.display()));
    let Some(token) = &challenge.token else {
        return match attempt {
            Some(_) => Err(refused("it is not signed, so it is of no attempt").into()),
            None => Ok(()),
        };
    };
    super::runtime()?.block_on(async {
        let insides = Insides::open(config, Roots::system()).await?;
        let claims = insides.vault.secrets().read_challenge(token)?;
        let digest = script_digest(&challenge.script);
        let now = insides.now();
        let claims = stands(claims, &digest, attempt, now).map_err(refused)?;
        let first = insides
            .database
            .use_signed_challenge(&claims.id, claims.expires_at, now)
            .await?;
        if !first {
            return Err(refused("it was used before").into());
        }
        Ok(())
    })
}

/// What the signature vouches for, where that is this challenge, this attempt, and not over.
fn stands(
    claims: Option<ChallengeClaims>,
    digest: &str,
    attempt: Option<&str>,
    now: i64,
) -> Result<ChallengeClaims, &'static str> {
    let claims = claims
        .filter(|c| c.script == digest)
        .ok_or("forged: it was not signed here, or was changed since")?;
    if attempt.is_some_and(|a| a != claims.attempt) {
        return Err("it is of another attempt");
    }
    if now > claims.expires_at {
        return Err("it has expired");
    }
    Ok(claims)
}

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
    /// Of `idproof challenge`, over everything that is asked.
    #[serde(default)]
    token: Option<String>,
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
    pub token: Option<String>,
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
             steps (kind digit, head or document, with after_ms), adapt, recorder (browser), camera, token",
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
        token: file.token,
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
    fn a_signature_stands_for_one_script_one_attempt_and_its_time() {
        let claims = ChallengeClaims {
            id: "chl_0".into(),
            attempt: "one".into(),
            expires_at: 1_000,
            script: "ab".into(),
        };
        let look = |claims: Option<&ChallengeClaims>, digest, attempt, now| {
            stands(claims.cloned(), digest, attempt, now).map_err(|why| why.to_owned())
        };
        assert_eq!(
            look(Some(&claims), "ab", Some("one"), 1_000),
            Ok(claims.clone())
        );
        assert_eq!(look(Some(&claims), "ab", None, 0), Ok(claims.clone()));
        for (found, part) in [
            (look(None, "ab", None, 0), "forged"),
            (look(Some(&claims), "cd", None, 0), "forged"),
            (look(Some(&claims), "ab", Some("two"), 0), "another attempt"),
            (look(Some(&claims), "ab", Some("one"), 1_001), "expired"),
        ] {
            assert!(found.unwrap_err().contains(part), "{part}");
        }
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
