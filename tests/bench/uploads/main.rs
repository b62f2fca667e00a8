//! Fifty recordings of 30 MB at once against `idproof all`: how much its memory grows, and its
//! throughput beside a bare axum handler that streams the same bytes to the same disk without
//! encrypting them. Also the memory of `idproof all` that waits.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark: it fails loudly, reads the real time and prints what it finds"
)]

mod bare;

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use bytes::Bytes;
use clap::Parser;
use futures_util::future::join_all;
use idproof_test_support::{Applicant, OutboxCodes, Program, built, content_digest, free_port};
use reqwest::Client;
use serde_json::json;

#[derive(Parser)]
struct Args {
    #[arg(long, default_value_t = 50)]
    uploads: usize,
    #[arg(long, default_value_t = 30)]
    megabytes: usize,
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Runs the bare handler on this port instead.
    #[arg(long, requires = "dir")]
    bare: Option<u16>,
    #[arg(long)]
    dir: Option<std::path::PathBuf>,
    /// The bare handler waits until the disk has the bytes, as idproof does.
    #[arg(long)]
    sync: bool,
}

const MIB: f64 = 1024.0 * 1024.0;
const CHUNK: usize = 8 << 20;
const PATIENCE: Duration = Duration::from_secs(10);

/// A file in chunks, each with its digest.
struct Recording {
    file: Bytes,
    chunks: Vec<(Bytes, String)>,
}

impl Recording {
    fn of(size: usize) -> Self {
        let file: Bytes = (0..size).map(|n| (n % 251) as u8).collect();
        let chunks = (0..size)
            .step_by(CHUNK)
            .map(|at| {
                let part = file.slice(at..size.min(at + CHUNK));
                let digest = content_digest(&part);
                (part, digest)
            })
            .collect();
        Self { file, chunks }
    }

    async fn send(&self, client: &Client, url: &str, upload: &str, token: &str) {
        for (n, (part, digest)) in self.chunks.iter().enumerate() {
            let answer = client
                .put(format!("{url}/v1/uploads/{upload}/chunks/{n}"))
                .bearer_auth(token)
                .header("content-digest", digest)
                .body(part.clone())
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 204, "{}", answer.text().await.unwrap());
        }
    }
}

struct Bare(Child);

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn bare(sync: bool, args: &Args, recording: &Recording) -> Measure {
    let dir = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--bare", &port.to_string(), "--dir"])
        .arg(dir.path());
    if sync {
        command.arg("--sync");
    }
    let server = Bare(command.spawn().unwrap());
    let pid = server.0.id();
    let (client, url) = (Client::new(), format!("http://127.0.0.1:{port}"));
    for _ in 0..100 {
        if client.get(&url).send().await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (before, began) = (cpu(pid), Instant::now());
    join_all((0..args.uploads).map(|n| {
        let (client, url, id) = (&client, &url, format!("upl{n}"));
        async move { recording.send(client, url, &id, "none").await }
    }))
    .await;
    Measure::of(args, recording, began, pid, before)
}

impl Measure {
    fn of(args: &Args, recording: &Recording, began: Instant, pid: u32, before: f64) -> Self {
        let mib = (args.uploads * recording.file.len()) as f64 / MIB;
        Self {
            rate: mib / began.elapsed().as_secs_f64(),
            cpu: (cpu(pid) - before) / mib * 1024.0,
        }
    }
}

/// Seconds of CPU that a process has taken.
fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    let ticks = rest.split(' ').skip(11).take(2);
    ticks.map(|t| t.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

/// Throughput in MiB/s and the server's CPU in seconds a GiB.
#[derive(Clone, Copy)]
struct Measure {
    rate: f64,
    cpu: f64,
}

/// Peak resident memory of a process since the last call of [`forget_peak`].
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        * 1024
}

fn forget_peak(pid: u32) {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
}

async fn prepare(url: &str, outbox: &std::path::Path, args: &Args) -> Vec<Applicant> {
    let (client, urls) = (Client::new(), vec![url.to_owned()]);
    let codes = OutboxCodes(outbox.to_owned());
    let picture = Bytes::from(vec![7; 100_000]);
    let mut all = Vec::new();
    for _ in 0..args.uploads {
        let me = Applicant::open(&client, &urls, PATIENCE, None, None).await;
        me.introduce(&codes).await;
        me.upload("document_front", &picture, CHUNK, None).await;
        all.push(me);
    }
    all
}

async fn round(
    all: &[Applicant],
    url: &str,
    pid: u32,
    args: &Args,
    recording: &Recording,
) -> Measure {
    let mut uploads = Vec::new();
    for me in all {
        let challenge = me.post("challenges", json!({})).await;
        let id = me
            .begin_upload("selfie_video", &recording.file, Some(&challenge))
            .await;
        uploads.push(id);
    }
    let client = Client::new();
    let (before, began) = (cpu(pid), Instant::now());
    join_all(all.iter().zip(&uploads).map(|(me, id)| {
        let client = &client;
        async move {
            recording.send(client, url, id, &me.token).await;
            me.complete(id, recording.chunks.len(), None).await;
        }
    }))
    .await;
    Measure::of(args, recording, began, pid, before)
}

fn median(all: &[Measure]) -> Measure {
    let middle = |of: fn(&Measure) -> f64| {
        let mut values: Vec<f64> = all.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    Measure {
        rate: middle(|m| m.rate),
        cpu: middle(|m| m.cpu),
    }
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    if let (Some(port), Some(dir)) = (args.bare, &args.dir) {
        return bare::serve(port, dir.clone(), args.sync).await;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut program = Program::new(&built("idproof"), &["all"], dir.path())
        .set("LIMITS_PER_ADDRESS", 1_000_000)
        .set("LIMITS_CASES_PER_ADDRESS", 1_000_000)
        .set("WORKER_POLL_MS", 50)
        .set("LOG", "warn");
    let url = program.listen();
    program.start();
    program.ready(&url).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let waiting = program.resident() as f64 / MIB;
    println!("idproof all, waiting, no models: {waiting:.0} MiB (asked: at most 100)");

    let recording = Recording::of(args.megabytes * 1_000_000);
    let outbox = dir.path().join("outbox");
    let idle = program.resident() as f64 / MIB;
    let (mut ours, mut plain, mut synced, mut growth) = (vec![], vec![], vec![], 0f64);
    for n in 0..args.rounds {
        // Applicants of its own for every round: none replaces an earlier recording.
        let all = prepare(&url, &outbox, &args).await;
        plain.push(bare(false, &args, &recording).await);
        forget_peak(program.pid());
        ours.push(round(&all, &url, program.pid(), &args, &recording).await);
        growth = growth.max(peak(program.pid()) as f64 / MIB - idle);
        synced.push(bare(true, &args, &recording).await);
        println!(
            "round {}: idproof {:.0} MiB/s, bare {:.0}, bare with fsync {:.0}",
            n + 1,
            ours[n].rate,
            plain[n].rate,
            synced[n].rate
        );
    }
    println!(
        "{} uploads of {} MB at once, medians of {} rounds:",
        args.uploads, args.megabytes, args.rounds
    );
    let (ours, plain, synced) = (median(&ours), median(&plain), median(&synced));
    let show = |name: &str, m: Measure| {
        println!(
            "  {name:22} {:5.0} MiB/s, {:.2} s of its CPU a GiB",
            m.rate, m.cpu
        );
    };
    show("idproof", ours);
    show("bare handler", plain);
    show("bare handler, fsync", synced);
    println!(
        "  idproof reaches {:.0} % of the bare handler (asked: at least 60), {:.0} % of it with fsync",
        100.0 * ours.rate / plain.rate,
        100.0 * ours.rate / synced.rate
    );
    println!("  memory above idle ({idle:.0} MiB) {growth:.0} MiB (asked: at most 64)");
}
