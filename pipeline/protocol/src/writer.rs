use std::io::{self, Write};

use crate::message::Kind;
use crate::wire::Put;
use crate::{Failure, Frame, Image, MAX_AUDIO_SAMPLES, Message, Sandbox, VideoSummary};

/// Writes messages to a pipe, each in one or two writes.
pub struct MessageWriter<W> {
    pipe: W,
}

impl<W: Write> MessageWriter<W> {
    pub fn new(pipe: W) -> Self {
        Self { pipe }
    }

    pub fn into_inner(self) -> W {
        self.pipe
    }

    /// Any message. Pictures are better sent with [`Self::frame`], which borrows its pixels.
    pub fn send(&mut self, message: &Message) -> io::Result<()> {
        match message {
            Message::Ready(sandbox) => self.ready(sandbox),
            Message::Image(image) => self.image(image),
            Message::Frame(frame) => self.frame(frame),
            Message::Audio(samples) => self.audio(samples),
            Message::Video(summary) => self.video(summary),
            Message::Failure(failure) => self.failure(failure),
            Message::Survived(errno) => {
                let mut put = Put::default();
                put.i32(*errno);
                self.message(Kind::Survived, &put.0, &[])
            }
        }
    }

    pub fn ready(&mut self, sandbox: &Sandbox) -> io::Result<()> {
        let mut put = Put::default();
        sandbox.put(&mut put);
        self.message(Kind::Ready, &put.0, &[])
    }

    pub fn image(&mut self, image: &Image) -> io::Result<()> {
        let mut put = Put::default();
        image.put_head(&mut put);
        self.message(Kind::Image, &put.0, &image.pixels)
    }

    pub fn frame(&mut self, frame: &Frame) -> io::Result<()> {
        let mut put = Put::default();
        frame.put_head(&mut put);
        self.message(Kind::Frame, &put.0, &frame.pixels)
    }

    /// Split into messages of at most [`MAX_AUDIO_SAMPLES`].
    pub fn audio(&mut self, samples: &[f32]) -> io::Result<()> {
        for part in samples.chunks(MAX_AUDIO_SAMPLES) {
            let bytes: Vec<u8> = part.iter().flat_map(|s| s.to_le_bytes()).collect();
            self.message(Kind::Audio, &bytes, &[])?;
        }
        Ok(())
    }

    pub fn video(&mut self, summary: &VideoSummary) -> io::Result<()> {
        let mut put = Put::default();
        summary.put(&mut put);
        self.message(Kind::Video, &put.0, &[])
    }

    pub fn failure(&mut self, failure: &Failure) -> io::Result<()> {
        let mut put = Put::default();
        failure.put(&mut put);
        self.message(Kind::Failure, &put.0, &[])
    }

    fn message(&mut self, kind: Kind, body: &[u8], pixels: &[u8]) -> io::Result<()> {
        let length = u32::try_from(body.len() + pixels.len())
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        let mut head = Vec::with_capacity(5 + body.len());
        head.push(kind as u8);
        head.extend_from_slice(&length.to_le_bytes());
        head.extend_from_slice(body);
        self.pipe.write_all(&head)?;
        self.pipe.write_all(pixels)
    }
}
