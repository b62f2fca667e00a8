//! Sign-in through an organisation's provider, of which there is a small one here.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use idproof_database::Role;
use idproof_http::{NewStaff, create_staff};
use idproof_ports::Clock;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

use crate::common::{Answer, MINUTE, World, world_with};

const CLIENT: &str = "idproof";
const SECRET: &str = "a secret between the two";

/// A provider that says of whoever comes what the test wants.
#[derive(Clone)]
struct Provider {
    issuer: String,
    claims: Arc<Mutex<Value>>,
    key: Arc<Mutex<SigningKey>>,
    algorithm: Arc<Mutex<&'static str>>,
    /// Of the request that began the sign-in.
    challenge: Arc<Mutex<String>>,
}

fn jwk(key: &SigningKey) -> Value {
    let x = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
    json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "1", "use": "sig", "x": x }] })
}

async fn token(
    State(provider): State<Provider>,
    headers: axum::http::HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<Json<Value>, axum::http::StatusCode> {
    let of = |name: &str| {
        form.iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
            .unwrap_or("")
    };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(of("code_verifier").as_bytes()));
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{CLIENT}:{SECRET}"));
    let known = headers
        .get("authorization")
        .is_some_and(|v| v.as_bytes() == format!("Basic {basic}").as_bytes());
    if of("code") != "good" || challenge != *provider.challenge.lock().unwrap() || !known {
        return Err(axum::http::StatusCode::BAD_REQUEST);
    }
    let header = json!({ "alg": *provider.algorithm.lock().unwrap(), "kid": "1" });
    let claims = provider.claims.lock().unwrap().to_string();
    let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
    let signed = format!("{}.{}", encode(header.to_string()), encode(claims));
    let signature = provider.key.lock().unwrap().sign(signed.as_bytes());
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
    Ok(Json(
        json!({ "access_token": "x", "token_type": "Bearer", "id_token": token }),
    ))
}

impl Provider {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let provider = Self {
            issuer: issuer.clone(),
            claims: Arc::default(),
            key: Arc::new(Mutex::new(SigningKey::from_bytes(&[7; 32]))),
            algorithm: Arc::new(Mutex::new("EdDSA")),
            challenge: Arc::default(),
        };
        let published = jwk(&SigningKey::from_bytes(&[7; 32]));
        let described = json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
        });
        let router = Router::new()
            .route(
                "/.well-known/openid-configuration",
                get(move || async move { Json(described) }),
            )
            .route("/keys", get(move || async move { Json(published) }))
            .route("/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }
}

/// A browser at the provider: the cookie, and what it was sent with.
struct Browser {
    cookie: String,
    state: String,
}

async fn begins(world: &World, provider: &Provider, subject: &str) -> Browser {
    let answer = world.anybody().get("/console/api/oidc/start").await;
    assert_eq!(answer.status, 303);
    let url = reqwest::Url::parse(answer.header("location").unwrap()).unwrap();
    assert!(
        url.as_str()
            .starts_with(&format!("{}/authorize?", provider.issuer))
    );
    let of = |name: &str| {
        url.query_pairs()
            .find(|(n, _)| n == name)
            .unwrap()
            .1
            .into_owned()
    };
    assert_eq!(
        (of("scope").as_str(), of("client_id").as_str()),
        ("openid", CLIENT)
    );
    assert_eq!(of("code_challenge_method"), "S256");
    *provider.challenge.lock().unwrap() = of("code_challenge");
    *provider.claims.lock().unwrap() = json!({
        "iss": provider.issuer, "sub": subject, "aud": CLIENT, "nonce": of("nonce"),
        "exp": world.clock.now_ms() / 1_000 + 300, "iat": world.clock.now_ms() / 1_000,
    });
    let set = answer.header("set-cookie").unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"));
    Browser {
        cookie: set.split(';').next().unwrap().to_owned(),
        state: of("state"),
    }
}

async fn returns(world: &World, browser: &Browser, code: &str) -> Answer {
    let path = format!(
        "/console/api/oidc/callback?code={code}&state={}&iss=x",
        browser.state
    );
    world
        .anybody()
        .send("GET", &path, &[("cookie", &browser.cookie)], vec![])
        .await
}

fn is_refused(answer: &Answer) {
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("location"), Some("/console/?sign_in=refused"));
    assert!(
        !answer
            .headers
            .get_all("set-cookie")
            .iter()
            .any(|c| c.to_str().unwrap().starts_with("idproof-console="))
    );
}

async fn world_of(provider: &Provider) -> World {
    let issuer = provider.issuer.clone();
    let world = world_with(move |s| {
        s.console.oidc.issuer.clone_from(&issuer);
        s.console.oidc.client_id = CLIENT.into();
        s.console.oidc.client_secret = SECRET.into();
    })
    .await;
    let new = NewStaff {
        name: "ada".into(),
        display_name: "Ada".into(),
        roles: vec![Role::Reviewer],
        oidc_subject: Some("subject-of-ada".into()),
        by: None,
    };
    create_staff(&world.database, &*world.clock, &*world.random, new)
        .await
        .unwrap();
    world
}

#[tokio::test]
async fn a_person_whom_the_provider_knows_is_signed_in() {
    let provider = Provider::start().await;
    let world = world_of(&provider).await;
    assert_eq!(
        world.anybody().get("/console/api/options").await.is(200)["oidc"],
        true
    );
    let browser = begins(&world, &provider, "subject-of-ada").await;
    let answer = returns(&world, &browser, "good").await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/console/"))
    );
    let cookies: Vec<&str> = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|c| c.to_str().unwrap())
        .collect();
    let session = cookies
        .iter()
        .find(|c| c.starts_with("idproof-console="))
        .unwrap();
    assert!(session.contains("SameSite=Strict"));
    let session = session.split(';').next().unwrap();
    let me = world
        .anybody()
        .send(
            "GET",
            "/console/api/session",
            &[("cookie", session)],
            vec![],
        )
        .await
        .is(200);
    assert_eq!(
        (&me["stage"], &me["staff"]["name"]),
        (&json!("ready"), &json!("ada"))
    );
}

#[tokio::test]
async fn whatever_is_wrong_with_a_token_nobody_is_signed_in() {
    let provider = Provider::start().await;
    let world = world_of(&provider).await;
    let stranger = begins(&world, &provider, "somebody-else").await;
    is_refused(&returns(&world, &stranger, "good").await);
    for (claim, value) in [
        ("iss", json!("https://other.example")),
        ("aud", json!("another-client")),
        ("aud", json!([CLIENT, "another-client"])),
        ("nonce", json!("of another sign-in")),
        ("exp", json!(world.clock.now_ms() / 1_000 - 61)),
        ("sub", json!("")),
    ] {
        let browser = begins(&world, &provider, "subject-of-ada").await;
        provider.claims.lock().unwrap()[claim] = value;
        is_refused(&returns(&world, &browser, "good").await);
    }
    // Signed by another key, or said to be signed in another way.
    let browser = begins(&world, &provider, "subject-of-ada").await;
    *provider.key.lock().unwrap() = SigningKey::from_bytes(&[8; 32]);
    is_refused(&returns(&world, &browser, "good").await);
    *provider.key.lock().unwrap() = SigningKey::from_bytes(&[7; 32]);
    for algorithm in ["none", "HS256", "RS256", "ES256", "PS256"] {
        *provider.algorithm.lock().unwrap() = algorithm;
        let browser = begins(&world, &provider, "subject-of-ada").await;
        is_refused(&returns(&world, &browser, "good").await);
    }
    *provider.algorithm.lock().unwrap() = "EdDSA";
    // Another's code, another browser's state, too late.
    let browser = begins(&world, &provider, "subject-of-ada").await;
    is_refused(&returns(&world, &browser, "bad").await);
    let other = begins(&world, &provider, "subject-of-ada").await;
    let mixed = Browser {
        cookie: browser.cookie,
        state: other.state.clone(),
    };
    is_refused(&returns(&world, &mixed, "good").await);
    let without = Browser {
        cookie: "idproof-oidc=x".into(),
        state: other.state.clone(),
    };
    is_refused(&returns(&world, &without, "good").await);
    world.clock.move_ms(10 * MINUTE + 1);
    is_refused(&returns(&world, &other, "good").await);
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_way() {
    let world = world_with(|_| {}).await;
    for path in [
        "/console/api/oidc/start",
        "/console/api/oidc/callback?code=x",
    ] {
        world.anybody().get(path).await.refused("not_found");
    }
}
