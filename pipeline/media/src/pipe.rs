//! The child's pipe, read under a time limit.

use std::io::{self, ErrorKind, Read};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::process::ChildStdout;
use std::sync::Arc;
use std::time::Duration;

use idproof_ports::Clock;
use idproof_protocol::Pipe;
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Waits are cut into slices, so that time passes even under a clock that stands still.
const SLICE: Duration = Duration::from_millis(100);

/// Bytes the pipe may hold; the kernel's usual most for everyone.
const CAPACITY: usize = 1 << 20;

/// Bytes from which large pages are worth asking for: a photograph, not a frame, whose memory is used
/// again by the next one.
const LARGE: usize = 8 << 20;

/// Only the time spent waiting for the child counts, not the time its frames take to analyse.
pub(crate) struct TimedPipe {
    pipe: ChildStdout,
    clock: Arc<dyn Clock>,
    left: Duration,
}

impl TimedPipe {
    pub fn new(pipe: ChildStdout, clock: Arc<dyn Clock>, limit: Duration) -> Self {
        // A smaller pipe is slower, not wrong.
        let _ = rustix::pipe::fcntl_setpipe_size(&pipe, CAPACITY);
        Self {
            pipe,
            clock,
            left: limit,
        }
    }

    /// Blocks until there is something to read, or the pipe's end.
    fn wait(&mut self) -> io::Result<()> {
        loop {
            if self.left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            let slice = self.left.min(SLICE);
            let timeout = Timespec {
                tv_sec: 0,
                tv_nsec: i64::from(slice.subsec_nanos()),
            };
            let began = self.clock.monotonic();
            let mut fds = [PollFd::from_borrowed_fd(self.pipe.as_fd(), PollFlags::IN)];
            let ready = match poll(&mut fds, Some(&timeout)) {
                Ok(ready) => ready > 0,
                Err(rustix::io::Errno::INTR) => continue,
                Err(e) => return Err(e.into()),
            };
            let waited = self.clock.monotonic().saturating_sub(began);
            let charge = if ready { waited } else { waited.max(slice) };
            self.left = self.left.saturating_sub(charge);
            if ready {
                return Ok(());
            }
        }
    }
}

impl Read for TimedPipe {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.wait()?;
        self.pipe.read(buf)
    }
}

impl Pipe for TimedPipe {
    fn append(&mut self, body: &mut Vec<u8>) -> io::Result<usize> {
        if body.is_empty() && body.capacity() >= LARGE {
            prefer_large_pages(body.spare_capacity_mut());
        }
        self.wait()?;
        Ok(rustix::io::read(&self.pipe, spare_capacity(body))?)
    }
}

/// Asks for pages of two mebibytes: a photograph of twelve megapixels is 18 of them instead of 9,000
/// small ones, each of which the kernel clears and maps by itself. A kernel that has none gives small ones.
#[expect(unsafe_code, reason = "madvise(2) has no safe wrapper")]
fn prefer_large_pages(memory: &mut [MaybeUninit<u8>]) {
    const PAGE: usize = 4096;
    let before = memory.as_ptr().align_offset(PAGE);
    let Some(pages) = memory.get_mut(before..) else {
        return;
    };
    // SAFETY: the range lies within `memory`; this advice changes nothing of what is there.
    let _ = unsafe { libc::madvise(pages.as_mut_ptr().cast(), pages.len(), libc::MADV_HUGEPAGE) };
}
