//! Reports of mail that could not be delivered (RFC 3464), as mail servers send them back.

use idproof_domain::ids::MessageId;
use mail_parser::{Message, MessageParser, MimeHeaders, PartType};

/// What a report says of one of our mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    pub message: MessageId,
    /// It will not be tried again. Otherwise it is late, and still under way.
    pub failed: bool,
    /// Status code of RFC 3463, such as `5.1.1`.
    pub status: Option<String>,
}

/// A mail from which no fate of ours can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoBounce {
    #[error("it is not a mail")]
    NotAMail,
    #[error("it is not a delivery report (multipart/report with message/delivery-status)")]
    NotAReport,
    #[error("the report does not say which of our mails it is about")]
    NotOurs,
    #[error("the report tells no failure or delay")]
    Delivered,
}

/// Reads a mail that came back. Nothing in it is believed but the id, which only the mail's
/// receiver knows, and the fields Action and Status.
pub fn read_bounce(mail: &[u8]) -> Result<Bounce, NoBounce> {
    let mail = MessageParser::default()
        .parse(mail)
        .ok_or(NoBounce::NotAMail)?;
    let report = mail
        .parts
        .iter()
        .find(|part| part.is_content_type("message", "delivery-status"))
        .and_then(|part| raw(&mail, part.raw_body_offset(), part.raw_end_offset()))
        .ok_or(NoBounce::NotAReport)?;
    let message = ours(&mail).ok_or(NoBounce::NotOurs)?;
    let failed = match field(&report, "action").as_deref() {
        Some("failed") => true,
        Some("delayed") => false,
        _ => return Err(NoBounce::Delivered),
    };
    let status = field(&report, "status").filter(|s| is_status(s));
    Ok(Bounce {
        message,
        failed,
        status,
    })
}

fn raw(mail: &Message<'_>, from: u32, to: u32) -> Option<String> {
    let bytes = mail.raw_message.get(from as usize..to as usize)?;
    Some(String::from_utf8_lossy(bytes).into_owned())
}

/// The id of the mail that the report encloses, whole or its header only.
fn ours(mail: &Message<'_>) -> Option<MessageId> {
    mail.parts.iter().find_map(|part| match &part.body {
        PartType::Message(enclosed) => id_of(enclosed),
        _ if part.is_content_type("text", "rfc822-headers") => {
            let text = raw(mail, part.raw_body_offset(), part.raw_end_offset())?;
            id_of(&MessageParser::default().parse(text.as_bytes())?)
        }
        _ => None,
    })
}

/// Our Message-ID is `<id@domain>`.
fn id_of(mail: &Message<'_>) -> Option<MessageId> {
    mail.message_id()?.split_once('@')?.0.parse().ok()
}

/// The last value of a field: the groups after the first are about the receivers.
fn field(report: &str, name: &str) -> Option<String> {
    report
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(key, _)| key.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| {
            value
                .split_whitespace()
                .next()
                .unwrap_or("")
                .to_ascii_lowercase()
        })
        .next_back()
}

fn is_status(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let digits = |p: &&str| (1..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn report(action: &str, status: &str, enclosed: &str) -> String {
        format!(
            "From: MAILER-DAEMON@mx.example\r\nTo: bounces@idproof.example\r\nSubject: Undelivered\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\n\
             Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; a@example.org\r\n\
             Action: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; 550 no such user\r\n\r\n\
             --b\r\n{enclosed}\r\n--b--\r\n"
        )
    }

    fn whole(id: &str) -> String {
        format!(
            "Content-Type: message/rfc822\r\n\r\nMessage-ID: <{id}@idproof.example>\r\nSubject: x\r\n\r\nHello\r\n"
        )
    }

    fn message_id() -> MessageId {
        MessageId::new(1_700_000_000_000, [7; 10])
    }

    #[test]
    fn a_failure_names_our_mail_and_its_status() {
        let id = message_id();
        let header = format!(
            "Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{id}@idproof.example>\r\nSubject: x\r\n"
        );
        for enclosed in [whole(id.as_str()), header] {
            let bounce = read_bounce(report("failed", "5.1.1", &enclosed).as_bytes()).unwrap();
            assert_eq!(bounce.message, id);
            assert!(bounce.failed);
            assert_eq!(bounce.status.as_deref(), Some("5.1.1"));
        }
    }

    #[test]
    fn a_delay_is_no_failure_and_a_delivery_nothing() {
        let enclosed = whole(message_id().as_str());
        let late = read_bounce(report("Delayed", "4.4.1", &enclosed).as_bytes()).unwrap();
        assert!(!late.failed);
        assert_eq!(
            read_bounce(report("delivered", "2.0.0", &enclosed).as_bytes()),
            Err(NoBounce::Delivered)
        );
    }

    #[test]
    fn what_is_not_about_ours_is_said() {
        assert_eq!(
            read_bounce(report("failed", "5.1.1", &whole("somebody.else")).as_bytes()),
            Err(NoBounce::NotOurs)
        );
        let plain = format!(
            "From: a@example.org\r\nSubject: Re: {}\r\n\r\nI am away.\r\n",
            message_id()
        );
        assert_eq!(read_bounce(plain.as_bytes()), Err(NoBounce::NotAReport));
        let odd = report("failed", "x; DROP", &whole(message_id().as_str()));
        assert_eq!(read_bounce(odd.as_bytes()).unwrap().status, None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000), at in 0_usize..900) {
            let _ = read_bounce(&bytes);
            let mut spoiled = report("failed", "5.1.1", &whole(message_id().as_str())).into_bytes();
            for (n, b) in bytes.iter().take(20).enumerate() {
                let len = spoiled.len();
                spoiled[(at + n) % len] = *b;
            }
            let _ = read_bounce(&spoiled);
        }
    }
}
