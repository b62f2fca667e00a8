//! One decoder process from its start to its end.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use idproof_ports::{Clock, MediaError};
use idproof_protocol::{Conversation, Job, Message, MessageReader, Order, ProtocolError, Sandbox};

use crate::pipe::TimedPipe;

/// How long a child may take to end after its pipe has closed.
const GRACE: Duration = Duration::from_secs(1);

/// Lets glibc ask for large pages for large buffers (2.35 and later; others do not know the name): a
/// picture of twelve megapixels is 18 of them instead of 9,000 small ones, each of which the kernel
/// clears and maps by itself.
const LARGE_PAGES: (&str, &str) = ("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");

/// A running decoder; dropping it ends the process, whatever it is doing.
pub(crate) struct Running {
    child: Child,
    reader: MessageReader<TimedPipe>,
    conversation: Conversation,
    sandbox: Option<Sandbox>,
    /// The exit status was collected; the process id may by now be another's.
    reaped: bool,
}

/// What happened next in a conversation.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for one match; a box would be an allocation a frame"
)]
pub(crate) enum Next {
    Said(Message),
    /// The process ended without a closing message.
    Died(Option<ExitStatus>),
    /// It took longer than allowed.
    TimedOut,
    /// It did not hold to the protocol.
    Broke(ProtocolError),
}

impl Running {
    /// Starts the program with the file as standard input, no environment but [`LARGE_PAGES`] for
    /// a still, no other descriptor, in its own process group.
    pub fn start(
        program: &Path,
        order: &Order,
        input: File,
        clock: Arc<dyn Clock>,
        limit: Duration,
    ) -> Result<Self, MediaError> {
        let mut child = Command::new(program)
            .args(order.to_args())
            .env_clear()
            .envs((order.job == Job::Image).then_some(LARGE_PAGES))
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::from(input))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| cannot_start(program, e.kind()))?;
        let Some(pipe) = child.stdout.take() else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(MediaError::Unavailable("the decoder has no pipe".into()));
        };
        Ok(Self {
            child,
            reader: MessageReader::new(TimedPipe::new(pipe, clock, limit), order),
            conversation: Conversation::new(order),
            sandbox: None,
            reaped: false,
        })
    }

    /// What the child said of its sandbox, once it has.
    pub fn sandbox(&self) -> Option<Sandbox> {
        self.sandbox
    }

    /// The next admissible message after `Ready`.
    pub fn next(&mut self) -> Next {
        loop {
            let message = match self.reader.next_message() {
                Ok(Some(message)) => message,
                Ok(None) => return Next::Died(self.reap()),
                Err(e) => return self.explain(e),
            };
            if let Err(e) = self.conversation.admit(&message) {
                return Next::Broke(e);
            }
            match message {
                Message::Ready(sandbox) => self.sandbox = Some(sandbox),
                other => return Next::Said(other),
            }
        }
    }

    fn explain(&mut self, error: ProtocolError) -> Next {
        match &error {
            ProtocolError::Pipe(e) if e.kind() == ErrorKind::TimedOut => Next::TimedOut,
            // The pipe ended inside a message: the death tells more than the half message.
            ProtocolError::Pipe(e) if e.kind() == ErrorKind::UnexpectedEof => {
                Next::Died(self.reap())
            }
            _ => Next::Broke(error),
        }
    }

    /// The exit status of a child whose pipe has closed; `None` where it lives on.
    fn reap(&mut self) -> Option<ExitStatus> {
        const STEP: Duration = Duration::from_millis(2);
        let mut waited = Duration::ZERO;
        while waited < GRACE {
            match self.child.try_wait() {
                Ok(Some(status)) => {
                    self.reaped = true;
                    return Some(status);
                }
                Ok(None) => {
                    thread::sleep(STEP);
                    waited += STEP;
                }
                Err(_) => return None,
            }
        }
        None
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.reaped {
            return;
        }
        // Not yet waited for, so the id is still this child's, be it alive or not.
        if let Some(group) = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cannot_start(program: &Path, kind: ErrorKind) -> MediaError {
    let why = match kind {
        ErrorKind::NotFound => "is missing; build or install it beside the main program",
        ErrorKind::PermissionDenied => "may not be executed",
        ErrorKind::OutOfMemory | ErrorKind::WouldBlock => "cannot be started: no resources left",
        _ => "cannot be started",
    };
    MediaError::Unavailable(format!("{} {why}", program.display()))
}
