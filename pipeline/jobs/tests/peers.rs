//! Messages against real servers that refuse, put off, break or stay away, as the queue tries
//! them; on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::peers::{Gateway, MailServer};
use common::{DAY, HOUR, World, calendar, worlds};
use idproof_database::{Case, JobKind, LetterSettings, Message, MessageState};
use idproof_delivery::{
    BrandSettings, ElectronicLetter, Lookup, MailSecurity, MailSettings, MailTransport, Mailer,
    Resolver, SmsSender, SmsSettings, SmsTransport, WebhookSender,
};
use idproof_domain::case::{CaseState, Step};
use idproof_domain::endpoint::AddressRules;
use idproof_domain::ids::MessageId;
use idproof_domain::letter::LetterCode;
use idproof_jobs::{
    Deliver, Handler, JobError, Letters, Post, Purge, Reconciler, Senders, Wording,
};
use idproof_ports::Clock;

/// Finds nothing: no test sends beyond this machine.
struct Nowhere;

impl Resolver for Nowhere {
    fn lookup<'a>(&'a self, _: &'a str) -> Lookup<'a> {
        Box::pin(async { Ok(vec![]) })
    }
}

fn smtp(port: u16) -> MailSettings {
    MailSettings {
        transport: MailTransport::Smtp,
        port: Some(port),
        security: MailSecurity::None,
        timeout_s: 5,
        ..MailSettings::default()
    }
}

fn gateway(url: &str) -> SmsSettings {
    SmsSettings {
        transport: SmsTransport::Gateway,
        url: url.to_owned(),
        timeout_s: 1,
        ..SmsSettings::default()
    }
}

fn deliver(world: &World, mail: &MailSettings, sms: &SmsSettings) -> Deliver {
    let (outbox, brand) = (world.dir.path().join("outbox"), BrandSettings::default());
    Deliver::new(
        world.context.clone(),
        Senders {
            mail: Mailer::new(mail, &brand, &outbox).unwrap(),
            sms: SmsSender::new(sms, &brand, &outbox).unwrap(),
            webhooks: WebhookSender::new(AddressRules::default(), Arc::new(Nowhere), None).unwrap(),
        },
        world.vault.secrets().clone(),
        Wording {
            public_url: "https://id.example.org".into(),
            calendar: calendar(),
            link_life: Duration::from_secs(3600),
        },
    )
}

fn letters(world: &World) -> Letters {
    Letters::new(
        world.context.clone(),
        world.vault.secrets().clone(),
        Post {
            provider: Arc::new(ElectronicLetter),
            electronic: Arc::new(ElectronicLetter),
            settings: LetterSettings::default(),
            calendar: calendar(),
            code_by_sms: false,
            keep_proofs_ms: 400 * DAY,
        },
    )
}

/// One attempt at the next message that is due, as the runner makes it. `None`: none is due.
async fn attempt(world: &World, by: &Deliver) -> Option<(Message, Option<Duration>)> {
    let now = world.clock.now_ms();
    let database = world.database();
    let lease = Duration::from_secs(60);
    let job = database
        .claim(&[JobKind::Deliver], now, lease, "t")
        .await
        .unwrap()?;
    let mut again = None;
    match by.handle(&job).await {
        Ok(mut tx) => {
            assert!(tx.finish_job(&job, now).await.unwrap());
            tx.commit().await.unwrap();
        }
        Err(JobError::Again { why, after }) if job.attempts < by.retry().most_attempts => {
            again = after;
            let wait = i64::try_from(after.unwrap().as_millis()).unwrap();
            database.retry_later(&job, now + wait, &why).await.unwrap();
        }
        Err(e) => {
            let mut tx = database.begin().await.unwrap();
            by.give_up(&mut tx, &job, &e.to_string()).await.unwrap();
            assert!(tx.park_job(&job, &e.to_string(), now).await.unwrap());
            tx.commit().await.unwrap();
        }
    }
    let id: MessageId = job.subject.parse().unwrap();
    let message = database.message(&id).await.unwrap().unwrap();
    Some((message, again))
}

/// Attempts until nothing is due now.
async fn attempt_all(world: &World, by: &Deliver) {
    while attempt(world, by).await.is_some() {}
}

/// A case whose letter has left; its notice waits in the outbox, all else is sent.
async fn with_letter(world: &World) -> Case {
    let case = world.submitted(None).await;
    let steps = [
        Step::ProcessingStarted { attempt: 1 },
        Step::Accepted { by_human: false },
    ];
    world.steps(&case.id, &steps).await;
    let outbox = deliver(world, &MailSettings::default(), &SmsSettings::default());
    attempt_all(world, &outbox).await;
    letters(world).run().await.unwrap();
    case
}

async fn letter(world: &World, case: &Case) -> idproof_domain::letter::Letter {
    let letter = world.database().letter_of(&case.id).await.unwrap();
    letter.unwrap().letter
}

fn move_on(world: &World, by: Duration) {
    world.clock.move_ms(i64::try_from(by.as_millis()).unwrap());
}

#[tokio::test]
async fn a_greylisted_notice_arrives_and_its_time_runs_from_then() {
    for world in worlds().await {
        let case = with_letter(&world).await;
        let mut server = MailServer::start("greylist");
        let by = deliver(&world, &smtp(server.port), &SmsSettings::default());
        let (message, again) = attempt(&world, &by).await.unwrap();
        assert_eq!(message.state, MessageState::Pending);
        assert!(message.last_error.unwrap().contains("451"));
        assert!(attempt(&world, &by).await.is_none(), "not before its time");
        move_on(&world, again.unwrap());
        let (message, _) = attempt(&world, &by).await.unwrap();
        assert_eq!(message.state, MessageState::Sent);
        assert_eq!(message.sent_at, Some(world.clock.now_ms()));
        assert!(server.taken().contains("nobody@example.org"));
        assert_eq!(letters(&world).run().await.unwrap(), 1);
        assert_eq!(letter(&world, &case).await.code(), LetterCode::Notified);
    }
}

/// The server knows no such mailbox: refused at the door, as a bounce would be later.
#[tokio::test]
async fn a_refused_notice_is_in_sight_starts_no_time_and_ends_with_the_code() {
    for world in worlds().await {
        let case = with_letter(&world).await;
        let server = MailServer::start("unknown");
        let by = deliver(&world, &smtp(server.port), &SmsSettings::default());
        let (message, again) = attempt(&world, &by).await.unwrap();
        assert_eq!((message.state, again), (MessageState::Failed, None));
        let why = message.last_error.unwrap();
        assert!(why.contains("550") && !why.contains("nobody"), "{why}");
        let unsent = world.database().unsent_messages().await.unwrap();
        assert_eq!(unsent[0].state, MessageState::Failed);
        assert_eq!(unsent[0].count, 1);
        let letters = letters(&world);
        world.clock.move_ms(21 * DAY);
        assert_eq!(letters.run().await.unwrap(), 0);
        assert_eq!(letter(&world, &case).await.code(), LetterCode::Deposited);
        assert_eq!(world.case(&case.id).await.state, CaseState::LetterSent);
        world.clock.move_ms(1);
        assert_eq!(letters.run().await.unwrap(), 1);
        assert_eq!(world.case(&case.id).await.state, CaseState::Expired);
    }
}

#[tokio::test]
async fn a_mail_server_that_is_away_past_the_deadline_delays_the_notice_and_shortens_nothing() {
    for world in worlds().await {
        let case = with_letter(&world).await;
        let due = world.case(&case.id).await.letter_due_at.unwrap();
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = nobody.local_addr().unwrap().port();
        drop(nobody);
        let away = deliver(&world, &smtp(port), &SmsSettings::default());
        let mut tries = 0;
        while world.clock.now_ms() <= due {
            let (message, again) = attempt(&world, &away).await.unwrap();
            assert_eq!(message.state, MessageState::Pending);
            tries += 1;
            move_on(&world, again.unwrap());
        }
        assert!((6..=9).contains(&tries), "{tries}");
        assert_eq!(letters(&world).run().await.unwrap(), 0);
        let mut server = MailServer::start("accept");
        let back = deliver(&world, &smtp(server.port), &SmsSettings::default());
        attempt_all(&world, &back).await;
        assert!(server.taken().contains("nobody@example.org"));
        assert_eq!(letters(&world).run().await.unwrap(), 1);
        let until = letter(&world, &case).await.accept_until();
        let whole = calendar().accept_until(world.clock.now_ms()).unwrap();
        assert_eq!(until, whole, "fifteen whole days from when it left");
    }
}

#[tokio::test]
async fn a_mail_that_never_leaves_is_given_up_after_three_days_and_shown() {
    for world in worlds().await {
        with_letter(&world).await;
        let server = MailServer::start("busy");
        let by = deliver(&world, &smtp(server.port), &SmsSettings::default());
        let begun = world.clock.now_ms();
        let mut tries = 0;
        loop {
            let (message, again) = attempt(&world, &by).await.unwrap();
            tries += 1;
            let Some(wait) = again else {
                assert_eq!(message.state, MessageState::Failed);
                break;
            };
            move_on(&world, wait);
        }
        assert_eq!(tries, by.retry().most_attempts);
        assert!((72 * HOUR..=80 * HOUR).contains(&(world.clock.now_ms() - begun)));
        let parked = world.database().parked_jobs(10).await.unwrap();
        assert_eq!(parked.len(), 1);
        assert!(parked[0].last_error.as_ref().unwrap().contains("451"));
        assert!(attempt(&world, &by).await.is_none());
    }
}

/// Answering 500, then too slowly, then taking it: three requests, one message.
#[tokio::test]
async fn a_gateway_that_fails_and_dawdles_gets_one_message_by_one_key() {
    for world in worlds().await {
        let case = world.new_case(None).await;
        world.post_sms(&case, "activated", "+33612345678").await;
        let gateway_server = Gateway::start(vec!["500 Broken", "slow", "202 Accepted"]).await;
        let by = deliver(
            &world,
            &MailSettings::default(),
            &gateway(&gateway_server.url),
        );
        for state in [
            MessageState::Pending,
            MessageState::Pending,
            MessageState::Sent,
        ] {
            let (message, again) = attempt(&world, &by).await.unwrap();
            assert_eq!(message.state, state, "{:?}", message.last_error);
            move_on(&world, again.unwrap_or_default());
        }
        assert!(attempt(&world, &by).await.is_none());
        let mut keys = gateway_server.keys();
        assert_eq!(keys.len(), 3);
        keys.dedup();
        assert_eq!(keys.len(), 1, "{keys:?}");
    }
}

/// The sender dies once the gateway has taken the message: the repetition carries the same key,
/// by which a gateway that can tell takes it once.
#[tokio::test]
async fn a_sender_that_dies_after_the_gateway_took_it_repeats_under_the_same_key() {
    for world in worlds().await {
        let case = world.new_case(None).await;
        world.post_sms(&case, "activated", "+33612345678").await;
        let server = Gateway::start(vec!["202 Accepted", "202 Accepted"]).await;
        let by = deliver(&world, &MailSettings::default(), &gateway(&server.url));
        let now = world.clock.now_ms();
        let lease = Duration::from_secs(60);
        let job = world
            .database()
            .claim(&[JobKind::Deliver], now, lease, "dead")
            .await;
        drop(by.handle(&job.unwrap().unwrap()).await.unwrap());
        assert!(attempt(&world, &by).await.is_none(), "the lease holds");
        move_on(&world, lease);
        let (message, _) = attempt(&world, &by).await.unwrap();
        assert_eq!(message.state, MessageState::Sent);
        let keys = server.keys();
        assert_eq!((keys.len(), &keys[0]), (2, &keys[1]));
    }
}

#[tokio::test]
async fn the_address_of_a_removed_person_goes_with_a_message_that_is_given_up() {
    for world in worlds().await {
        let case = world.submitted(None).await;
        let outbox = deliver(&world, &MailSettings::default(), &SmsSettings::default());
        attempt_all(&world, &outbox).await;
        world.steps(&case.id, &[Step::Deleted]).await;
        let purge = Purge::new(world.context.clone(), world.vault.clone());
        assert_eq!(purge.run().await.unwrap(), 1);
        let server = MailServer::start("busy");
        let by = deliver(&world, &smtp(server.port), &SmsSettings::default());
        let last = loop {
            let (message, again) = attempt(&world, &by).await.unwrap();
            match again {
                Some(wait) => move_on(&world, wait),
                None => break message,
            }
        };
        assert_eq!(last.state, MessageState::Failed);
        assert_eq!(last.recipient, "");
    }
}
