//! Round trips and hostile bytes through the whole reader.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

use idproof_protocol::{
    Conversation, ErrorCode, Failure, Frame, Image, Job, Limits, Message, MessageReader,
    MessageWriter, Order, ProtocolError, Sandbox, VERSION, VideoSummary,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn order(job: Job) -> Order {
    Order {
        job,
        limits: Limits::default(),
    }
}

const VIDEO: Job = Job::Video {
    min_gap_us: 0,
    max_side: 64,
};

fn bytes_of(messages: &[Message]) -> Vec<u8> {
    let mut writer = MessageWriter::new(Vec::new());
    for message in messages {
        writer.send(message).unwrap();
    }
    writer.into_inner()
}

/// Everything the reader and the conversation accept of `bytes`, then the error if any.
fn converse(bytes: &[u8], order: &Order) -> (Vec<Message>, Option<ProtocolError>) {
    let mut reader = MessageReader::new(bytes, order);
    let mut conversation = Conversation::new(order);
    let mut seen = vec![];
    loop {
        match reader.next_message() {
            Ok(None) => return (seen, None),
            Ok(Some(message)) => match conversation.admit(&message) {
                Ok(()) => seen.push(message),
                Err(e) => return (seen, Some(e)),
            },
            Err(e) => return (seen, Some(e)),
        }
    }
}

fn ready() -> Message {
    Message::Ready(Sandbox {
        version: VERSION,
        landlock_abi: 7,
        landlock_full: true,
        seccomp: true,
        rlimits: true,
        no_new_privs: true,
    })
}

fn frame(index: u64, at_us: u64) -> Message {
    Message::Frame(Frame {
        at_us,
        index,
        width: 4,
        height: 2,
        pixels: vec![7; 24],
    })
}

prop_compose! {
    fn summary()(
        names in ("[a-z0-9_]{1,32}", "[a-z0-9_.-]{1,32}", proptest::option::of("[a-z0-9]{1,32}")),
        size in (any::<u64>(), any::<u32>(), any::<u32>(), 0u16..4),
        times in vec((any::<i64>(), any::<u16>()), 0..200),
        counts in (any::<u64>(), any::<u64>(), any::<u64>(), any::<i64>(), any::<i64>()),
        claimed in proptest::option::of(any::<i64>()),
        lies in vec("[ -~]{0,200}", 0..16),
        programs in vec("[ -~]{0,200}", 0..8),
    ) -> VideoSummary {
        VideoSummary {
            container: names.0,
            video_codec: names.1,
            audio_codec: names.2,
            file_bytes: size.0,
            width: size.1,
            height: size.2,
            rotation: size.3 * 90,
            timestamps_us: times.iter().map(|t| t.0).collect(),
            changes: times.iter().map(|t| t.1).collect(),
            dropped_frames: counts.0,
            duplicated_frames: counts.1,
            corrupt_frames: counts.2,
            audio_us: counts.3,
            audio_offset_us: counts.4,
            claimed_us: claimed,
            lies,
            programs,
        }
    }
}

proptest! {
    #[test]
    fn a_recording_survives_the_pipe(
        summary in summary(),
        sound in vec(-1.0f32..=1.0, 1..5000),
        detail in "[ -~]{0,200}",
    ) {
        for last in [
            Message::Video(summary.clone()),
            Message::Failure(Failure::new(ErrorCode::Damaged, &detail)),
        ] {
            let mut sent = vec![ready(), Message::Audio(sound.clone())];
            if summary.timestamps_us.len() > 3 {
                sent.extend([frame(0, 0), frame(3, 40_000)]);
            }
            sent.push(last);
            let (seen, error) = converse(&bytes_of(&sent), &order(VIDEO));
            prop_assert!(error.is_none(), "{error:?}");
            prop_assert_eq!(seen, sent);
        }
    }

    #[test]
    fn an_image_survives_the_pipe(w in 1u32..40, h in 1u32..40, orientation in 1u8..=8, by_editor: bool) {
        let image = Message::Image(Image {
            format: "webp".into(),
            file_bytes: 9,
            stored_width: h,
            stored_height: w,
            orientation,
            by_editor,
            width: w,
            height: h,
            pixels: vec![3; 3 * w as usize * h as usize],
        });
        let sent = vec![ready(), image];
        let (seen, error) = converse(&bytes_of(&sent), &order(Job::Image));
        prop_assert!(error.is_none(), "{error:?}");
        prop_assert_eq!(seen, sent);
    }

    #[test]
    fn any_bytes_end_without_a_panic(bytes in vec(any::<u8>(), 0..400)) {
        for job in [Job::Image, VIDEO, Job::Sound] {
            let _ = converse(&bytes, &order(job));
        }
    }

    #[test]
    fn a_cut_or_changed_stream_ends_without_a_panic(
        at in 0usize..2000,
        byte in any::<u8>(),
        summary in summary(),
    ) {
        let mut bytes = bytes_of(&[ready(), frame(0, 0), Message::Video(summary)]);
        let at = at % bytes.len();
        let _ = converse(&bytes[..at], &order(VIDEO));
        bytes[at] = byte;
        let _ = converse(&bytes, &order(VIDEO));
    }
}

#[test]
fn a_giant_length_is_refused_before_it_is_allocated() {
    for kind in 1..=7u8 {
        let mut bytes = vec![kind];
        bytes.extend(u32::MAX.to_le_bytes());
        bytes.extend([0xff; 64]);
        let (seen, error) = converse(&bytes, &order(VIDEO));
        assert!(seen.is_empty());
        assert!(
            matches!(
                error,
                Some(ProtocolError::Malformed(_) | ProtocolError::Excess(_))
            ),
            "kind {kind}: {error:?}"
        );
    }
}

#[test]
fn the_order_of_messages_is_held() {
    let summary = |frames| {
        Message::Video(VideoSummary {
            container: "webm".into(),
            video_codec: "vp8".into(),
            timestamps_us: vec![0; frames],
            ..VideoSummary::default()
        })
    };
    for (case, messages) in [
        ("no ready", vec![frame(0, 0)]),
        ("ready twice", vec![ready(), ready()]),
        ("backwards", vec![ready(), frame(1, 10), frame(1, 20)]),
        ("time backwards", vec![ready(), frame(0, 10), frame(1, 9)]),
        ("after the end", vec![ready(), summary(0), frame(0, 0)]),
        ("fewer than sent", vec![ready(), frame(1, 0), summary(1)]),
        ("other job", vec![ready(), Message::Survived(1)]),
        ("too late", vec![ready(), frame(0, 62_000_000)]),
    ] {
        let (_, error) = converse(&bytes_of(&messages), &order(VIDEO));
        assert!(error.is_some(), "{case}");
    }
    let (_, error) = converse(&bytes_of(&[ready(), frame(0, 0)]), &order(Job::Image));
    assert!(matches!(
        error,
        Some(ProtocolError::Excess(_)) | Some(ProtocolError::Order(_))
    ));
}

#[test]
fn a_sound_alone_has_no_frames() {
    let closing = |times| {
        Message::Video(VideoSummary {
            container: "wav".into(),
            video_codec: "none".into(),
            timestamps_us: times,
            ..VideoSummary::default()
        })
    };
    let sound = || Message::Audio(vec![0.5; 160]);
    let good = [ready(), sound(), closing(vec![])];
    let (seen, error) = converse(&bytes_of(&good), &order(Job::Sound));
    assert!(error.is_none() && seen.len() == 3, "{error:?}");
    for bad in [
        vec![ready(), frame(0, 0)],
        vec![ready(), sound(), closing(vec![0])],
    ] {
        let (_, error) = converse(&bytes_of(&bad), &order(Job::Sound));
        assert!(error.is_some());
    }
}

#[test]
fn too_much_sound_is_refused() {
    let second = Message::Audio(vec![0.0; 16_000]);
    let mut sent = vec![ready()];
    sent.extend(std::iter::repeat_n(second, 62));
    let (seen, error) = converse(&bytes_of(&sent), &order(VIDEO));
    assert_eq!(seen.len(), 62);
    assert!(matches!(
        error,
        Some(ProtocolError::Excess("too much sound"))
    ));
}
