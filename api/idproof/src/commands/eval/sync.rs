//! `idproof eval sync`: is a voice told from another one, or from itself at another time, by the lips?

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use idproof_evaluation::statistics::{Det, bootstrap_by_group};
use idproof_evaluation::{Figure, Report, Section, Sound, Table, plot};
use idproof_ports::{MediaDecoder, ModelError, VideoFrame, VideoRequest, VideoSink};
use idproof_worker::{FaceTools, Mouth, MouthTracker, Voice, lip_sync_between};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::EvalSyncArgs;
use crate::clock::SystemClock;
use crate::commands::UnusableInput;
use crate::compose;
use crate::config::Config;
use crate::terminal::{note, say};

/// As the worker looks at a case.
const FRAME_GAP: Duration = Duration::from_millis(60);
const LOOK_GAP: Duration = Duration::from_millis(190);
const SIDE: u32 = 1280;
/// Length and distance of the windows that are compared, in seconds.
const WINDOW: f64 = 5.0;
const HOP: f64 = 2.0;
/// A recording a little shorter than a window is one.
const SHORTEST: f64 = 4.6;
/// Own sound at another time is at least this far away, and taken this often.
const LEAST_SHIFT: f64 = 1.0;
const SHIFT_STEP: f64 = 0.5;
const RATE: f64 = 16_000.0;
const DRAWS: usize = 1_000;

/// One recording: its mouth and its sound.
struct Recording {
    name: String,
    mouth: Mouth,
    voice: Voice,
    samples: Vec<f32>,
    /// Seconds from the first frame to the sound's start.
    offset: f64,
    seconds: f64,
}

/// One comparison of a window's own sound with another one.
struct Pair {
    recording: usize,
    own: f64,
    other: f64,
}

pub fn run(args: &EvalSyncArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let clock = Arc::new(SystemClock::new());
    let files = recordings(&args.data)?;
    let store = compose::store(config)?;
    let analysers = compose::analysers(config, &store, clock.clone());
    let tools = analysers
        .faces
        .as_ref()
        .map_err(|e| anyhow::Error::msg(e.to_string()))?;
    let decoder = compose::decoder(config, clock)?;
    let bar = ProgressBar::new(files.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} recordings") {
        bar.set_style(style);
    }
    let (mut usable, mut unusable) = (Vec::new(), Vec::new());
    for path in &files {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match watch(path, name.clone(), &decoder, tools) {
            Ok(recording) => usable.push(recording),
            Err(why) => {
                note(format_args!("{name}: {why}"));
                unusable.push((name, why));
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let report = report(&usable, &unusable)?;
    report.write(&args.out)?;
    for (name, figure) in report.figures() {
        let value = figure.value.map_or("–".to_owned(), |v| format!("{v:.4}"));
        say(format_args!("{name:18} {value:>8}  n = {}", figure.n));
    }
    let page = args.out.join("report.html");
    say(format_args!("Report: {}", page.display()));
    Ok(ExitCode::SUCCESS)
}

fn recordings(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(dir).map_err(|e| {
        let what = "give a folder with recordings of people who speak";
        UnusableInput(format!("{}: {e}; {what}", dir.display()))
    })?;
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()
        .with_context(|| format!("cannot list {}", dir.display()))?;
    files.retain(|p| {
        let ending = p
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        ["mp4", "mov", "webm", "mkv"].contains(&ending.as_str())
    });
    files.sort();
    if files.is_empty() {
        let what = format!("{} holds no MP4, MOV or WebM recording", dir.display());
        return Err(UnusableInput(what).into());
    }
    Ok(files)
}

/// Follows the mouth and keeps the sound.
struct Watcher<'a> {
    tools: &'a Mutex<FaceTools>,
    tracker: MouthTracker,
    samples: Vec<f32>,
    last: Duration,
    error: Option<ModelError>,
}

impl Watcher<'_> {
    fn look(&mut self, frame: &VideoFrame) -> Result<(), ModelError> {
        let mut tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        let tools = &mut *tools;
        let Some(mesh) = &mut tools.mesh else {
            return Err(ModelError::Failed {
                model: "facemesh".to_owned(),
                detail: "is not there; `idproof models pull` fetches it".to_owned(),
            });
        };
        if self.tracker.only_follows(frame.at, LOOK_GAP) {
            let followed = self.tracker.follow(&frame.image, &mut *tools.landmarks)?;
            return match followed {
                Some(landmarks) => {
                    self.tracker
                        .see_mouth(frame.at, &frame.image, &landmarks, &mut **mesh)
                }
                None => Ok(()),
            };
        }
        let faces = tools.finder.find(&frame.image)?;
        let Some(face) = faces.first() else {
            self.tracker.looked(frame.at, None);
            return Ok(());
        };
        let landmarks = tools.landmarks.locate(&frame.image, &face.bounds)?;
        self.tracker
            .looked(frame.at, Some((&face.bounds, &landmarks)));
        self.tracker
            .see_mouth(frame.at, &frame.image, &landmarks, &mut **mesh)
    }
}

impl VideoSink for Watcher<'_> {
    fn frame(&mut self, frame: VideoFrame) -> ControlFlow<()> {
        self.last = frame.at;
        match self.look(&frame) {
            Ok(()) => ControlFlow::Continue(()),
            Err(e) => {
                self.error = Some(e);
                ControlFlow::Break(())
            }
        }
    }

    fn audio(&mut self, samples: &[f32]) -> ControlFlow<()> {
        self.samples.extend_from_slice(samples);
        ControlFlow::Continue(())
    }
}

fn watch(
    path: &Path,
    name: String,
    decoder: &dyn MediaDecoder,
    tools: &Mutex<FaceTools>,
) -> Result<Recording, String> {
    let mut watcher = Watcher {
        tools,
        tracker: MouthTracker::default(),
        samples: Vec::new(),
        last: Duration::ZERO,
        error: None,
    };
    let request = VideoRequest {
        min_frame_gap: FRAME_GAP,
        max_side: SIDE,
    };
    let report = decoder
        .decode_video(&path.into(), &request, &mut watcher)
        .map_err(|e| e.to_string())?;
    if let Some(e) = watcher.error {
        return Err(e.to_string());
    }
    let offset = report.audio_offset_us as f64 / 1e6;
    let sound = watcher.samples.len() as f64 / RATE;
    let seconds = watcher.last.as_secs_f64().min(offset + sound);
    let power: f32 = watcher.samples.iter().map(|x| x * x).sum();
    if watcher.samples.is_empty() || power < 1e-3 {
        return Err("it has no sound".into());
    }
    if seconds < SHORTEST {
        return Err(format!(
            "face and sound last {seconds:.1} s together; {SHORTEST} s are needed"
        ));
    }
    Ok(Recording {
        name,
        mouth: watcher.tracker.mouth,
        voice: Voice::of(&watcher.samples),
        samples: watcher.samples,
        offset,
        seconds,
    })
}

/// (recording, start, end) of every window.
fn windows(recordings: &[Recording]) -> Vec<(usize, f64, f64)> {
    let mut out = Vec::new();
    for (which, recording) in recordings.iter().enumerate() {
        let mut start = 0.0;
        while start == 0.0 || start + WINDOW <= recording.seconds {
            out.push((which, start, (start + WINDOW).min(recording.seconds)));
            start += HOP;
        }
    }
    out
}

/// What the windows gave.
struct Comparisons {
    /// Own sound against the other recordings'.
    swapped: Vec<Pair>,
    /// Own sound against its own elsewhere.
    shifted: Vec<Pair>,
    /// Each window's name and the score of its own sound.
    scores: Vec<(String, f64)>,
    unmeasured: usize,
}

/// Every window's own sound against the other recordings' windows and against its own elsewhere.
fn compare(recordings: &[Recording]) -> Comparisons {
    let windows = windows(recordings);
    let (mut swapped, mut shifted, mut scores, mut unmeasured) = (vec![], vec![], vec![], 0);
    for (which, start, end) in &windows {
        let mine = &recordings[*which];
        let score = |sound: &Recording, from: f64| {
            let offset = sound.offset + start - from;
            lip_sync_between(&mine.mouth, &sound.voice, offset, *start, *end).map(|l| l.score)
        };
        let Some(own) = score(mine, *start) else {
            unmeasured += 1;
            continue;
        };
        scores.push((format!("{} at {start:.0} s", mine.name), own));
        let fits = |r: &Recording, from: f64| from + end - start <= r.seconds + 0.05;
        let pair = |other: f64| Pair {
            recording: *which,
            own,
            other,
        };
        for (theirs, from, _) in &windows {
            let sound = &recordings[*theirs];
            if theirs != which && fits(sound, *from) {
                swapped.extend(score(sound, *from).map(pair));
            }
        }
        let mut from = 0.0;
        while fits(mine, from) {
            if (from - start).abs() >= LEAST_SHIFT {
                shifted.extend(score(mine, from).map(pair));
            }
            from += SHIFT_STEP;
        }
    }
    Comparisons {
        swapped,
        shifted,
        scores,
        unmeasured,
    }
}

/// How often own sound scores higher; the interval draws recordings, since windows overlap.
fn accuracy(pairs: &[Pair], recordings: usize) -> Figure {
    if pairs.is_empty() {
        return Figure::bare(None, 0);
    }
    let weighted = |times: &[u32]| {
        let (mut right, mut all) = (0.0, 0.0);
        for pair in pairs {
            let weight = f64::from(times[pair.recording]);
            all += weight;
            right += if pair.own > pair.other { weight } else { 0.0 };
        }
        (all > 0.0).then(|| right / all)
    };
    let value = weighted(&vec![1; recordings]).unwrap_or(0.0);
    let interval = bootstrap_by_group(recordings, DRAWS, 7, |times| weighted(times));
    Figure::with_interval(value, pairs.len() as u64, interval)
}

fn report(recordings: &[Recording], unusable: &[(String, String)]) -> anyhow::Result<Report> {
    let Comparisons {
        swapped,
        shifted,
        mut scores,
        unmeasured,
    } = compare(recordings);
    let own: Vec<f64> = scores.iter().map(|s| s.1).collect();
    let other: Vec<f64> = swapped.iter().chain(&shifted).map(|p| p.other).collect();
    let mut report = Report::new("Lips and voice")
        .about(format!(
            "{} recordings with a face and sound, {} others; windows of {WINDOW} s, {HOP} s apart.",
            recordings.len(),
            unusable.len()
        ))
        .about("swapped: the own sound scores higher than a window of another recording's. shifted: than the own sound at least 1 s away. Both count pairs; intervals draw recordings.")
        .figure("swapped_accuracy", accuracy(&swapped, recordings.len()))
        .figure("shifted_accuracy", accuracy(&shifted, recordings.len()))
        .figure("windows", Figure::bare(Some(own.len() as f64), own.len() as u64))
        .figure("unmeasured", Figure::share(unmeasured as u64, (own.len() + unmeasured) as u64));
    if let Some(det) = Det::new(&own, &other) {
        report = report.figure("eer", Figure::bare(Some(det.eer()), own.len() as u64));
        let rows = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
            .iter()
            .map(|&t| {
                let point = det.at_threshold(t);
                let share = |s: f64| format!("{:.1} %", 100.0 * s);
                vec![format!("{t}"), share(point.fmr), share(point.fnmr)]
            })
            .collect();
        let names = ("other sound accepted", "own sound not accepted");
        report = report.section(Section::Plot {
            title: "DET curve of the correlation".into(),
            svg: plot::det_curve(names, &[("correlation", &det)], None)?,
            table: Table {
                title: "Thresholds".into(),
                head: vec!["from".into(), names.0.into(), names.1.into()],
                rows,
            },
        });
    }
    scores.sort_by(|a, b| a.1.total_cmp(&b.1));
    let rows = scores
        .iter()
        .map(|(n, s)| vec![n.clone(), format!("{s:.2}")])
        .collect();
    report = report.section(Section::Table(Table {
        title: "Own sound, worst first".into(),
        head: vec!["window".into(), "correlation".into()],
        rows,
    }));
    let rows = unusable
        .iter()
        .map(|(f, w)| vec![f.clone(), w.clone()])
        .collect();
    report = report.section(Section::Table(Table {
        title: "Recordings that cannot be used".into(),
        head: vec!["file".into(), "why".into()],
        rows,
    }));
    Ok(report.section(worst(&scores, recordings)))
}

/// The sound of the windows that fit least.
fn worst(scores: &[(String, f64)], recordings: &[Recording]) -> Section {
    let items = scores
        .iter()
        .take(4)
        .filter_map(|(name, score)| {
            let (file, at) = name.rsplit_once(" at ")?;
            let recording = recordings.iter().find(|r| r.name == file)?;
            let start = at.trim_end_matches(" s").parse::<f64>().ok()? - recording.offset;
            let from = (start.max(0.0) * RATE) as usize;
            let to = (from + (WINDOW * RATE) as usize).min(recording.samples.len());
            Some(Sound {
                caption: format!("{name}: correlation {score:.2}"),
                wav: super::wav::of(recording.samples.get(from..to)?),
            })
        })
        .collect();
    Section::Sounds {
        title: "Worst windows".into(),
        items,
    }
}
