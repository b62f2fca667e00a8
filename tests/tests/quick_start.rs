//! The quick start's shell blocks, run as they stand in the page against the real program: what
//! does not work in the page fails here.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

use std::process::{Command, Stdio};
use std::time::Duration;

use idproof_test_support::{built, free_port};

const PAGE: &str = include_str!("../../docs/quick-start.md");
/// What a stranger has.
const LIMIT: Duration = Duration::from_secs(15 * 60);
const STEP: Duration = Duration::from_millis(100);

/// The blocks of a language, in order.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(name), None) => open = Some((name == language, String::new())),
            (Some(_), Some(_)) => {
                let (wanted, text) = open.take().unwrap();
                if wanted {
                    all.push(text);
                }
            }
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    all
}

#[test]
fn blocks_are_found_and_nothing_else() {
    let page = "a\n```sh\none\n\ntwo\n```\n```json\n{}\n```\n```sh\nthree\n```\n";
    assert_eq!(blocks(page, "sh"), ["one\n\ntwo\n", "three\n"]);
}

#[test]
fn every_block_of_the_quick_start_works_as_it_stands() {
    let blocks = blocks(PAGE, "sh");
    assert!(blocks.len() >= 14, "{}", blocks.len());
    let dir = tempfile::tempdir().unwrap();
    // The page finds the program where a build leaves it.
    let programs = dir.path().join("target/release");
    std::fs::create_dir_all(&programs).unwrap();
    std::os::unix::fs::symlink(built("idproof"), programs.join("idproof")).unwrap();
    // One port's digits must not be taken for the other's.
    let port = || loop {
        let port = free_port().to_string();
        if !port.contains("878") {
            return port;
        }
    };
    let (service, receiver) = (port(), port());
    assert_ne!(service, receiver);
    let mut script =
        "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n".to_owned();
    for block in &blocks {
        script.push_str(&block.replace("8787", &service).replace("8788", &receiver));
        script.push_str("echo\n");
    }
    let script_file = dir.path().join("script.sh");
    std::fs::write(&script_file, &script).unwrap();
    let mut command = Command::new("bash");
    for (name, _) in std::env::vars().filter(|(n, _)| n.starts_with("IDPROOF_")) {
        command.env_remove(name);
    }
    let output = dir.path().join("output");
    let (out, err) = (
        std::fs::File::create(&output).unwrap(),
        std::fs::File::options().append(true).open(&output).unwrap(),
    );
    let mut child = command
        .arg(&script_file)
        .current_dir(dir.path())
        // Ports beside the two that the page names.
        .env("IDPROOF_HTTP_LISTEN", format!("127.0.0.1:{service}"))
        .env(
            "IDPROOF_HTTP_PUBLIC_URL",
            format!("http://127.0.0.1:{service}"),
        )
        .env("IDPROOF_HTTP_METRICS_LISTEN", "")
        .env("IDPROOF_WORKER_METRICS_LISTEN", "")
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .unwrap();
    let mut ended = None;
    for _ in 0..LIMIT.as_millis() / STEP.as_millis() {
        ended = child.try_wait().unwrap();
        if ended.is_some() {
            break;
        }
        std::thread::sleep(STEP);
    }
    if ended.is_none() {
        child.kill().unwrap();
    }
    let inside = |name: &str| {
        let path = dir.path().join("var/quick-start").join(name);
        std::fs::read_to_string(path).unwrap_or_default()
    };
    let said = std::fs::read_to_string(&output).unwrap();
    let log = inside("service.log");
    assert!(
        ended.is_some_and(|status| status.success()),
        "{ended:?}\n{said}\n{log}"
    );
    let heard: Vec<String> = inside("events.log").lines().map(str::to_owned).collect();
    for event in [
        "webhook.test ",
        "case.submitted submitted",
        "case.accepted accepted",
        "case.letter_sent letter_sent",
        "case.activated activated",
    ] {
        assert!(heard.iter().any(|h| h == event), "{event}: {heard:?}");
    }
    assert!(said.contains("\nactivated\n"), "{said}");
}
