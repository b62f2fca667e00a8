//! Mail against a real server: taken, refused, greylisted, slow, broken off, with and without TLS.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use std::path::Path;
use std::time::Duration;

use common::{Certificates, MailServer, NOW, id};
use idproof_delivery::{
    BrandSettings, DeliveryError, Mail, MailSecurity, MailSettings, MailTo, MailTransport, Mailer,
    Reason, Secret,
};
use idproof_domain::Language;

fn plain(port: u16) -> MailSettings {
    MailSettings {
        transport: MailTransport::Smtp,
        from: "Zéphyr <bonjour@zephyr.example>".into(),
        host: "localhost".into(),
        port: Some(port),
        security: MailSecurity::None,
        timeout_s: 5,
        ..MailSettings::default()
    }
}

fn encrypted(port: u16, ca: &Path, password: &str) -> MailSettings {
    MailSettings {
        security: MailSecurity::Starttls,
        username: Some("idproof".into()),
        password: Some(Secret::new(password)),
        ca_file: Some(ca.into()),
        ..plain(port)
    }
}

async fn send(settings: &MailSettings) -> Result<(), DeliveryError> {
    send_to(settings, "maelys@example.org").await
}

async fn send_to(settings: &MailSettings, address: &str) -> Result<(), DeliveryError> {
    let mailer = Mailer::new(settings, &BrandSettings::default(), Path::new("unused")).unwrap();
    let id = id(1);
    let to = MailTo {
        voice: idproof_delivery::Voice::default(),
        id: &id,
        address,
        name: Some("فاطمة 🌷"),
        language: Language::Fr,
        at_ms: NOW,
    };
    let mail = Mail::EmailCode {
        code: "048213".parse().unwrap(),
        minutes: 30,
    };
    let result = mailer.send(to, &mail).await;
    if let Err(error) = &result {
        let said = format!("{error} {error:?}");
        for secret in ["maelys", "example.org", "048", "فاطمة", "hunter"] {
            assert!(!said.contains(secret), "{said}");
        }
    }
    result
}

fn transient(reason: Reason) -> Result<(), DeliveryError> {
    Err(DeliveryError::Transient {
        reason,
        retry_after: None,
    })
}

#[tokio::test]
async fn a_mail_arrives_whole() {
    let mut server = MailServer::start(&[]);
    assert_eq!(send(&plain(server.port)).await, Ok(()));
    let taken = server.taken();
    assert_eq!(taken["from"], "bonjour@zephyr.example");
    assert_eq!(taken["to"][0], "maelys@example.org");
    assert_eq!(taken["tls"], false);
    let data = taken["data"].as_str().unwrap();
    assert!(data.is_ascii(), "a server without 8BITMIME carries it");
    let mail = mail_parser::MessageParser::default()
        .parse(data.as_bytes())
        .unwrap();
    assert!(mail.body_text(0).unwrap().contains("048 213"));
    assert_eq!(mail.to().unwrap().first().unwrap().name(), Some("فاطمة 🌷"));
}

#[tokio::test]
async fn tls_and_login_against_an_authority_of_our_own() {
    let own = Certificates::for_name("localhost");
    let (leaf, key) = (own.arg("leaf.pem"), own.arg("key.pem"));
    let options = [
        "--certificate",
        &leaf,
        "--key",
        &key,
        "--password",
        "hunter2",
    ];
    let mut server = MailServer::start(&options);
    let good = encrypted(server.port, &own.path("ca.pem"), "hunter2");
    assert_eq!(send(&good).await, Ok(()));
    let taken = server.taken();
    assert_eq!(
        (&taken["tls"], &taken["user"]),
        (&true.into(), &"idproof".into())
    );

    // TLS from the first byte.
    let mut wrapped = MailServer::start(&[&options[..], &["--wrapped"]].concat());
    let settings = MailSettings {
        security: MailSecurity::Tls,
        ..encrypted(wrapped.port, &own.path("ca.pem"), "hunter2")
    };
    assert_eq!(send(&settings).await, Ok(()));
    assert_eq!(wrapped.taken()["tls"], true);

    // The operator's mistakes lose no mail.
    let wrong = encrypted(server.port, &own.path("ca.pem"), "hunter3");
    assert_eq!(send(&wrong).await, transient(Reason::Login(535)));
    let untrusted = MailSettings {
        ca_file: None,
        ..good.clone()
    };
    assert_eq!(send(&untrusted).await, transient(Reason::Tls));
    let named_otherwise = MailSettings {
        host: "127.0.0.1".into(),
        ..good.clone()
    };
    assert_eq!(send(&named_otherwise).await, transient(Reason::Tls));
}

#[tokio::test]
async fn encryption_that_is_asked_for_is_never_given_up() {
    let own = Certificates::for_name("localhost");
    let server = MailServer::start(&[]);
    let settings = encrypted(server.port, &own.path("ca.pem"), "hunter2");
    assert!(matches!(
        send(&settings).await,
        Err(DeliveryError::Transient {
            reason: Reason::NotOffered(_),
            ..
        })
    ));
}

#[tokio::test]
async fn what_cannot_be_delivered_is_reported_to_the_return_path() {
    for (return_path, expected) in [
        (None, "bonjour@zephyr.example"),
        (Some("bounces@zephyr.example"), "bounces@zephyr.example"),
    ] {
        let mut server = MailServer::start(&[]);
        let settings = MailSettings {
            return_path: return_path.map(str::to_owned),
            ..plain(server.port)
        };
        assert_eq!(send(&settings).await, Ok(()));
        assert_eq!(server.taken()["from"], expected);
    }
}

#[tokio::test]
async fn an_unknown_user_is_final() {
    let server = MailServer::start(&["--behaviour", "unknown"]);
    let reason = Reason::Answered {
        code: 550,
        enhanced: Some("5.1.1".into()),
    };
    assert_eq!(
        send(&plain(server.port)).await,
        Err(DeliveryError::Permanent { reason })
    );
}

#[tokio::test]
async fn greylisting_is_waited_out() {
    let mut server = MailServer::start(&["--behaviour", "greylist"]);
    let reason = Reason::Answered {
        code: 451,
        enhanced: Some("4.7.1".into()),
    };
    assert_eq!(send(&plain(server.port)).await, transient(reason));
    assert_eq!(send(&plain(server.port)).await, Ok(()));
    assert_eq!(server.taken()["to"][0], "maelys@example.org");
}

#[tokio::test]
async fn a_server_that_answers_slowly_or_not_at_all_is_given_up() {
    let server = MailServer::start(&["--behaviour", "slow"]);
    let settings = MailSettings {
        timeout_s: 1,
        ..plain(server.port)
    };
    let limit = Duration::from_secs(1);
    assert_eq!(send(&settings).await, transient(Reason::TimedOut(limit)));

    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = MailSettings {
        timeout_s: 1,
        ..plain(silent.local_addr().unwrap().port())
    };
    assert_eq!(send(&settings).await, transient(Reason::TimedOut(limit)));

    drop(silent);
    assert_eq!(send(&settings).await, transient(Reason::NoConnection));
}

/// The server took the mail and broke off before saying so: the second try is told by its
/// Message-ID.
#[tokio::test]
async fn a_connection_that_breaks_after_the_data_is_tried_again_under_the_same_id() {
    let mut server = MailServer::start(&["--behaviour", "drop"]);
    let mut ids = Vec::new();
    for _ in 0..2 {
        assert_eq!(
            send(&plain(server.port)).await,
            transient(Reason::BrokenOff)
        );
        let taken = server.taken();
        let data = taken["data"].as_str().unwrap().to_owned();
        let mail = mail_parser::MessageParser::default()
            .parse(data.as_bytes())
            .unwrap();
        ids.push(mail.message_id().unwrap().to_owned());
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(ids[0], format!("{}@zephyr.example", id(1)));
}

#[tokio::test]
async fn an_address_outside_ascii_is_final_where_the_server_does_not_carry_it() {
    let server = MailServer::start(&[]);
    assert_eq!(
        send_to(&plain(server.port), "maëlys@example.org").await,
        Err(DeliveryError::Permanent {
            reason: Reason::NotAnAddress
        })
    );
}

#[test]
fn settings_that_cannot_be_used_name_their_key() {
    let own = Certificates::for_name("localhost");
    let good = encrypted(587, &own.path("ca.pem"), "hunter2");
    let key = |settings: MailSettings| {
        let brand = BrandSettings::default();
        let error = Mailer::new(&settings, &brand, Path::new("unused")).err();
        let error = error.unwrap();
        assert!(!format!("{error:?} {settings:?}").contains("hunter"));
        error.key
    };
    let clear = MailSettings {
        security: MailSecurity::None,
        ..good.clone()
    };
    assert_eq!(key(clear), "mail.security");
    let no_password = MailSettings {
        password: None,
        ..good.clone()
    };
    assert_eq!(key(no_password), "mail.username");
    let no_limit = MailSettings {
        timeout_s: 0,
        ..good.clone()
    };
    assert_eq!(key(no_limit), "mail.timeout_s");
    let nowhere = MailSettings {
        return_path: Some("Bounces <b@zephyr.example>".into()),
        ..good.clone()
    };
    assert_eq!(key(nowhere), "mail.return_path");
    let no_host = MailSettings {
        host: String::new(),
        ..good.clone()
    };
    assert_eq!(key(no_host), "mail.host");
    for file in [own.path("missing.pem"), own.path("key.pem")] {
        let settings = MailSettings {
            ca_file: Some(file),
            ..good.clone()
        };
        assert_eq!(key(settings), "mail.ca_file");
    }
}
