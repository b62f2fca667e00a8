//! Shows what the decoder sees of a recording: `decode PROGRAM FILE [GAP_MS [MAX_SIDE]]`.
//! Run it under `time` to compare with `ffmpeg -i FILE -f null -`.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a command of its own: it prints, and composes the real clock"
)]

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use idproof_media::{Decoder, DecoderConfig};
use idproof_ports::{Clock, MediaDecoder, VideoFrame, VideoRequest, VideoSink};

struct RealClock(Instant);

impl Clock for RealClock {
    fn now_ms(&self) -> i64 {
        0
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

#[derive(Default)]
struct Count {
    frames: u64,
    samples: u64,
}

impl VideoSink for Count {
    fn frame(&mut self, _: VideoFrame) -> ControlFlow<()> {
        self.frames += 1;
        ControlFlow::Continue(())
    }

    fn audio(&mut self, samples: &[f32]) -> ControlFlow<()> {
        self.samples += samples.len() as u64;
        ControlFlow::Continue(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [program, file, rest @ ..] = &arguments[..] else {
        return Err("usage: decode PROGRAM FILE [GAP_MS [MAX_SIDE]]".into());
    };
    let number = |at: usize, default| rest.get(at).map_or(Ok(default), |word| word.parse());
    let request = VideoRequest {
        min_frame_gap: Duration::from_millis(number(0, 100)?),
        max_side: u32::try_from(number(1, 1280)?)?,
    };
    let decoder = Decoder::new(
        DecoderConfig::new(program),
        Arc::new(RealClock(Instant::now())),
    );
    let mut count = Count::default();
    let report = decoder.decode_video(&Path::new(file).into(), &request, &mut count)?;
    println!(
        "{} {} {:?}, {}x{} turned by {}, {} frames over {:?} ({} dropped, {} twice, {} corrupt)",
        report.container,
        report.video_codec,
        report.audio_codec,
        report.width,
        report.height,
        report.rotation,
        report.timestamps_us.len(),
        report.duration(),
        report.dropped_frames,
        report.duplicated_frames,
        report.corrupt_frames,
    );
    println!(
        "delivered {} frames and {} samples; sound starts at {} us; lies: {:?}",
        count.frames, count.samples, report.audio_offset_us, report.lies
    );
    Ok(())
}
