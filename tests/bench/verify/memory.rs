//! Peak memory of a whole `idproof verify`, all processes together.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::Case;
use idproof::config::Config;

/// Bytes: the largest sum, over samples 5 ms apart, of the proportional set sizes of the
/// program and its children.
pub fn peak_of_verify(case: &Case, config: &Config) -> u64 {
    let decoder = config.decoder.program.clone().expect("set");
    let mut child = Command::new(decoder.with_file_name("idproof"))
        .arg("verify")
        .args(
            case.documents
                .iter()
                .flat_map(|d| ["--document".as_ref(), d.as_os_str()]),
        )
        .arg("--video")
        .arg(&case.video)
        .args([
            "--digits",
            crate::DIGITS,
            "--language",
            "fr",
            "--out",
            "var/bench/report.json",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("idproof starts");
    let mut peak = 0;
    while child.try_wait().expect("waiting").is_none() {
        peak = peak.max(tree(child.id()));
        std::thread::sleep(Duration::from_millis(5));
    }
    peak
}

fn tree(pid: u32) -> u64 {
    let mut sum = proportional(pid);
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return sum;
    };
    for task in tasks.flatten() {
        let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        sum += children
            .split_whitespace()
            .filter_map(|c| c.parse().ok())
            .map(tree)
            .sum::<u64>();
    }
    sum
}

fn proportional(pid: u32) -> u64 {
    std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
        .unwrap_or_default()
        .lines()
        .find_map(|l| l.strip_prefix("Pss:"))
        .and_then(|l| l.trim().strip_suffix(" kB"))
        .and_then(|kb| kb.trim().parse::<u64>().ok())
        .map_or(0, |kb| kb * 1024)
}
