//! What the analysis of the recording alone costs beyond its decoding, and whether memory follows
//! its length.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use idproof::config::Config;
use idproof_inference::Runtime;
use idproof_models::Store;
use idproof_ports::{Clock, MediaDecoder};
use idproof_worker::{Analysers, analyse_recording};

use crate::call_counter::Counter;
use crate::{Case, REPEATS, Silent, measure, median, memory, model_floor, ms, speech_floor};

/// How often the ten seconds follow each other in the long recording.
const ROUNDS: u32 = 5;

pub struct Tools<'a> {
    pub calls: &'a Counter,
    pub runtime: &'a Runtime,
    pub store: &'a Store,
    pub decoder: &'a dyn MediaDecoder,
    pub analysers: &'a Analysers,
    pub clock: &'a dyn Clock,
}

/// Prints its own lines of the table.
pub fn report(case: &Case, tools: &Tools<'_>) {
    let run = || {
        analyse_recording(
            &case.input(),
            tools.decoder,
            tools.analysers,
            tools.clock,
            &Silent,
        )
        .expect("usable")
    };
    run();
    tools.calls.reset();
    let all: Vec<_> = (0..REPEATS).map(|_| measure(run)).collect();
    let mut made = tools.calls.taken();
    let repeats = REPEATS as u32;
    let calls = made.cpu / repeats;
    let counts = made
        .calls
        .values_mut()
        .flat_map(|shapes| shapes.values_mut());
    counts.for_each(|count| *count /= REPEATS);
    let own = median(all.iter().map(|m| m.cpu - m.children));
    let children = median(all.iter().map(|m| m.children));
    let models = model_floor(tools.runtime, tools.store, &made.calls);
    let networks: Duration = models.values().map(|m| m.total).sum();
    let bare = networks + speech_floor(tools.analysers, case);
    println!(
        "| the recording alone, beyond its decoding ({} ms) | {} ms of CPU | ≤ 2500 ms |",
        ms(children),
        ms(own)
    );
    println!(
        "| – its calls of ONNX networks ({} ms) over the same calls bare ({} ms) | {:.2} | ≤ 1.25 |",
        ms(calls),
        ms(networks),
        calls.as_secs_f64() / networks.as_secs_f64()
    );
    println!(
        "| – all of it over its bare model calls, speech among them ({} ms) | {:.2} | – |",
        ms(bare),
        own.as_secs_f64() / bare.as_secs_f64()
    );
}

/// Prints the peak of a recording several times as long beside that of the short one.
pub fn memory_by_length(case: &Case, config: &Config, short: u64) {
    let long = Case {
        documents: case.documents.clone(),
        video: longer(&case.video),
    };
    let peak = memory::peak_of_verify(&long, config);
    println!(
        "| peak memory, a recording of {} s | {} MB, {:+.0} MB | the same |",
        10 * ROUNDS,
        peak / 1_000_000,
        (peak as f64 - short as f64) / 1e6
    );
}

fn longer(video: &Path) -> std::path::PathBuf {
    let long = video.with_file_name("fifty-seconds.webm");
    if !long.exists() {
        let status = Command::new("ffmpeg")
            .args(["-v", "error", "-y", "-stream_loop"])
            .arg((ROUNDS - 1).to_string())
            .arg("-i")
            .arg(video)
            .args(["-c", "copy"])
            .arg(&long)
            .status();
        assert!(
            status.is_ok_and(|s| s.success()),
            "ffmpeg makes the long recording"
        );
    }
    long
}
