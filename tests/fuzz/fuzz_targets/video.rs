//! The recording reader over memory: containers, codecs, conversion, sound.
#![no_main]

use std::io;
use std::sync::Once;

use idproof_decoder::Source;
use idproof_decoder::video::{Output, Wanted, decode_video, initialise};
use idproof_protocol::{Frame, Limits};
use libfuzzer_sys::fuzz_target;

static START: Once = Once::new();

fuzz_target!(|data: &[u8]| {
    START.call_once(|| initialise().expect("the media library starts"));
    let limits = Limits {
        side: 256,
        frames: 60,
        duration_us: 5_000_000,
        ..Limits::default()
    };
    let wanted = Wanted {
        min_gap_us: 0,
        max_side: 64,
    };
    let mut checks = Checks { last_us: 0 };
    if let Ok(summary) = decode_video(&Source::from_memory(data), wanted, &limits, &mut checks) {
        assert!(summary.timestamps_us.len() <= limits.frames as usize);
        assert!(summary.width.max(summary.height) <= limits.side);
    }
});

/// Holds the output to what the parent process will demand of it.
struct Checks {
    last_us: u64,
}

impl Output for Checks {
    fn frame(&mut self, frame: Frame) -> io::Result<()> {
        assert!(frame.width.max(frame.height) <= 64);
        assert_eq!(
            frame.pixels.len(),
            (3 * frame.width * frame.height) as usize
        );
        assert!(frame.at_us >= self.last_us);
        self.last_us = frame.at_us;
        Ok(())
    }

    fn audio(&mut self, samples: &[f32]) -> io::Result<()> {
        assert!(samples.iter().all(|s| (-1.0..=1.0).contains(s)));
        Ok(())
    }
}
