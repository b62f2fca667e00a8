//! The end of a connection whose other side may still be sending.
//!
//! A socket that is closed with bytes unread is torn down, and the answer may be lost on its way:
//! whoever sends what is refused before it is read would never learn why. So what still comes is
//! read and forgotten for a while.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

const LONGEST: Duration = Duration::from_secs(10);
/// As many bytes as the largest chunk of an upload may have.
const MOST: usize = 64 << 20;

/// A socket that is heard out before it is closed.
pub(crate) struct Lingering {
    stream: TcpStream,
    left: usize,
    until: Option<Pin<Box<Sleep>>>,
}

impl Lingering {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            left: MOST,
            until: None,
        }
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Says that nothing more comes from here, then waits until the other side says so too.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.until.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        }
        let until = this
            .until
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(LONGEST)));
        let mut scrap = [0; 8 << 10];
        while this.left > 0 && until.as_mut().poll(cx).is_pending() {
            let mut read = ReadBuf::new(&mut scrap);
            let came = ready!(Pin::new(&mut this.stream).poll_read(cx, &mut read));
            if came.is_err() || read.filled().is_empty() {
                break;
            }
            this.left = this.left.saturating_sub(read.filled().len());
        }
        Poll::Ready(Ok(()))
    }
}
