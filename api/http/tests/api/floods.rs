//! Too many requests: from a key, a case, an address, a connection.

use serde_json::json;

use crate::common::{ALL_SCOPES, MINUTE, Raw, head, raw, world_with, worlds_with};

#[tokio::test]
async fn a_flood_from_one_key_is_told_to_wait_and_disturbs_nobody_else() {
    for world in worlds_with(|s| s.limits.per_key = 6).await {
        let org = world.organisation("bank").await;
        let flooding = world.key(&org, ALL_SCOPES).await;
        let quiet = world.key(&org, ALL_SCOPES).await;
        let ada = world.applicant().await;
        let mut turned_away = 0;
        for _ in 0..50 {
            let answer = flooding.get("/v1/cases").await;
            if answer.status == 429 {
                answer.refused("rate_limited");
                assert!((1..=11).contains(&answer.retry_after()));
                turned_away += 1;
            }
        }
        assert_eq!(turned_away, 44);
        quiet.get("/v1/cases").await.is(200);
        ada.get("/status").await.is(200);
        world.anybody().get("/v1/service").await.is(200);
        // A sixth of a minute is one more.
        world.clock.move_ms(10_000);
        flooding.get("/v1/cases").await.is(200);
        flooding.get("/v1/cases").await.refused("rate_limited");
        world.clock.move_ms(MINUTE);
        for _ in 0..6 {
            flooding.get("/v1/cases").await.is(200);
        }
    }
}

#[tokio::test]
async fn a_flood_in_one_case_is_that_cases_alone() {
    let world = world_with(|s| s.limits.per_case = 3).await;
    let (ada, eve) = (world.applicant().await, world.applicant().await);
    for _ in 0..3 {
        eve.get("/status").await.is(200);
    }
    eve.get("/status").await.refused("rate_limited");
    // Another token of the same case is no way out.
    ada.get("/status").await.is(200);
}

#[tokio::test]
async fn a_flood_from_one_address_ends_before_anything_is_looked_up() {
    let world = world_with(|s| {
        s.limits.per_address = 5;
        s.http.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let from = |address: &'static str, path: &'static str| {
        let anybody = world.anybody();
        async move {
            anybody
                .send("GET", path, &[("x-forwarded-for", address)], vec![])
                .await
        }
    };
    for path in ["/v1/service", "/", "/nothing", "/v1/cases/x", "/docs"] {
        from("198.51.100.7", path).await;
    }
    for path in ["/v1/service", "/", "/nothing", "/v1/cases/x", "/docs"] {
        from("198.51.100.7", path).await.refused("rate_limited");
        // What the client wrote in front of its own address is not believed.
        from("203.0.113.1, 198.51.100.7", path)
            .await
            .refused("rate_limited");
    }
    from("198.51.100.8", "/v1/service").await.is(200);
    // A site shares out 64 bits as it likes.
    for host in [
        "2001:db8::1",
        "2001:db8::2",
        "2001:db8::3",
        "2001:db8::4",
        "2001:db8::5",
    ] {
        from(host, "/v1/service").await.is(200);
    }
    from("2001:db8::6", "/v1/service")
        .await
        .refused("rate_limited");
    from("2001:db8:0:1::1", "/v1/service").await.is(200);
}

#[tokio::test]
async fn without_a_proxy_the_header_says_nothing() {
    let world = world_with(|s| s.limits.per_address = 3).await;
    for n in 0..6 {
        let address = format!("198.51.100.{n}");
        let headers = [("x-forwarded-for", &*address)];
        let answer = world
            .anybody()
            .send("GET", "/v1/service", &headers, vec![])
            .await;
        assert_eq!(answer.status, if n < 3 { 200 } else { 429 });
    }
}

#[tokio::test]
async fn cases_are_opened_only_so_often_from_one_address_but_by_integrators_as_they_like() {
    for world in worlds_with(|s| s.limits.cases_per_address = 2).await {
        let body = json!({ "language": "fr" });
        // A mistake costs nothing.
        for _ in 0..3 {
            let wrong = json!({ "language": "de" });
            world
                .anybody()
                .post("/v1/cases", wrong)
                .await
                .refused("invalid");
        }
        for _ in 0..2 {
            world
                .anybody()
                .post("/v1/cases", body.clone())
                .await
                .is(201);
        }
        let answer = world.anybody().post("/v1/cases", body.clone()).await;
        answer.refused("rate_limited");
        assert_eq!(answer.retry_after(), 1801);
        let org = world.organisation("bank").await;
        let key = world.key(&org, ALL_SCOPES).await;
        for _ in 0..4 {
            key.post("/v1/cases", body.clone()).await.is(201);
        }
        world.clock.move_ms(30 * MINUTE);
        world.anybody().post("/v1/cases", body).await.is(201);
    }
}

#[tokio::test]
async fn one_address_holds_only_so_many_connections() {
    let world = world_with(|s| s.http.connections_per_address = 3).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut raw = Raw::to(world.address).await;
        raw.write(head("GET", "/health/live", &[]).as_bytes()).await;
        assert!(raw.answer().await.starts_with("HTTP/1.1 204 "));
        held.push(raw);
    }
    assert_eq!(
        raw(world.address, head("GET", "/health/live", &[]).as_bytes()).await,
        ""
    );
    held.pop();
    let mut next = Raw::to(world.address).await;
    // It takes a moment until the place is free.
    for _ in 0..100 {
        next.write(head("GET", "/health/live", &[]).as_bytes())
            .await;
        if next.answer().await.starts_with("HTTP/1.1 204 ") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        next = Raw::to(world.address).await;
    }
    panic!("the place was not given back");
}

#[tokio::test]
async fn more_requests_at_once_than_the_service_can_do_are_told_to_come_back() {
    let world = world_with(|s| s.limits.requests_at_once = 1).await;
    let body = head(
        "POST",
        "/v1/cases",
        &[
            ("content-type", "application/json"),
            ("content-length", "17"),
        ],
    );
    let mut slow = Raw::to(world.address).await;
    slow.write(body.as_bytes()).await;
    let mut answer = world.anybody().get("/v1/service").await;
    for _ in 0..100 {
        if answer.status == 503 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        answer = world.anybody().get("/v1/service").await;
    }
    answer.refused("overloaded");
    assert_eq!(answer.retry_after(), 2);
    slow.write(br#"{"language":"fr"}"#).await;
    assert!(slow.answer().await.starts_with("HTTP/1.1 201 "));
    world.anybody().get("/v1/service").await.is(200);
}
