//! From the computer to the phone.

use serde_json::{Value, json};

use crate::common::{Answer, Applicant, MINUTE, Settings, World, worlds, worlds_with};

/// Token and number of a fresh invitation, and its path.
async fn invited(ada: &Applicant<'_>) -> (String, String, String) {
    let view = ada.act("/handover").await.is(201);
    let url = view["url"].as_str().unwrap();
    let (page, token) = url.split_once('#').unwrap();
    assert!(page.ends_with("/handover"));
    let number = view["code_number"].as_str().unwrap().to_owned();
    assert_eq!(number.len(), 3);
    let path = ada.path(&format!("/handover/{}", view["id"].as_str().unwrap()));
    (token.to_owned(), number, path)
}

async fn takes(world: &World, token: &str, number: &str) -> Answer {
    let body = json!({ "token": token, "number": number });
    world.anybody().post("/v1/handover", body).await
}

fn other(number: &str) -> String {
    let number: u32 = number.parse().unwrap();
    format!("{:03}", (number + 1) % 1000)
}

async fn state(ada: &Applicant<'_>, path: &str) -> Value {
    ada.caller.get(path).await.is(200)["state"].clone()
}

#[tokio::test]
async fn the_phone_takes_over_and_the_computer_may_go_on() {
    for world in worlds().await {
        let ada = world.applicant().await;
        let (token, number, path) = invited(&ada).await;
        assert_eq!(state(&ada, &path).await, "waiting");
        let opened = takes(&world, &token, &format!(" {number} ")).await.is(200);
        let phone = world.holder_of(&opened);
        assert_eq!(phone.id, ada.id);
        assert_ne!(phone.token, ada.token);
        assert_eq!(state(&ada, &path).await, "taken");
        phone.consents().await.is(200);
        assert_eq!(ada.stands().await.1, "confirm_email");
        // Once.
        takes(&world, &token, &number).await.refused("not_found");
    }
}

/// Two devices behind a trusted proxy, each with its address and browser.
#[tokio::test]
async fn each_device_says_which_the_other_one_is() {
    let computer = [
        ("x-forwarded-for", "192.0.2.1"),
        (
            "user-agent",
            "Mozilla/5.0 (Windows NT 10.0; rv:143.0) Gecko/20100101 Firefox/143.0",
        ),
    ];
    let phone = |address| {
        [
            ("x-forwarded-for", address),
            (
                "user-agent",
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) Version/18.4 Mobile Safari/604.1",
            ),
            ("content-type", "application/json"),
        ]
    };
    let behind = |s: &mut Settings| s.http.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    for world in worlds_with(behind).await {
        let ada = world.applicant().await;
        let path = ada.path("/handover");
        let view = ada
            .caller
            .send("POST", &path, &computer, vec![])
            .await
            .is(201);
        let token = view["url"].as_str().unwrap().split_once('#').unwrap().1;
        let look = json!({ "token": token });
        for (address, same) in [("192.0.2.1", true), ("198.51.100.9", false)] {
            let seen = world
                .anybody()
                .json("POST", "/v1/handover/look", &phone(address), &look)
                .await
                .is(200);
            assert_eq!(seen["device"], "Firefox, Windows");
            assert_eq!(seen["same_network"], same);
        }
        let status = ada.path(&format!("/handover/{}", view["id"].as_str().unwrap()));
        assert_eq!(ada.caller.get(&status).await.is(200).get("device"), None);
        let take = json!({ "token": token, "number": view["code_number"] });
        let taken = world
            .anybody()
            .json("POST", "/v1/handover", &phone("192.0.2.1"), &take)
            .await;
        taken.is(200);
        let status = ada.caller.get(&status).await.is(200);
        assert_eq!(status["device"], "Safari, iPhone");
        // What is taken, like what never was, shows nothing.
        for token in [token, "idh_nothing"] {
            let look = json!({ "token": token });
            let gone = world.anybody().post("/v1/handover/look", look).await;
            gone.refused("not_found");
        }
    }
}

#[tokio::test]
async fn an_invitation_ends_after_five_minutes_or_with_the_next_one() {
    for world in worlds().await {
        let ada = world.applicant().await;
        let (token, number, path) = invited(&ada).await;
        world.clock.move_ms(5 * MINUTE);
        assert_eq!(state(&ada, &path).await, "expired");
        takes(&world, &token, &number).await.refused("not_found");
        let (first, first_number, _) = invited(&ada).await;
        let (second, second_number, _) = invited(&ada).await;
        takes(&world, &first, &first_number)
            .await
            .refused("not_found");
        takes(&world, &second, &second_number).await.is(200);
    }
}

#[tokio::test]
async fn the_third_wrong_number_ends_an_invitation() {
    for world in worlds().await {
        let ada = world.applicant().await;
        let (token, number, path) = invited(&ada).await;
        for left in [2, 1, 0] {
            let problem = takes(&world, &token, &other(&number)).await;
            assert_eq!(problem.refused("number_wrong")["remaining"], left);
        }
        let after = takes(&world, &token, &number).await;
        after.refused("not_found");
        assert_eq!(state(&ada, &path).await, "expired");
        // As if there had never been one.
        let unknown = takes(&world, "idh_nothing", &number).await;
        assert_eq!(after.seen(), unknown.seen());
    }
}

/// Nobody gains a guess by asking many times at once.
#[tokio::test(flavor = "multi_thread")]
async fn numbers_guessed_in_parallel_are_three_at_most() {
    for world in worlds().await {
        let ada = world.applicant().await;
        let (token, number, _) = invited(&ada).await;
        let wrong = other(&number);
        let guesses = (0..12).map(|_| takes(&world, &token, &wrong));
        let answers = futures_util::future::join_all(guesses).await;
        let compared = answers
            .iter()
            .filter(|a| a.value()["code"] == "number_wrong")
            .count();
        assert_eq!(compared, 3);
        takes(&world, &token, &number).await.refused("not_found");
    }
}

#[tokio::test]
async fn an_invitation_belongs_to_its_case() {
    for world in worlds().await {
        let (ada, eve) = (world.applicant().await, world.applicant().await);
        let (_, _, path) = invited(&ada).await;
        let id = path.rsplit('/').next().unwrap();
        let foreign = eve.get(&format!("/handover/{id}")).await;
        let unknown = eve.get("/handover/hov_00000000000000000000000000").await;
        let nonsense = eve.get("/handover/nonsense").await;
        foreign.refused("not_found");
        assert_eq!(foreign.seen(), unknown.seen());
        assert_eq!(foreign.seen(), nonsense.seen());
    }
}
