//! A hostile child's bytes through the reader and the conversation.
//! Whatever is accepted must be written back byte for byte.
#![no_main]

use idproof_protocol::{Conversation, Job, Limits, MessageReader, MessageWriter, Order};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&job, stream)) = data.split_first() else {
        return;
    };
    let order = Order {
        job: match job % 3 {
            0 => Job::Image,
            1 => Job::Video {
                min_gap_us: u64::from(job) * 1000,
                max_side: 64,
            },
            _ => Job::SelfCheck(idproof_protocol::Attempt::Nothing),
        },
        limits: Limits {
            image_pixels: 10_000,
            ..Limits::default()
        },
    };
    let mut reader = MessageReader::new(stream, &order);
    let mut conversation = Conversation::new(&order);
    let mut writer = MessageWriter::new(Vec::new());
    let mut exact = true;
    while let Ok(Some(message)) = reader.next_message() {
        if conversation.admit(&message).is_err() {
            break;
        }
        // Samples beyond full scale are clamped on the way in.
        exact &= !matches!(&message, idproof_protocol::Message::Audio(s) if s.iter().any(|v| v.abs() >= 1.0));
        writer.send(&message).expect("memory");
    }
    if exact {
        assert!(stream.starts_with(&writer.into_inner()));
    }
});
