//! The codecs that are let through, each with the decoder that is used for it.

use ffmpeg_next as ffmpeg;
use ffmpeg_next::codec::Id;
use ffmpeg_next::codec::decoder::Opened;
use idproof_protocol::{ErrorCode, Failure, Limits};

/// Picture codecs; AV1 by dav1d, where that is missing by libaom.
const VIDEO: &[(Id, &[&str])] = &[
    (Id::VP8, &["vp8"]),
    (Id::VP9, &["vp9"]),
    (Id::AV1, &["libdav1d", "libaom-av1"]),
    (Id::H264, &["h264"]),
    (Id::HEVC, &["hevc"]),
    // Cameras and telephones of some years ago.
    (Id::MPEG4, &["mpeg4"]),
];

/// Sound codecs.
const AUDIO: &[(Id, &[&str])] = &[
    (Id::OPUS, &["opus", "libopus"]),
    (Id::AAC, &["aac"]),
    (Id::VORBIS, &["vorbis"]),
    (Id::PCM_S16LE, &["pcm_s16le"]),
    (Id::PCM_S16BE, &["pcm_s16be"]),
    (Id::PCM_S24LE, &["pcm_s24le"]),
    (Id::PCM_S24BE, &["pcm_s24be"]),
    (Id::PCM_F32LE, &["pcm_f32le"]),
];

/// What a WAV file may hold.
const WAVE: &[(Id, &[&str])] = &[
    (Id::PCM_U8, &["pcm_u8"]),
    (Id::PCM_S16LE, &["pcm_s16le"]),
    (Id::PCM_S24LE, &["pcm_s24le"]),
    (Id::PCM_S32LE, &["pcm_s32le"]),
    (Id::PCM_F32LE, &["pcm_f32le"]),
    (Id::PCM_F64LE, &["pcm_f64le"]),
    (Id::PCM_ALAW, &["pcm_alaw"]),
    (Id::PCM_MULAW, &["pcm_mulaw"]),
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Medium {
    Video,
    Audio,
    /// The sound of a WAV file.
    Wave,
}

/// An opened decoder, single-threaded, and the codec's name.
pub(super) struct Decoder {
    pub opened: Opened,
    pub name: &'static str,
    pub time_base: ffmpeg::Rational,
}

impl Decoder {
    /// Refuses a codec that is not on the list, by name.
    #[expect(unsafe_code, reason = "the pixel limit has no safe setter")]
    pub fn open(
        stream: &ffmpeg::Stream<'_>,
        medium: Medium,
        limits: &Limits,
    ) -> Result<Self, Failure> {
        let parameters = stream.parameters();
        let id = parameters.id();
        let name = id.name();
        let (list, words) = match medium {
            Medium::Video => (VIDEO, "video"),
            Medium::Audio => (AUDIO, "sound"),
            Medium::Wave => (WAVE, "sound"),
        };
        let unsupported = |why: &str| {
            let detail = format!("the {words} codec {name} {why}");
            Failure::new(ErrorCode::Unsupported, detail)
        };
        let decoders = list
            .iter()
            .find(|(known, _)| *known == id)
            .map(|(_, decoders)| *decoders)
            .ok_or_else(|| unsupported("is not supported"))?;
        let codec = decoders
            .iter()
            .find_map(|decoder| ffmpeg::codec::decoder::find_by_name(decoder))
            .ok_or_else(|| unsupported("is missing from this machine's media library"))?;
        let broken = |e| {
            if super::is_no_memory(e) {
                crate::no_memory()
            } else {
                super::damaged(&format!("the {words} track's header is broken"))
            }
        };
        let mut context = ffmpeg::codec::Context::from_parameters(parameters).map_err(broken)?;
        context.set_threading(ffmpeg::threading::Config {
            kind: ffmpeg::threading::Type::None,
            count: 1,
            ..Default::default()
        });
        // SAFETY: the context is owned here and not yet opened.
        unsafe {
            (*context.as_mut_ptr()).max_pixels =
                i64::from(limits.side).saturating_mul(i64::from(limits.side));
        }
        let time_base = stream.time_base();
        let mut decoder = context.decoder();
        decoder.set_packet_time_base(time_base);
        Ok(Self {
            opened: decoder.open_as(codec).map_err(broken)?,
            name,
            time_base,
        })
    }
}
