//! Recordings that must decode, and what is reported of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

mod common;

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use common::{Inputs, RealClock, Seen, config, decode, decoder, difference, every_frame, mean};
use idproof_media::{Decoder, DecoderConfig, Limits};
use idproof_ports::{MediaDecoder, RgbImage, VideoRequest};

const PICTURE: &str = "-f lavfi -i testsrc2=s=320x240:r=30:d=2";
const TONE: &str = "-f lavfi -i sine=440:d=2";

/// "File, container, video codec, sound codec" and the command line that makes them.
fn combinations() -> Vec<(&'static str, String)> {
    let h264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";
    let hevc = "-c:v libx265 -preset ultrafast -x265-params log-level=none -pix_fmt yuv420p \
                -tag:v hvc1";
    let vp8 = "-c:v libvpx -deadline realtime -cpu-used 8";
    let vp9 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8";
    let av1 = "-c:v libaom-av1 -usage realtime -cpu-used 8 -t 0.5";
    let front = "-movflags +faststart";
    let fragments = "-movflags frag_keyframe+empty_moov+default_base_moof";
    vec![
        ("a.webm webm vp8 opus", format!("{vp8} -c:a libopus")),
        ("b.webm webm vp9 opus", format!("{vp9} -c:a libopus")),
        ("c.webm webm av1 opus", format!("{av1} -c:a libopus")),
        ("d.webm webm vp8 vorbis", format!("{vp8} -c:a libvorbis")),
        ("e.mp4 mp4 h264 aac", format!("{h264} -c:a aac")),
        ("f.mp4 mp4 vp9 opus", format!("{vp9} -c:a libopus")),
        ("g.mp4 mp4 hevc aac", format!("{hevc} -c:a aac")),
        ("h.mp4 mp4 av1 opus", format!("{av1} -c:a libopus")),
        ("i.mov mov h264 aac", format!("{h264} -c:a aac")),
        ("j.mov mov h264 pcm_s16le", format!("{h264} -c:a pcm_s16le")),
        ("k.mov mov hevc aac", format!("{hevc} -c:a aac")),
        ("l.mkv matroska h264 opus", format!("{h264} -c:a libopus")),
        ("m.mp4 mp4 h264 aac", format!("{h264} -c:a aac {front}")),
        (
            "n.mp4 mp4 h264 opus",
            format!("{h264} -c:a libopus {fragments}"),
        ),
        (
            "o.mp4 mp4 vp9 opus",
            format!("{vp9} -c:a libopus {fragments}"),
        ),
    ]
}

#[test]
fn every_combination_of_container_and_codecs() {
    let inputs = Inputs::new();
    for (expected, arguments) in combinations() {
        let words: Vec<&str> = expected.split(' ').collect();
        let [name, container, video, audio] = words[..] else {
            panic!("{expected}");
        };
        let path = inputs.ffmpeg(&format!("{PICTURE} {TONE} {arguments}"), name);
        let (report, seen) = decode(&path);
        assert_eq!(report.container, container, "{name}");
        assert_eq!(report.video_codec, video, "{name}");
        assert_eq!(report.audio_codec.as_deref(), Some(audio), "{name}");
        assert_eq!((report.width, report.height), (320, 240), "{name}");
        assert_eq!(report.corrupt_frames, 0, "{name}");
        assert_eq!(report.dropped_frames, 0, "{name}");
        assert!(report.lies.is_empty(), "{name}: {:?}", report.lies);
        let seconds = if video == "av1" { 0.5 } else { 2.0 };
        let frames = (seconds * 30.0) as usize;
        assert_eq!(report.timestamps_us.len(), frames, "{name}");
        assert_eq!(seen.frames.len(), frames, "{name}");
        let heard = seen.samples.len() as f64 / 16_000.0;
        assert!((heard - seconds).abs() < 0.1, "{name}: {heard} s of sound");
        assert!(
            report.audio_offset_us.abs() < 50_000,
            "{name}: {}",
            report.audio_offset_us
        );
        assert!(crossings(&seen.samples).abs_diff(880) < 20, "{name}");
        assert_eq!(
            report.file_bytes,
            fs::metadata(&path).unwrap().len(),
            "{name}"
        );
    }
}

/// Sign changes a second: twice the frequency of a tone.
fn crossings(samples: &[f32]) -> u32 {
    let middle = &samples[1600..samples.len() - 1600];
    let changes = middle
        .windows(2)
        .filter(|w| (w[0] < 0.0) != (w[1] < 0.0))
        .count();
    (changes as f64 * 16_000.0 / middle.len() as f64) as u32
}

#[test]
fn colours_and_scaling_agree_with_the_command_line() {
    let inputs = Inputs::new();
    // A width that is no multiple of anything, both ranges, both matrices.
    for (name, filter) in [
        (
            "a.mp4",
            "scale=318:242:out_color_matrix=bt601:out_range=tv -colorspace smpte170m",
        ),
        (
            "b.mp4",
            "scale=318:242:out_color_matrix=bt709:out_range=tv -colorspace bt709",
        ),
        (
            "c.mp4",
            "scale=318:242:out_color_matrix=bt601:out_range=pc -color_range pc",
        ),
    ] {
        let path = inputs.ffmpeg(
            &format!("-f lavfi -i smptebars=s=320x240:d=0.2 -vf {filter} -c:v libx264 -qp 4 -pix_fmt yuv420p"),
            name,
        );
        let (_, seen) = decode(&path);
        // Red, green, blue bars of `smptebars` at 75 %.
        let image = &seen.frames[0].2;
        let bar = |i: u32| {
            let centre = (2 * i + 1) * 100 / 14;
            mean(image, [centre - 3, centre + 3], [20, 50])
        };
        for (bar, expected) in [
            (bar(5), [191, 0, 0]),
            (bar(3), [0, 191, 0]),
            (bar(6), [0, 0, 191]),
        ] {
            for (channel, want) in bar.iter().zip(expected) {
                assert!(
                    channel.abs_diff(want) < 22,
                    "{name}: {bar:?} for {expected:?}"
                );
            }
        }
    }
}

#[test]
fn the_rightmost_columns_are_converted_whatever_the_width() {
    let inputs = Inputs::new();
    for width in [2, 18, 34, 50, 66, 130, 322] {
        let path = inputs.ffmpeg(
            &format!(
                "-f lavfi -i color=white:s={width}x32:d=0.1 -c:v libx264 -qp 1 -pix_fmt yuv420p"
            ),
            &format!("{width}.mp4"),
        );
        let (_, seen) = decode(&path);
        let image = &seen.frames[0].2;
        assert_eq!(image.width(), width);
        assert!(image.data().iter().all(|&v| v > 240), "{width}");
    }
}

#[test]
fn rotations_agree_with_the_command_line() {
    let inputs = Inputs::new();
    let plain = "-f lavfi -i testsrc2=s=320x240:r=10:d=0.3 -c:v libx264 -qp 4 -pix_fmt yuv420p";
    inputs.ffmpeg(plain, "plain.mov");
    for (degrees, extension) in [(0, "mov"), (90, "mov"), (180, "mp4"), (270, "mov")] {
        let name = format!("{degrees}.{extension}");
        let path = inputs.ffmpeg(
            &format!("-i plain.mov -c copy -metadata:s:v rotate={degrees}"),
            &name,
        );
        let (report, seen) = decode(&path);
        let png = inputs.ffmpeg(&format!("-i {name} -frames:v 1"), &format!("{degrees}.png"));
        let theirs = image::open(png).unwrap().into_rgb8();
        let (width, height) = theirs.dimensions();
        let theirs = RgbImage::from_raw(width, height, theirs.into_raw()).unwrap();
        // This command line writes its `rotate` counter-clockwise.
        assert_eq!(report.rotation, (360 - degrees) % 360);
        assert_eq!((report.width, report.height), (width, height));
        let apart = difference(&seen.frames[0].2, &theirs);
        assert!(apart < 3.0, "{degrees}: {apart}");
    }
}

#[test]
fn frames_are_thinned_and_scaled_as_asked() {
    let inputs = Inputs::new();
    let path = inputs.ffmpeg(&format!("{PICTURE} -c:v libvpx"), "a.webm");
    let mut seen = Seen::default();
    let request = VideoRequest {
        min_frame_gap: Duration::from_millis(100),
        max_side: 160,
    };
    let report = decoder()
        .decode_video(&path.as_path().into(), &request, &mut seen)
        .unwrap();
    assert_eq!(report.timestamps_us.len(), 60, "all are timed");
    assert_eq!(seen.frames.len(), 20, "every third is delivered");
    for (count, (at, index, image)) in seen.frames.iter().enumerate() {
        assert_eq!(*index, 3 * count as u64);
        assert!(at.abs_diff(Duration::from_millis(100 * count as u64)) < Duration::from_millis(2));
        assert_eq!((image.width(), image.height()), (160, 120));
    }
    assert_eq!((report.width, report.height), (320, 240), "before scaling");
    assert_eq!(report.audio_codec, None);
    assert_eq!(report.audio_us, 0);
    assert!(seen.samples.is_empty(), "video only");
}

#[test]
fn sound_that_starts_late_and_pauses_stays_in_time() {
    let inputs = Inputs::new();
    let late = inputs.ffmpeg(
        &format!("{PICTURE} -itsoffset 0.5 -f lavfi -i sine=440:d=1.5 -c:v libvpx -c:a libopus"),
        "late.webm",
    );
    let (report, _) = decode(&late);
    assert!(
        (report.audio_offset_us - 500_000).abs() < 30_000,
        "{}",
        report.audio_offset_us
    );
    let pause = inputs.ffmpeg(
        &format!("{PICTURE} {TONE} -af aselect=not(between(t\\,0.5\\,1)) -c:v libvpx -c:a libopus"),
        "pause.webm",
    );
    let (_, seen) = decode(&pause);
    let loud = |from: f64, to: f64| {
        let part = &seen.samples[(from * 16e3) as usize..(to * 16e3) as usize];
        part.iter().map(|s| s * s).sum::<f32>() / part.len() as f32
    };
    assert!(
        seen.samples.len().abs_diff(32_000) < 1_600,
        "{}",
        seen.samples.len()
    );
    assert!(loud(0.1, 0.4) > 1e-3 && loud(1.2, 1.8) > 1e-3);
    assert!(loud(0.65, 0.9) < 1e-5, "{}", loud(0.65, 0.9));
}

#[test]
fn a_sound_track_without_sound_is_fine() {
    let inputs = Inputs::new();
    let path = inputs.ffmpeg(
        &format!("{PICTURE} {TONE} -af aselect=0 -c:v libvpx -c:a libvorbis"),
        "a.webm",
    );
    let (report, seen) = decode(&path);
    assert_eq!(report.audio_us, 0);
    assert!(seen.samples.is_empty());
    assert_eq!(report.timestamps_us.len(), 60);
}

#[test]
fn a_large_file_is_streamed_not_collected() {
    let inputs = Inputs::new();
    // Eight channels of plain samples: 120 MB within 20 seconds.
    let path = inputs.ffmpeg(
        "-f lavfi -i color=s=16x16:r=5:d=20 -f lavfi -i anullsrc=r=192000:cl=7.1:d=20 \
         -c:v libx264 -pix_fmt yuv420p -c:a pcm_f32le",
        "large.mov",
    );
    assert!(fs::metadata(&path).unwrap().len() > 110_000_000);
    let limits = Limits {
        memory_bytes: 400 << 20,
        ..Limits::default()
    };
    let decoder = Decoder::new(DecoderConfig { limits, ..config() }, Arc::new(RealClock));
    let mut seen = Seen::default();
    let report = decoder
        .decode_video(&path.as_path().into(), &every_frame(16), &mut seen)
        .unwrap();
    assert_eq!(report.audio_codec.as_deref(), Some("pcm_f32le"));
    assert!(seen.samples.len().abs_diff(320_000) < 1_600);
}

#[test]
fn a_sink_that_has_seen_enough_stops_the_decoder() {
    let inputs = Inputs::new();
    let path = inputs.ffmpeg(&format!("{PICTURE} -c:v libvpx"), "a.webm");
    let mut seen = Seen {
        enough: Some(3),
        ..Seen::default()
    };
    let report = decoder()
        .decode_video(&path.as_path().into(), &every_frame(320), &mut seen)
        .unwrap();
    assert_eq!(seen.frames.len(), 3);
    assert_eq!(report.timestamps_us.len(), 3);
}

#[test]
fn two_equal_channels_do_not_add_up() {
    let inputs = Inputs::new();
    let path = inputs.ffmpeg(
        &format!("{PICTURE} {TONE} -ac 2 -af volume=7.9 -c:v libvpx -c:a libvorbis -q:a 9"),
        "a.webm",
    );
    let (_, seen) = decode(&path);
    let middle = &seen.samples[8_000..24_000];
    let power = middle.iter().map(|s| s * s).sum::<f32>() / middle.len() as f32;
    // A sine of amplitude 7.9 / 8, which the command line writes 3 dB lower into each channel.
    assert!((power - 0.244).abs() < 0.02, "{power}");
}

#[test]
fn dates_places_titles_and_pictures_in_a_recording_do_no_harm() {
    let inputs = Inputs::new();
    inputs.ffmpeg("-f lavfi -i color=s=32x32 -frames:v 1", "cover.png");
    let words = "-metadata creation_time=2024-02-29T12:00:00Z -metadata title=A \
                 -metadata location=+48.85+002.35/ -metadata comment=B -metadata:s:v language=fra";
    let h264 = "-c:v:0 libx264 -pix_fmt yuv420p -c:a aac";
    for (name, arguments) in [
        ("a.mp4", format!("{PICTURE} {TONE} {h264} {words}")),
        (
            "b.mov",
            format!("{PICTURE} {TONE} {h264} {words} -movflags use_metadata_tags"),
        ),
        (
            "c.webm",
            format!("{PICTURE} {TONE} -c:v libvpx -c:a libopus {words}"),
        ),
        (
            "d.mp4",
            format!(
                "{PICTURE} {TONE} -i cover.png -map 0 -map 1 -map 2 {h264} -c:v:1 copy \
                 -disposition:v:1 attached_pic {words}"
            ),
        ),
        (
            "e.mov",
            format!("{PICTURE} {TONE} {h264} {words} -timecode 01:00:00:00"),
        ),
    ] {
        let (report, seen) = decode(&inputs.ffmpeg(&arguments, name));
        assert_eq!(seen.frames.len(), 60, "{name}");
        assert!(report.lies.is_empty(), "{name}: {:?}", report.lies);
    }
}
