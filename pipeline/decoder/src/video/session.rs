//! The decoding loop.

use ffmpeg_next as ffmpeg;
use ffmpeg_next::format::context::Input;
use ffmpeg_next::frame::{Audio, Video};
use idproof_protocol::{Failure, Frame, Limits, VideoSummary};

use super::codec::{Decoder, Medium};
use super::input::{Tracks, next_packet, too_big};
use super::picture::Converter;
use super::scan::{Seen, limit_us, too_long};
use super::sound::Resampler;
use super::timeline::Timeline;
use super::{GAP_TOLERANCE_US, Output, Wanted, damaged, internal, pipe_broke, same, to_us};
use crate::orient;

/// Everything that lives as long as one recording is decoded.
pub(super) struct Session<'a> {
    tracks: Tracks,
    video: Decoder,
    audio: Option<Decoder>,
    wanted: Wanted,
    limits: &'a Limits,
    output: &'a mut dyn Output,
    timeline: Timeline,
    converter: Converter,
    resampler: Resampler,
    /// Time of the first frame in container microseconds.
    origin_us: Option<i64>,
    last_sent_us: Option<i64>,
    /// The frame just decoded and the one before it.
    current: Video,
    previous: Video,
    sound: Audio,
}

/// Read errors in a row before the rest of the file is given up.
pub(super) const MOST_ERRORS: u32 = 100;

impl<'a> Session<'a> {
    pub fn new(
        input: &Input,
        tracks: Tracks,
        wanted: Wanted,
        limits: &'a Limits,
        output: &'a mut dyn Output,
    ) -> Result<Self, Failure> {
        let gone = || internal("a stream is gone");
        let stream = input.stream(tracks.video).ok_or_else(gone)?;
        let video = Decoder::open(&stream, Medium::Video, limits)?;
        let audio = match tracks.audio {
            Some(index) => {
                let stream = input.stream(index).ok_or_else(gone)?;
                Some(Decoder::open(&stream, Medium::Audio, limits)?)
            }
            None => None,
        };
        Ok(Self {
            tracks,
            video,
            audio,
            wanted,
            limits,
            output,
            timeline: Timeline::default(),
            converter: Converter::default(),
            resampler: Resampler::default(),
            origin_us: None,
            last_sent_us: None,
            current: Video::empty(),
            previous: Video::empty(),
            sound: Audio::empty(),
        })
    }

    /// Every packet, then what the decoders still hold.
    pub fn run(&mut self, input: &mut Input) -> Result<(), Failure> {
        let mut errors = 0;
        loop {
            let packet = match next_packet(input) {
                Ok(packet) => packet,
                Err(ffmpeg::Error::Eof) => break,
                Err(e) if super::is_no_memory(e) => return Err(crate::no_memory()),
                Err(_) => {
                    self.timeline.corrupt += 1;
                    errors += 1;
                    if errors >= MOST_ERRORS {
                        break;
                    }
                    continue;
                }
            };
            if packet.stream() == self.tracks.video {
                self.video_packet(Some(&packet))?;
            } else if Some(packet.stream()) == self.tracks.audio {
                self.audio_packet(Some(&packet))?;
            }
        }
        self.video_packet(None)?;
        self.audio_packet(None)?;
        let rest = self.resampler.finish(limit_us(self.limits))?;
        send_audio(self.output, rest)
    }

    /// `None` marks the end of the stream.
    fn video_packet(&mut self, packet: Option<&ffmpeg::Packet>) -> Result<(), Failure> {
        let sent = match packet {
            Some(packet) => self.video.opened.send_packet(packet),
            None => self.video.opened.send_eof(),
        };
        self.note_error(sent)?;
        loop {
            match self.video.opened.receive_frame(&mut self.current) {
                Ok(()) => self.video_frame()?,
                Err(ffmpeg::Error::Eof) => return Ok(()),
                Err(e) if is_again(e) => return Ok(()),
                Err(e) => return self.note_error(Err(e)),
            }
        }
    }

    /// Counts what a decoder could not decode; only a lack of memory ends it all.
    fn note_error(&mut self, result: Result<(), ffmpeg::Error>) -> Result<(), Failure> {
        match result {
            Ok(()) | Err(ffmpeg::Error::Eof) => Ok(()),
            Err(e) if super::is_no_memory(e) => Err(crate::no_memory()),
            Err(_) => {
                self.timeline.corrupt += 1;
                Ok(())
            }
        }
    }

    fn video_frame(&mut self) -> Result<(), Failure> {
        let (width, height) = (self.current.width(), self.current.height());
        if width.max(height) > self.limits.side {
            return Err(too_big(width, height, self.limits));
        }
        if self.timeline.times_us.len() >= self.limits.frames as usize {
            return Err(too_long(self.limits));
        }
        if self.current.is_corrupt() || self.current.has_decode_errors() {
            self.timeline.corrupt += 1;
        }
        let at = self
            .current
            .timestamp()
            .map(|ticks| to_us(ticks, self.video.time_base));
        let relative = at.map(|at| at.saturating_sub(*self.origin_us.get_or_insert(at)));
        let index = self.timeline.times_us.len() as u64;
        let at = self.timeline.add(relative, (width, height));
        if at > limit_us(self.limits) {
            return Err(too_long(self.limits));
        }
        let mut change = 0;
        if index > 0 {
            change = same::change(&self.previous, &self.current);
            if change == 0 && same::same_picture(&self.previous, &self.current) {
                self.timeline.duplicated += 1;
            }
        }
        self.timeline.changes.push(change);
        if self.is_wanted(at) {
            let picture = self.converter.convert(
                &self.current,
                self.tracks.orientation,
                self.wanted.max_side,
            )?;
            let frame = Frame {
                at_us: u64::try_from(at).unwrap_or(0),
                index,
                width: picture.width,
                height: picture.height,
                pixels: picture.pixels,
            };
            self.output.frame(frame).map_err(pipe_broke)?;
            self.last_sent_us = Some(at);
        }
        std::mem::swap(&mut self.previous, &mut self.current);
        Ok(())
    }

    /// Far enough from the last frame sent; a frame that runs backwards is never sent.
    fn is_wanted(&self, at: i64) -> bool {
        let Some(last) = self.last_sent_us else {
            return at >= 0;
        };
        let gap = i64::try_from(self.wanted.min_gap_us).unwrap_or(i64::MAX);
        at >= last && at.saturating_sub(last) >= gap.saturating_sub(GAP_TOLERANCE_US.min(gap / 2))
    }

    /// `None` marks the end of the stream.
    fn audio_packet(&mut self, packet: Option<&ffmpeg::Packet>) -> Result<(), Failure> {
        let Some(decoder) = &mut self.audio else {
            return Ok(());
        };
        let sent = match packet {
            Some(packet) => decoder.opened.send_packet(packet),
            None => decoder.opened.send_eof(),
        };
        let base = decoder.time_base;
        self.note_error(sent)?;
        while let Some(decoder) = &mut self.audio {
            match decoder.opened.receive_frame(&mut self.sound) {
                Ok(()) => {
                    let at = self.sound.timestamp().map(|ticks| to_us(ticks, base));
                    let most = limit_us(self.limits);
                    let samples = self.resampler.push(&self.sound, at, most)?;
                    send_audio(self.output, samples)?;
                }
                Err(ffmpeg::Error::Eof) => break,
                Err(e) if is_again(e) => break,
                Err(e) => return self.note_error(Err(e)),
            }
        }
        Ok(())
    }

    /// The report, without what only the file itself tells.
    pub fn finish(self, seen: &Seen) -> Result<VideoSummary, Failure> {
        let timeline = self.timeline;
        let Some((width, height)) = timeline.size else {
            return Err(damaged(if seen.video_packets == 0 {
                "the recording holds no frames; record it again"
            } else {
                "no frame can be decoded (corrupt, or larger than the header says)"
            }));
        };
        let (width, height) = orient::upright(width, height, self.tracks.orientation);
        let audio_start = self.resampler.start_us();
        let origin = self.origin_us.unwrap_or(0);
        Ok(VideoSummary {
            video_codec: self.video.name.into(),
            audio_codec: self.audio.map(|decoder| decoder.name.into()),
            width,
            height,
            rotation: self.tracks.rotation,
            dropped_frames: timeline.dropped(),
            duplicated_frames: timeline.duplicated,
            corrupt_frames: timeline.corrupt,
            audio_us: self.resampler.delivered_us(),
            audio_offset_us: audio_start.map_or(0, |start| start.saturating_sub(origin)),
            claimed_us: self.tracks.claims.duration_us,
            lies: timeline.lies(&self.tracks.claims, seen),
            timestamps_us: timeline.times_us,
            changes: timeline.changes,
            ..VideoSummary::default()
        })
    }
}

pub(super) fn send_audio(output: &mut dyn Output, samples: &[f32]) -> Result<(), Failure> {
    if samples.is_empty() {
        return Ok(());
    }
    output.audio(samples).map_err(pipe_broke)
}

pub(super) fn is_again(error: ffmpeg::Error) -> bool {
    error
        == ffmpeg::Error::Other {
            errno: libc::EAGAIN,
        }
}
