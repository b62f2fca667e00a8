//! Messages of the outbox on their way, on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use common::{HOUR, World, worlds};
use idproof_database::{Case, Channel, Claimed, Code, Endpoint, JobKind, Message, MessageState};
use idproof_delivery::{
    BrandSettings, Lookup, MailSettings, Mailer, Resolver, SmsSender, SmsSettings, WebhookSecret,
    WebhookSender, outbox,
};
use idproof_domain::branding::{Branding, Support};
use idproof_domain::calendar::{Calendar, Holidays};
use idproof_domain::case::Step;
use idproof_domain::confirm::{CodePurpose, CodeRecord, Sending};
use idproof_domain::endpoint::AddressRules;
use idproof_domain::ids::{EndpointId, MessageId};
use idproof_jobs::{Deliver, Handler, JobError, Senders, Wording};
use idproof_ports::Clock;
use idproof_vault::Purpose;
use serde_json::json;

/// Finds nothing: no test sends beyond this machine.
struct Nowhere;

impl Resolver for Nowhere {
    fn lookup<'a>(&'a self, _: &'a str) -> Lookup<'a> {
        Box::pin(async { Ok(vec![]) })
    }
}

fn outbox_of(world: &World) -> PathBuf {
    world.dir.path().join("outbox")
}

fn deliver(world: &World) -> Deliver {
    let (outbox, brand) = (outbox_of(world), BrandSettings::default());
    let rules = AddressRules {
        allow_http: true,
        allowed_networks: vec!["127.0.0.0/8".parse().unwrap()],
    };
    Deliver::new(
        world.context.clone(),
        Senders {
            mail: Mailer::new(&MailSettings::default(), &brand, &outbox).unwrap(),
            sms: SmsSender::new(&SmsSettings::default(), &brand, &outbox).unwrap(),
            webhooks: WebhookSender::new(rules, Arc::new(Nowhere), None).unwrap(),
        },
        world.vault.secrets().clone(),
        Wording {
            public_url: "https://id.example.org".into(),
            calendar: Calendar::new("Europe/Paris", Holidays::default()).unwrap(),
            link_life: Duration::from_secs(3600),
        },
    )
}

async fn post(world: &World, case: &Case, channel: Channel, template: &str, to: &str) {
    let mut tx = world.database().begin().await.unwrap();
    let posted = tx
        .post_new(
            case,
            channel,
            template,
            to.to_owned(),
            json!({"number": case.number, "reasons": ["no_sound"]}),
            world.clock.now_ms(),
            &*world.context.random,
        )
        .await
        .unwrap();
    assert!(posted);
    tx.commit().await.unwrap();
}

async fn claim(world: &World) -> Claimed {
    let now = world.clock.now_ms();
    let claimed = world
        .database()
        .claim(&[JobKind::Deliver], now, Duration::from_secs(60), "t")
        .await;
    claimed.unwrap().expect("a message is due")
}

/// Makes one attempt at the next message, as the runner does.
async fn attempt(world: &World, deliver: &Deliver) -> (Message, Option<JobError>) {
    let job = claim(world).await;
    let error = match deliver.handle(&job).await {
        Ok(mut tx) => {
            assert!(tx.finish_job(&job, 1).await.unwrap());
            tx.commit().await.unwrap();
            None
        }
        Err(e) => {
            let now = world.clock.now_ms();
            world.database().retry_later(&job, now, "x").await.unwrap();
            Some(e)
        }
    };
    let id: MessageId = job.subject.parse().unwrap();
    let message = world.database().message(&id).await.unwrap().unwrap();
    (message, error)
}

fn last(world: &World) -> outbox::Entry {
    outbox::list(&outbox_of(world), 1).unwrap().remove(0)
}

async fn put_code(world: &World, case: &Case, purpose: CodePurpose) -> String {
    let now = world.clock.now_ms();
    let Ok(Sending::Fresh(record)) = CodeRecord::send(None, purpose, false, now) else {
        panic!("the first code is a fresh one")
    };
    let secrets = world.vault.secrets();
    let digits = secrets.code(purpose, &case.id, "nonce").unwrap();
    let mut tx = world.database().begin().await.unwrap();
    tx.put_code(&Code {
        case: case.id.clone(),
        purpose,
        nonce: "nonce".into(),
        hash: secrets.code_hash(purpose, &case.id, &digits).unwrap(),
        target: None,
        record,
    })
    .await
    .unwrap();
    tx.commit().await.unwrap();
    digits.reveal().to_owned()
}

#[tokio::test]
async fn every_message_a_step_can_post_has_its_words() {
    for world in worlds().await {
        let deliver = deliver(&world);
        let case = world.submitted(None).await;
        let attempt_1 = Step::ProcessingStarted { attempt: 1 };
        let steps = [
            attempt_1,
            Step::RetakeAsked {
                reasons: vec!["no_sound".into()],
                document: false,
                video: true,
            },
            Step::RetakeStarted {
                attempt: 2,
                keep_document: true,
            },
            Step::VideoUploaded,
            Step::Submitted { attempt: 2 },
            Step::ProcessingStarted { attempt: 2 },
            Step::Accepted { by_human: false },
            Step::LetterSent,
            Step::LetterOpened,
            Step::Activated,
            Step::Suspended,
            Step::Reactivated,
            Step::Deleted,
        ];
        world.steps(&case.id, &steps).await;
        let now = world.clock.now_ms();
        let waiting = world.database().job_counts(now).await.unwrap();
        let waiting = waiting.iter().find(|c| c.kind == JobKind::Deliver).unwrap();
        assert!(waiting.ready >= 8, "{waiting:?}");
        for _ in 0..waiting.ready {
            let (message, error) = attempt(&world, &deliver).await;
            assert_eq!(error, None, "{message:?}");
            assert_eq!(
                message.state,
                MessageState::Sent,
                "{message:?} {:?}",
                message.last_error
            );
        }
    }
}

#[tokio::test]
async fn a_code_is_derived_when_it_leaves_and_not_sent_once_it_has_ended() {
    for world in worlds().await {
        let deliver = deliver(&world);
        let case = world.new_case(None).await;
        for (channel, template, purpose, to) in [
            (
                Channel::Email,
                "email_code",
                CodePurpose::Email,
                "a@example.org",
            ),
            (Channel::Sms, "sms_code", CodePurpose::Phone, "+33600000000"),
        ] {
            let digits = put_code(&world, &case, purpose).await;
            post(&world, &case, channel, template, to).await;
            let (message, _) = attempt(&world, &deliver).await;
            assert_eq!(message.state, MessageState::Sent);
            assert!(!message.data.to_string().contains(&digits));
            let text = last(&world).text.replace(['\u{a0}', ' '], "");
            assert!(text.contains(&digits), "{text}");
        }
        world.clock.move_ms(25 * HOUR);
        let mut later = world.case(&case.id).await;
        let mut tx = world.database().begin().await.unwrap();
        tx.save_case(&mut later).await.unwrap();
        tx.commit().await.unwrap();
        post(
            &world,
            &later,
            Channel::Email,
            "email_code",
            "a@example.org",
        )
        .await;
        let (message, _) = attempt(&world, &deliver).await;
        assert_eq!(message.state, MessageState::Failed);
        assert!(message.last_error.unwrap().contains("code ended"));
    }
}

/// Its sender died after the other side took it; meanwhile its reader has typed it in.
#[tokio::test]
async fn a_code_that_was_used_has_arrived_and_is_not_sent_again() {
    for world in worlds().await {
        let deliver = deliver(&world);
        let case = world.new_case(None).await;
        put_code(&world, &case, CodePurpose::Email).await;
        let mut tx = world.database().begin().await.unwrap();
        let mut code = tx
            .code(&case.id, CodePurpose::Email)
            .await
            .unwrap()
            .unwrap();
        code.record.used_at = Some(world.clock.now_ms());
        tx.put_code(&code).await.unwrap();
        tx.commit().await.unwrap();
        let to = "a@example.org";
        post(&world, &case, Channel::Email, "email_code", to).await;
        let (message, error) = attempt(&world, &deliver).await;
        assert_eq!((message.state, error), (MessageState::Sent, None));
        assert!(outbox::list(&outbox_of(&world), 1).unwrap().is_empty());
    }
}

#[tokio::test]
async fn the_link_lets_its_reader_in_and_is_the_same_at_every_attempt() {
    for world in worlds().await {
        let deliver = deliver(&world);
        let case = world.new_case(None).await;
        post(
            &world,
            &case,
            Channel::Email,
            "status_changed",
            "a@example.org",
        )
        .await;
        let id: MessageId = {
            let job = claim(&world).await;
            // The first sender dies once the mail is taken.
            drop(deliver.handle(&job).await.unwrap());
            world.database().release(&job).await.unwrap();
            job.subject.parse().unwrap()
        };
        let first = last(&world).text;
        attempt(&world, &deliver).await;
        assert_eq!(outbox::list(&outbox_of(&world), 9).unwrap().len(), 1);
        let token = world.vault.secrets().link_token(&id).unwrap();
        assert!(first.contains(&format!("https://id.example.org/continue#{}", token.text)));
        let kept = world.database().token(&token.hash).await.unwrap().unwrap();
        assert_eq!(kept.case, case.id);
    }
}

#[tokio::test]
async fn what_cannot_be_sent_fails_at_once_and_says_why_without_naming_anybody() {
    for world in worlds().await {
        let deliver = deliver(&world);
        let case = world.new_case(None).await;
        for (channel, template, to) in [
            (Channel::Email, "status_changed", "not an address"),
            (Channel::Email, "no_such_template", "a@example.org"),
            (Channel::Email, "letter_available", "a@example.org"),
            (Channel::Sms, "activated", "0600"),
            (Channel::Webhook, "case.accepted", "whe_nonsense"),
        ] {
            post(&world, &case, channel, template, to).await;
            let (message, error) = attempt(&world, &deliver).await;
            assert_eq!(error, None);
            assert_eq!(message.state, MessageState::Failed, "{template}");
            let why = message.last_error.unwrap();
            assert!(!why.contains(to), "{why}");
        }
    }
}

async fn endpoint(world: &World, case: &Case, url: String) -> EndpointId {
    let id = EndpointId::new(0, world.context.id_bytes());
    let secret = WebhookSecret::generate(&*world.context.random).reveal();
    let secrets = world.vault.secrets();
    let mut tx = world.database().begin().await.unwrap();
    tx.insert_endpoint(&Endpoint {
        id: id.clone(),
        organisation: case.organisation.clone(),
        url,
        secret: secrets
            .seal(Purpose::Webhooks, id.as_str(), &secret)
            .unwrap(),
        old_secret: None,
        events: vec!["*".into()],
        sandbox: false,
        enabled: true,
        created_at: 0,
    })
    .await
    .unwrap();
    tx.commit().await.unwrap();
    id
}

/// Answers every request with the given status lines in turn; tells what it heard.
async fn receiver(answers: Vec<&'static str>) -> (String, tokio::sync::mpsc::Receiver<String>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (heard, hear) = tokio::sync::mpsc::channel(9);
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            let mut part = [0; 4096];
            while !request.ends_with(b"}") {
                let n = stream.read(&mut part).await.unwrap();
                request.extend_from_slice(&part[..n]);
            }
            let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            let _ = heard.send(String::from_utf8(request).unwrap()).await;
        }
    });
    (format!("http://{address}/hook"), hear)
}

#[tokio::test]
async fn a_webhook_is_tried_again_as_the_same_message_until_it_is_taken() {
    for world in worlds().await {
        let deliver = deliver(&world);
        let case = world.new_case(None).await;
        let (url, mut heard) = receiver(vec!["503 Busy", "500 Broken", "200 OK"]).await;
        let id = endpoint(&world, &case, url).await;
        post(
            &world,
            &case,
            Channel::Webhook,
            "case.accepted",
            id.as_str(),
        )
        .await;
        let mut ids = Vec::new();
        for n in 0..3 {
            let (message, error) = attempt(&world, &deliver).await;
            assert_eq!(error.is_none(), n == 2, "{error:?}");
            assert_eq!(message.attempts, n + 1);
            let codes = [503, 500, 200];
            assert_eq!(
                message.response_code,
                Some(codes[usize::try_from(n).unwrap()])
            );
            let request = heard.recv().await.unwrap().to_lowercase();
            let id = request.lines().find(|l| l.starts_with("webhook-id"));
            ids.push(id.unwrap().to_owned());
            assert!(request.contains("webhook-signature: v1,"));
        }
        ids.dedup();
        assert_eq!(ids.len(), 1);
    }
}

#[tokio::test]
async fn a_mail_speaks_in_the_name_of_the_cases_organisation_unless_it_names_nobody() {
    for world in worlds().await {
        let deliver = deliver(&world);
        let case = world.new_case(None).await;
        let branding = Branding {
            name: Some("Banque Exemple".into()),
            support: Support {
                phone: Some("01 23 45 67 89".into()),
                ..Support::default()
            },
            ..Branding::default()
        };
        let mut tx = world.database().begin().await.unwrap();
        assert!(
            tx.put_branding(&case.organisation, &branding)
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();
        for (template, speaks) in [("status_changed", true), ("deleted", true)] {
            post(&world, &case, Channel::Email, template, "ada@example.org").await;
            let (_, error) = attempt(&world, &deliver).await;
            assert_eq!(error, None);
            let text = last(&world).text;
            assert_eq!(text.contains("Banque Exemple"), speaks, "{text}");
            assert_eq!(text.contains("01 23 45 67 89"), speaks, "{text}");
        }
    }
}

#[tokio::test]
async fn while_a_secret_is_replaced_both_sign() {
    for world in worlds().await {
        let deliver = deliver(&world);
        let case = world.new_case(None).await;
        let (url, mut heard) = receiver(vec!["204 No Content", "204 No Content"]).await;
        let id = endpoint(&world, &case, url).await;
        let mut changed = world.database().endpoint(&id).await.unwrap().unwrap();
        let secret = WebhookSecret::generate(&*world.context.random).reveal();
        let secrets = world.vault.secrets();
        let sealed = secrets.seal(Purpose::Webhooks, id.as_str(), &secret);
        let old = std::mem::replace(&mut changed.secret, sealed.unwrap());
        for (until, signatures) in [(world.context.now() + 1, 2), (world.context.now(), 1)] {
            changed.old_secret = Some((old.clone(), until));
            let mut tx = world.database().begin().await.unwrap();
            assert!(tx.save_endpoint(&changed).await.unwrap());
            tx.commit().await.unwrap();
            let template = format!("case.accepted{signatures}");
            post(&world, &case, Channel::Webhook, &template, id.as_str()).await;
            let (_, error) = attempt(&world, &deliver).await;
            assert_eq!(error, None);
            let request = heard.recv().await.unwrap();
            assert_eq!(request.matches("v1,").count(), signatures, "{request}");
        }
    }
}

#[tokio::test]
async fn a_receiver_that_is_gone_for_good_is_disabled() {
    for world in worlds().await {
        let deliver = deliver(&world);
        let case = world.new_case(None).await;
        let (url, _heard) = receiver(vec!["410 Gone"]).await;
        let id = endpoint(&world, &case, url).await;
        post(
            &world,
            &case,
            Channel::Webhook,
            "case.accepted",
            id.as_str(),
        )
        .await;
        let (message, _) = attempt(&world, &deliver).await;
        assert_eq!(message.state, MessageState::Failed);
        assert_eq!(message.response_code, Some(410));
        let endpoint = world.database().endpoint(&id).await.unwrap().unwrap();
        assert!(!endpoint.enabled);
    }
}

#[tokio::test]
async fn the_address_of_a_removed_person_goes_with_their_last_message() {
    for world in worlds().await {
        let deliver = deliver(&world);
        let case = world.new_case(None).await;
        let mut case = world.steps(&case.id, &[Step::Deleted]).await;
        let mut tx = world.database().begin().await.unwrap();
        tx.erase_person(&mut case).await.unwrap();
        tx.commit().await.unwrap();
        let (message, _) = attempt(&world, &deliver).await;
        assert_eq!(message.state, MessageState::Sent);
        assert_eq!(message.recipient, "");
        assert_eq!(last(&world).to, "nobody@example.org");
    }
}
