//! Sound files: WAV of any rate, width and number of channels.

use ffmpeg_next as ffmpeg;
use ffmpeg_next::format::context::Input;
use ffmpeg_next::frame::Audio;
use idproof_protocol::{ErrorCode, Failure, Limits, VideoSummary};

use super::codec::{Decoder, Medium};
use super::input::next_packet;
use super::scan::{limit_us, too_long};
use super::session::{MOST_ERRORS, is_again, send_audio};
use super::sound::Resampler;
use super::{Output, damaged, input, is_no_memory};
use crate::sniff::{HEAD, Kind, sniff};
use crate::source::Source;

/// Decodes one sound file to 16 kHz mono. The summary has no frames.
pub fn decode_sound(
    source: &Source,
    limits: &Limits,
    output: &mut dyn Output,
) -> Result<VideoSummary, Failure> {
    crate::check_length(source.length(), limits)?;
    let head = source.head(HEAD).map_err(|_| crate::unreadable())?;
    let kind = sniff(&head);
    if kind != Kind::Wave {
        let detail = format!("this is {}; give a WAV sound", kind.words());
        return Err(Failure::new(ErrorCode::Unsupported, detail));
    }
    let mut input = input::open(source.clone(), c"wav")?;
    let (index, mut decoder) = track(&input, limits)?;
    let mut sound = Sound {
        frame: Audio::empty(),
        resampler: Resampler::default(),
        output,
        most_us: limit_us(limits),
    };
    let mut errors = 0;
    loop {
        match next_packet(&mut input) {
            Ok(packet) if packet.stream() == index => {
                errors += u32::from(!sound.take(&mut decoder, Some(&packet))?);
            }
            Ok(_) => {}
            Err(ffmpeg::Error::Eof) => break,
            Err(e) if is_no_memory(e) => return Err(crate::no_memory()),
            Err(_) => errors += 1,
        }
        if errors >= MOST_ERRORS {
            break;
        }
    }
    sound.take(&mut decoder, None)?;
    if sound.resampler.delivered_us() > i64::try_from(limits.duration_us).unwrap_or(i64::MAX) {
        return Err(too_long(limits));
    }
    let rest = sound.resampler.finish(sound.most_us)?;
    send_audio(sound.output, rest)?;
    if sound.resampler.delivered_us() == 0 {
        return Err(damaged("the sound file holds no samples"));
    }
    Ok(VideoSummary {
        container: "wav".into(),
        video_codec: "none".into(),
        audio_codec: Some(decoder.name.into()),
        file_bytes: source.length(),
        corrupt_frames: u64::from(errors),
        audio_us: sound.resampler.delivered_us(),
        ..VideoSummary::default()
    })
}

fn track(input: &Input, limits: &Limits) -> Result<(usize, Decoder), Failure> {
    let stream = input
        .streams()
        .find(|s| s.parameters().medium() == ffmpeg::media::Type::Audio)
        .ok_or_else(|| damaged("the sound file has no format; make it again"))?;
    Ok((
        stream.index(),
        Decoder::open(&stream, Medium::Wave, limits)?,
    ))
}

struct Sound<'a> {
    frame: Audio,
    resampler: Resampler,
    output: &'a mut dyn Output,
    most_us: i64,
}

impl Sound<'_> {
    /// Decodes one packet (`None`: the end) and hands its samples on. False where it is damaged.
    fn take(
        &mut self,
        decoder: &mut Decoder,
        packet: Option<&ffmpeg::Packet>,
    ) -> Result<bool, Failure> {
        let sent = match packet {
            Some(packet) => decoder.opened.send_packet(packet),
            None => decoder.opened.send_eof(),
        };
        match sent {
            Err(e) if is_no_memory(e) => return Err(crate::no_memory()),
            Err(ffmpeg::Error::Eof) | Ok(()) => {}
            Err(_) => return Ok(false),
        }
        loop {
            match decoder.opened.receive_frame(&mut self.frame) {
                // Samples lie one after the other: their count tells their time.
                Ok(()) => {
                    let samples = self.resampler.push(&self.frame, None, self.most_us)?;
                    send_audio(self.output, samples)?;
                }
                Err(ffmpeg::Error::Eof) => return Ok(true),
                Err(e) if is_again(e) => return Ok(true),
                Err(e) if is_no_memory(e) => return Err(crate::no_memory()),
                Err(_) => return Ok(false),
            }
        }
    }
}
