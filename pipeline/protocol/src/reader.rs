use std::io::{self, Read};

use crate::message::{FRAME_HEAD, IMAGE_HEAD, Kind};
use crate::wire::Take;
use crate::{Failure, Frame, Image, Job, Limits, Message, Order, Sandbox, VideoSummary};

/// The child does not speak the protocol, or its pipe failed.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// The pipe ended inside a message, failed or took too long.
    #[error("the pipe failed: {0}")]
    Pipe(#[from] io::Error),
    #[error("malformed: {0}")]
    Malformed(&'static str),
    #[error("out of order: {0}")]
    Order(&'static str),
    #[error("beyond what was ordered: {0}")]
    Excess(&'static str),
}

/// Where messages come from.
pub trait Pipe: Read {
    /// Reads into the capacity that `body` has left, none of which need be written before: pictures
    /// are large. How many bytes came, 0 at the end.
    fn append(&mut self, body: &mut Vec<u8>) -> io::Result<usize>;
}

impl Pipe for &[u8] {
    fn append(&mut self, body: &mut Vec<u8>) -> io::Result<usize> {
        let (now, later) = self.split_at(self.len().min(body.capacity() - body.len()));
        body.extend_from_slice(now);
        *self = later;
        Ok(now.len())
    }
}

/// Reads messages off a pipe; allocates for a message only what its kind and the order allow.
pub struct MessageReader<R> {
    pipe: R,
    /// Most pixels of one picture.
    pixels: u64,
}

impl<R: Pipe> MessageReader<R> {
    pub fn new(pipe: R, order: &Order) -> Self {
        Self {
            pipe,
            pixels: max_pixels(order.job, &order.limits),
        }
    }

    /// The next message, `None` where the pipe ends between two messages.
    pub fn next_message(&mut self) -> Result<Option<Message>, ProtocolError> {
        let mut kind = [0];
        loop {
            match self.pipe.read(&mut kind) {
                Ok(0) => return Ok(None),
                Ok(_) => break,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
        let kind = Kind::from_byte(kind[0]).ok_or(ProtocolError::Malformed("an unknown kind"))?;
        let mut length = [0; 4];
        self.pipe.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        match kind {
            Kind::Image => self.image(length).map(|m| Some(Message::Image(m))),
            Kind::Frame => self.frame(length).map(|m| Some(Message::Frame(m))),
            _ if length > kind.max_body() => {
                Err(ProtocolError::Malformed("a body longer than its kind"))
            }
            _ => {
                let body = self.body(length)?;
                parse(kind, &body).map(Some)
            }
        }
    }

    /// Exactly `length` bytes; the caller has checked the length.
    fn body(&mut self, length: usize) -> Result<Vec<u8>, ProtocolError> {
        let mut body = Vec::new();
        body.try_reserve_exact(length)
            .map_err(|_| ProtocolError::Excess("no memory for a message"))?;
        if body.capacity() > length {
            // An allocator may give more, and into that the next message would be read.
            body.resize(length, 0);
            self.pipe.read_exact(&mut body)?;
        }
        while body.len() < length {
            match self.pipe.append(&mut body) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(body)
    }

    fn image(&mut self, length: usize) -> Result<Image, ProtocolError> {
        let mut head = [0; IMAGE_HEAD];
        self.pipe.read_exact(&mut head)?;
        let mut take = Take(&head);
        let mut image = Image::take_head(&mut take)?;
        take.end()?;
        let stored = u64::from(image.stored_width) * u64::from(image.stored_height);
        let upright = u64::from(image.width) * u64::from(image.height);
        if stored != upright {
            return Err(ProtocolError::Malformed("an image changed its size"));
        }
        let bytes = self.pixel_bytes(image.width, image.height)?;
        if length != IMAGE_HEAD + bytes {
            return Err(ProtocolError::Malformed("an image of another size"));
        }
        image.pixels = self.body(bytes)?;
        Ok(image)
    }

    fn frame(&mut self, length: usize) -> Result<Frame, ProtocolError> {
        let mut head = [0; FRAME_HEAD];
        self.pipe.read_exact(&mut head)?;
        let mut take = Take(&head);
        let mut frame = Frame::take_head(&mut take)?;
        take.end()?;
        let bytes = self.pixel_bytes(frame.width, frame.height)?;
        if length != FRAME_HEAD + bytes {
            return Err(ProtocolError::Malformed("a frame of another size"));
        }
        frame.pixels = self.body(bytes)?;
        Ok(frame)
    }

    fn pixel_bytes(&self, width: u32, height: u32) -> Result<usize, ProtocolError> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 || pixels > self.pixels {
            return Err(ProtocolError::Excess("a picture of that size"));
        }
        usize::try_from(pixels * 3).map_err(|_| ProtocolError::Excess("a picture of that size"))
    }
}

fn max_pixels(job: Job, limits: &Limits) -> u64 {
    match job {
        Job::Image => limits.image_pixels.min(200_000_000),
        Job::Video { max_side, .. } => {
            let side = u64::from(max_side.min(limits.side).min(8192));
            side * side
        }
        Job::Sound | Job::SelfCheck(_) => 0,
    }
}

fn parse(kind: Kind, body: &[u8]) -> Result<Message, ProtocolError> {
    let mut take = Take(body);
    let message = match kind {
        Kind::Ready => Message::Ready(Sandbox::take(&mut take)?),
        Kind::Video => Message::Video(VideoSummary::take(&mut take)?),
        Kind::Failure => Message::Failure(Failure::take(&mut take)?),
        Kind::Survived => Message::Survived(take.i32()?),
        Kind::Audio => Message::Audio(samples(take.bytes(body.len())?)?),
        Kind::Image | Kind::Frame => return Err(ProtocolError::Malformed("a picture as text")),
    };
    take.end()?;
    Ok(message)
}

/// Finite samples, clamped to -1..=1.
fn samples(bytes: &[u8]) -> Result<Vec<f32>, ProtocolError> {
    let (words, rest) = bytes.as_chunks::<4>();
    if words.is_empty() || !rest.is_empty() {
        return Err(ProtocolError::Malformed("sound that is no whole samples"));
    }
    let mut out = Vec::with_capacity(words.len());
    for word in words {
        let sample = f32::from_le_bytes(*word);
        if !sample.is_finite() {
            return Err(ProtocolError::Malformed("a sample is no number"));
        }
        out.push(sample.clamp(-1.0, 1.0));
    }
    Ok(out)
}
