//! Those who hold a connection and say nothing, or next to nothing.

use std::time::Duration;

use serde_json::json;

use crate::common::{Raw, World, digest, head, world_with};

/// A service that waits a second at most.
async fn impatient() -> World {
    world_with(|s| {
        s.http.head_timeout_s = 1;
        s.http.body_timeout_s = 1;
        s.http.stall_timeout_s = 1;
    })
    .await
}

async fn trickles(raw: &mut Raw, bytes: &[u8]) -> bool {
    for byte in bytes {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if !raw.write(&[*byte]).await {
            return false;
        }
    }
    true
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_not_waited_for() {
    let world = impatient().await;
    let mut raw = Raw::to(world.address).await;
    let text = head("GET", "/v1/service", &[("x-long", &"x".repeat(100))]);
    assert!(
        !trickles(&mut raw, text.as_bytes()).await,
        "it was waited for"
    );
    assert_eq!(raw.rest().await, "");
    world.anybody().get("/v1/service").await.is(200);
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed() {
    let world = impatient().await;
    let mut idle = Raw::to(world.address).await;
    let mut used = Raw::to(world.address).await;
    used.write(head("GET", "/health/live", &[]).as_bytes())
        .await;
    assert!(used.answer().await.starts_with("HTTP/1.1 204 "));
    assert_eq!(idle.rest().await, "");
    assert_eq!(used.rest().await, "");
}

#[tokio::test]
async fn a_json_body_that_comes_byte_by_byte_is_too_slow() {
    let world = impatient().await;
    let length = [
        ("content-type", "application/json"),
        ("content-length", "1000"),
    ];
    let mut raw = Raw::to(world.address).await;
    raw.write(head("POST", "/v1/cases", &length).as_bytes())
        .await;
    trickles(&mut raw, &[b' '; 15]).await;
    let answer = raw.answer().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"code\":\"too_slow\""));
}

#[tokio::test]
async fn a_chunk_that_stands_still_is_too_slow_and_leaves_nothing() {
    let world = impatient().await;
    let ada = world.applicant().await.identified().await;
    let id = ada.begins(json!({ "kind": "document_front" })).await;
    let request = head(
        "PUT",
        &format!("/v1/uploads/{id}/chunks/0"),
        &[
            ("authorization", &format!("Bearer {}", ada.token)),
            ("content-length", "100000"),
            ("content-digest", &digest(b"whatever")),
        ],
    );
    let mut raw = Raw::to(world.address).await;
    raw.write(request.as_bytes()).await;
    raw.write(&[0; 5000]).await;
    let answer = raw.answer().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(world.stored_files(), 0);
    ada.sends(&id, 0, b"front").await.is(204);
}

/// Never still for long, and yet never done: on average a kilobyte a second must come.
#[tokio::test]
async fn a_chunk_that_trickles_is_too_slow() {
    let world = world_with(|s| s.http.stall_timeout_s = 20).await;
    let ada = world.applicant().await.identified().await;
    let id = ada.begins(json!({ "kind": "document_front" })).await;
    let request = head(
        "PUT",
        &format!("/v1/uploads/{id}/chunks/0"),
        &[
            ("authorization", &format!("Bearer {}", ada.token)),
            ("content-length", "100000"),
            ("content-digest", &digest(b"whatever")),
        ],
    );
    let mut raw = Raw::to(world.address).await;
    raw.write(request.as_bytes()).await;
    for _ in 0..3 {
        raw.write(&[0; 1024]).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.clock.move_ms(10_000);
    }
    raw.write(&[0; 1]).await;
    let answer = raw.answer().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(world.stored_files(), 0);
}

#[tokio::test]
async fn many_slow_ones_do_not_keep_the_others_waiting() {
    let world = world_with(|s| s.http.head_timeout_s = 5).await;
    let mut slow = Vec::new();
    for _ in 0..100 {
        let mut raw = Raw::to(world.address).await;
        raw.write(b"GET /v1/service HTTP/1.1\r\nx-slow: ").await;
        slow.push(raw);
    }
    for _ in 0..20 {
        let quick = tokio::time::timeout(Duration::from_secs(3), world.applicant());
        quick.await.expect("it was kept waiting");
    }
    drop(slow);
}

/// Whoever stops the service is not kept waiting either.
#[tokio::test]
async fn a_service_that_stops_does_not_wait_for_the_slow() {
    let world = world_with(|_| {}).await;
    let mut slow = Raw::to(world.address).await;
    slow.write(b"GET /v1/service HTTP/1.1\r\n").await;
    world.anybody().get("/v1/service").await.is(200);
    let address = world.address;
    drop(world);
    assert_eq!(slow.rest().await, "");
    let refused = tokio::net::TcpStream::connect(address).await;
    assert!(refused.is_err(), "it still listens");
}
