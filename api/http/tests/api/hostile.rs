//! Requests that no decent client makes.

use serde_json::json;

use crate::common::{World, head, raw, world_with, worlds};

async fn ask(world: &World, text: impl AsRef<[u8]>) -> String {
    let answer = raw(world.address, text.as_ref()).await;
    // Whatever was asked, the next one is served.
    world.anybody().get("/health/live").await.is(204);
    answer
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or(answer)
}

fn with(method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    head(
        method,
        path,
        &[headers, &[("connection", "close")]].concat(),
    )
}

#[tokio::test]
async fn header_bombs_are_refused_in_the_services_words() {
    let world = world_with(|_| {}).await;
    let names: Vec<String> = (0..90).map(|n| format!("x-header-{n}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|n| (n.as_str(), "x")).collect();
    let giant = [("x-giant", &*"x".repeat(20_000))];
    let cookies = [("cookie", &*"a=b; ".repeat(4_000))];
    for headers in [&many[..], &giant, &cookies] {
        let answer = ask(&world, with("GET", "/v1/service", headers)).await;
        assert_eq!(status(&answer), "431", "{answer}");
        assert!(
            answer.contains("\"code\":\"headers_too_large\""),
            "{answer}"
        );
    }
    // What a browser behind two proxies sends is not much.
    let some: Vec<(&str, &str)> = many[..40].to_vec();
    let answer = ask(&world, with("GET", "/v1/service", &some)).await;
    assert_eq!(status(&answer), "200", "{answer}");
}

#[tokio::test]
async fn what_is_larger_still_is_not_read_to_its_end() {
    let world = world_with(|_| {}).await;
    let names: Vec<String> = (0..5_000).map(|n| format!("x-header-{n}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|n| (n.as_str(), "x")).collect();
    let endless = "x".repeat(1 << 20);
    let mut path = "/".to_owned();
    path.push_str(&endless);
    for text in [
        with("GET", "/v1/service", &many),
        with("GET", "/v1/service", &[("x-giant", &endless)]),
        with("GET", &path, &[]),
    ] {
        let answer = ask(&world, text).await;
        // The connection may be gone before the answer is read.
        assert!(["431", "414", ""].contains(&status(&answer)), "{answer}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let world = world_with(|_| {}).await;
    for text in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /v1/service HTTP/9.9\r\n\r\n",
        b"GET  /v1/service\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"GET /v1/service HTTP/1.1\r\nhost: x\r\nx-bad\0: y\r\n\r\n",
        b"GET /v1/service HTTP/1.1\r\nhost : x\r\n\r\n",
        b"GET /v1/service HTTP/1.1\r\nhost: x\r\n folded: y\r\n\r\n",
    ] {
        let answer = ask(&world, text).await;
        assert!(["400", "505", ""].contains(&status(&answer)), "{answer}");
    }
}

/// Two that disagree on where a request ends see different requests.
#[tokio::test]
async fn a_request_has_one_end() {
    let world = world_with(|_| {}).await;
    let hidden = "0\r\n\r\nGET /v1/service HTTP/1.1\r\nhost: x\r\n\r\n";
    for headers in [
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: 5, 6\r\n",
        "content-length: +5\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: gzip\r\n",
    ] {
        let text = format!(
            "POST /v1/cases HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{headers}\r\n{hidden}"
        );
        let answer = ask(&world, text).await;
        assert_eq!(status(&answer), "400", "{headers}: {answer}");
        assert_eq!(
            answer.matches("HTTP/1.1 ").count(),
            1,
            "{headers}: {answer}"
        );
    }
    // With both, the length is nothing and the connection ends with the request.
    let text = format!(
        "POST /v1/cases HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n{hidden}"
    );
    let answer = ask(&world, text).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert_eq!(status(&answer), "400", "{answer}");
}

#[tokio::test]
async fn a_body_of_another_kind_is_refused() {
    for world in worlds().await {
        let ada = world.applicant().await;
        let path = ada.path("/consent");
        let body = br#"{"version":"2026-11","biometrics":true}"#;
        for kind in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonp",
            "text/html; application/json",
            "\u{a0}application/json",
        ] {
            let headers = [("content-type", kind)];
            let answer = ada
                .caller
                .send("POST", &path, &headers, body.to_vec())
                .await;
            answer.refused("unsupported_media_type");
        }
        let bare = ada.caller.send("POST", &path, &[], body.to_vec()).await;
        bare.refused("unsupported_media_type");
        let headers = [("content-type", "Application/JSON; charset=utf-8")];
        ada.caller
            .send("POST", &path, &headers, body.to_vec())
            .await
            .is(200);
    }
}

#[tokio::test]
async fn multipart_bombs_are_not_unpacked() {
    let world = world_with(|_| {}).await;
    let part = "--x\r\ncontent-disposition: form-data; name=\"a\"; filename=\"../../etc/passwd\"\r\n\r\n\r\n";
    let small = part.repeat(100);
    let large = part.repeat(100_000);
    let headers = [("content-type", "multipart/form-data; boundary=x")];
    let answer = world
        .anybody()
        .send("POST", "/v1/cases", &headers, small.into())
        .await;
    answer.refused("unsupported_media_type");
    let text = with(
        "POST",
        "/v1/cases",
        &[headers[0], ("content-length", &large.len().to_string())],
    );
    let answer = ask(&world, text).await;
    assert_eq!(status(&answer), "413", "{answer}");
}

#[tokio::test]
async fn json_bombs_do_not_go_off() {
    let world = world_with(|_| {}).await;
    let headers = [("content-type", "application/json")];
    let post = async |body: Vec<u8>| {
        world
            .anybody()
            .send("POST", "/v1/cases", &headers, body)
            .await
    };
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [200, 8_000] {
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let answer = post(deep.into()).await;
            assert!(
                ["malformed_json", "invalid"].contains(&answer.value()["code"].as_str().unwrap())
            );
        }
    }
    for (body, code) in [
        (&b""[..], "malformed_json"),
        (b"{", "malformed_json"),
        (b"\xff\xfe{\0}\0", "malformed_json"),
        (b"\xef\xbb\xbf{\"language\":\"fr\"}", "malformed_json"),
        (
            b"{\"language\":\"fr\"}{\"language\":\"en\"}",
            "malformed_json",
        ),
        (b"{\"language\":\"fr\",\"language\":\"en\"}", "invalid"),
        (b"{\"language\":\"\\ud800\"}", "malformed_json"),
        (b"{\"language\":\"\xff\"}", "malformed_json"),
        (b"{\"language\":1e999}", "malformed_json"),
        (b"{\"language\":NaN}", "malformed_json"),
        (b"null", "invalid"),
        (b"[]", "invalid"),
        (b"[\"fr\"]", "invalid"),
        (
            b"{\"language\":\"fr\",\"consent\":[\"2026-11\",true]}",
            "invalid",
        ),
        (b"\"fr\"", "invalid"),
        (b"{}", "invalid"),
        (b"{\"__proto__\":{}}", "invalid"),
    ] {
        post(body.to_vec()).await.refused(code);
    }
    let huge = format!("{{\"language\":\"{}\"}}", "x".repeat(64 << 10));
    let answer = post(huge.into()).await;
    answer.refused("too_large");
}

/// With the size announced, the answer does not wait for a single byte.
#[tokio::test]
async fn a_json_body_too_large_is_refused_before_it_is_read() {
    let world = world_with(|_| {}).await;
    let length = [
        ("content-type", "application/json"),
        ("content-length", "65537"),
    ];
    let answer = ask(&world, with("POST", "/v1/cases", &length)).await;
    assert_eq!(status(&answer), "413", "{answer}");
    assert!(answer.contains("\"code\":\"too_large\""));
    // And without, it ends where it becomes too large.
    let piece = format!("1000\r\n{}\r\n", "x".repeat(0x1000)).repeat(17);
    let streamed = [
        ("content-type", "application/json"),
        ("transfer-encoding", "chunked"),
    ];
    let text = with("POST", "/v1/cases", &streamed) + &piece;
    let answer = ask(&world, text).await;
    assert_eq!(status(&answer), "413", "{answer}");
}

/// Whoever sends a body that is not wanted hears why: the connection is not torn down under it.
#[tokio::test]
async fn a_sender_of_an_unwanted_body_hears_the_answer() {
    let world = world_with(|_| {}).await;
    for _ in 0..5 {
        let stranger = world.bearer("idc_nobody");
        let path = "/v1/uploads/upl_00000000000000000000000000/chunks/0";
        let headers = [("content-digest", "sha-256=:x:")];
        let answer = stranger.send("PUT", path, &headers, vec![0; 8 << 20]).await;
        answer.refused("unauthorized");
        let headers = [("content-type", "application/json")];
        let answer = world
            .anybody()
            .send("POST", "/v1/cases", &headers, vec![b' '; 1 << 20])
            .await;
        answer.refused("too_large");
    }
}

#[tokio::test]
async fn paths_lead_nowhere_but_where_they_say() {
    for world in worlds().await {
        let ada = world.applicant().await;
        let bearer = format!("Bearer {}", ada.token);
        let id = ada.id.as_str();
        for path in [
            "/../../../../etc/passwd",
            "/assets/../../../etc/passwd",
            "/assets/..%2f..%2f..%2fetc%2fpasswd",
            "/assets/%2e%2e/%2e%2e/etc/passwd",
            "/assets/%252e%252e/etc/passwd",
            "/assets/..\\..\\etc\\passwd",
            "/assets/%00",
            "/assets/index.html%00.js",
            "/assets//etc/passwd",
            "//etc/passwd",
            "/%2fetc%2fpasswd",
            "/.env",
            "/.git/config",
            "/models/../var/root.key",
            "/docs/../openapi.json",
            "/v1/%2e%2e/health/ready",
            "/v1//service",
            "/v1/service/",
            "/v1/service%00",
            "/v1/cases/%2e%2e/%2e%2e/health/live",
            "/v1/cases/../cases/current",
            "/v1/cases/%FF",
            "/v1/cases/%FF/status",
            "/v1/cases/%00/status",
            "/v1/uploads/%FF",
            "/v1/webhooks/%FF",
            &format!("/v1/cases/{id}%00"),
            &format!("/v1/cases/{id}/../{id}"),
            &format!("/v1/cases/{id}/%2e%2e/{id}"),
            &format!("/v1/cases/{id}/status%2f"),
            &format!("/v1/cases/{id}/handover/%FF"),
            &format!("/v1/cases/{}/status", id.to_uppercase()),
            &format!("/V1/cases/{id}"),
        ] {
            let text = with("GET", path, &[("authorization", &bearer)]);
            let answer = ask(&world, text).await;
            let status = status(&answer);
            assert!(["404", "401", "400"].contains(&status), "{path}: {answer}");
            assert!(
                answer.contains("application/problem+json"),
                "{path}: {answer}"
            );
            assert!(!answer.contains("root:"), "{path}");
        }
    }
}

#[tokio::test]
async fn other_methods_are_named_as_what_they_are() {
    let world = world_with(|_| {}).await;
    for (method, path, allowed) in [
        ("PUT", "/v1/cases", "GET,HEAD,POST"),
        ("TRACE", "/v1/service", "GET,HEAD"),
        ("BREW", "/v1/service", "GET,HEAD"),
        ("POST", "/health/live", "GET,HEAD"),
        ("DELETE", "/openapi.json", "GET,HEAD"),
        ("POST", "/docs", "GET,HEAD"),
    ] {
        let answer = world.anybody().send(method, path, &[], vec![]).await;
        answer.refused("method_not_allowed");
        let mut said: Vec<&str> = answer.header("allow").unwrap().split(',').collect();
        said.sort_unstable();
        assert_eq!(said.join(","), allowed, "{method} {path}");
    }
    let body = json!({ "language": "fr" });
    let headers = [("x-http-method-override", "DELETE")];
    let answer = world
        .anybody()
        .json("POST", "/v1/cases", &headers, &body)
        .await;
    answer.is(201);
}
