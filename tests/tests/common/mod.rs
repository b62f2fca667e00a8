//! Runs the program as a person would and reads what it leaves.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

/// The workspace's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The built program, beside the folder of this test's own.
pub fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let path = own.ancestors().nth(2).unwrap().join("idproof");
    assert!(
        path.is_file(),
        "{} is missing: run `make build` first",
        path.display()
    );
    path
}

/// The sample cases; `make samples` makes them.
pub fn samples() -> PathBuf {
    let path = root().join("var/samples");
    assert!(
        path.join("cases.json").is_file(),
        "{} is missing: run `make samples` first",
        path.display()
    );
    path
}

pub fn models_dir() -> PathBuf {
    std::env::var_os("IDPROOF_MODELS_DIR").map_or_else(|| root().join("var/models"), Into::into)
}

/// One run of `idproof verify`, by default on the attack sample.
pub struct Verify {
    pub documents: Vec<PathBuf>,
    pub video: PathBuf,
    pub digits: String,
    pub language: String,
    pub extra: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// Put before the program, such as `setpriv`.
    pub wrapper: Vec<String>,
    pub out: PathBuf,
    pub dir: TempDir,
    /// Only a whole bona fide case may be accepted.
    pub may_be_accepted: bool,
}

pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub report: Option<Value>,
}

impl Verify {
    /// The attack sample as it is.
    pub fn attack() -> Self {
        let sample = samples().join("attack-photo");
        let dir = tempfile::tempdir().unwrap();
        Self {
            documents: vec![sample.join("card-front.jpg"), sample.join("card-back.jpg")],
            video: sample.join("attack-photo.webm"),
            digits: "372".into(),
            language: "fr".into(),
            extra: vec![],
            environment: vec![],
            wrapper: vec![],
            out: dir.path().join("report.json"),
            dir,
            may_be_accepted: false,
        }
    }

    /// A file of this run's own.
    pub fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A file made by the ffmpeg command line; `arguments` stand before the output.
    pub fn ffmpeg(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let path = self.dir.path().join(name);
        let status = Command::new("ffmpeg")
            .args(["-v", "error", "-y"])
            .args(arguments)
            .arg(&path)
            .status()
            .expect("ffmpeg runs");
        assert!(status.success(), "ffmpeg {arguments:?}");
        path
    }

    pub fn run(&self) -> Ran {
        let mut line = self.wrapper.clone();
        line.push(program().display().to_string());
        let mut command = Command::new(&line[0]);
        command.args(&line[1..]).arg("verify");
        for document in &self.documents {
            command.arg("--document").arg(document);
        }
        command
            .arg("--video")
            .arg(&self.video)
            .args(["--digits", &self.digits, "--language", &self.language])
            .args(&self.extra)
            .arg("--out")
            .arg(&self.out)
            .env("IDPROOF_MODELS_DIR", models_dir())
            .envs(self.environment.iter().cloned())
            .current_dir(root());
        let output = command.output().expect("the program starts");
        let report = std::fs::read(&self.out)
            .ok()
            .map(|bytes| serde_json::from_slice(&bytes).expect("the report is JSON"));
        let ran = Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            report,
        };
        ran.check(self.may_be_accepted);
        ran
    }
}

impl Ran {
    /// What holds for every run whatever its input.
    fn check(&self, may_be_accepted: bool) {
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        assert!(
            matches!(self.code, Some(0..=2)),
            "exit {:?}: {}",
            self.code,
            self.stderr
        );
        assert_eq!(
            self.code == Some(0),
            self.report.is_some(),
            "{}",
            self.stderr
        );
        if let Some(report) = &self.report {
            let errors: Vec<String> = schema()
                .iter_errors(report)
                .map(|e| e.to_string())
                .collect();
            assert!(errors.is_empty(), "{errors:?}");
            assert!(
                may_be_accepted || report["decision"] != "accept",
                "{report:#}"
            );
            assert_eq!(
                report["reasons"].as_array().unwrap().is_empty(),
                report["decision"] == "accept"
            );
        }
    }

    pub fn report(&self) -> &Value {
        self.report
            .as_ref()
            .unwrap_or_else(|| panic!("no report: {}", self.stderr))
    }

    pub fn status(&self, check: &str) -> &str {
        self.report()["checks"][check]["status"]
            .as_str()
            .unwrap_or_else(|| panic!("no check {check}: {:#}", self.report()))
    }

    pub fn has_reason(&self, code: &str) -> bool {
        self.report()["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .any(|r| r["code"] == code)
    }

    /// The input cannot be used; the message says why.
    pub fn refuses_input(&self, why: &str) {
        assert_eq!(self.code, Some(2), "{}\n{:?}", self.stderr, self.report);
        assert!(self.stderr.contains(why), "{}", self.stderr);
    }

    /// Decided, not accepted, with this reason.
    pub fn decided_with(&self, code: &str) {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        assert!(self.has_reason(code), "{:#}", self.report()["reasons"]);
    }
}

fn schema() -> &'static jsonschema::Validator {
    static SCHEMA: OnceLock<jsonschema::Validator> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let path = root().join("api/wire/report.schema.json");
        let text = std::fs::read_to_string(path).unwrap();
        jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
    })
}
