//! A case that is accepted stops being accepted when one thing about it is spoilt. Needs the bona
//! fide samples, which are made where videos of real people are at hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use common::{Verify, samples};

fn bona_fide(case: &serde_json::Value) -> Verify {
    let text = |key: &str| case[key].as_str().unwrap().to_owned();
    let folder = samples().join(text("folder"));
    let mut verify = Verify::attack();
    verify.documents = vec![folder.join("card-front.jpg"), folder.join("card-back.jpg")];
    verify.video = folder.join(text("video"));
    (verify.digits, verify.language) = (text("digits"), text("language"));
    verify
}

fn is_accepted(case: &serde_json::Value) -> bool {
    let mut verify = bona_fide(case);
    verify.may_be_accepted = true;
    verify.run().report()["decision"] == "accept"
}

#[test]
fn an_accepted_case_with_one_thing_spoilt_is_accepted_no_more() {
    let cases = std::fs::read(samples().join("cases.json")).unwrap();
    let cases: serde_json::Value = serde_json::from_slice(&cases).unwrap();
    let mut genuine = cases["cases"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["kind"] == "bona-fide");
    let Some(case) = genuine.find(|c| is_accepted(c)) else {
        println!("not run: no bona fide sample is here that is accepted");
        return;
    };
    // `run` itself fails the test when one of these is accepted.
    let mut mute = bona_fide(case);
    let video = mute.video.display().to_string();
    mute.video = mute.ffmpeg("mute.webm", &["-i", &video, "-an", "-c:v", "copy"]);
    mute.run().decided_with("no_sound");

    let mut other_digits = bona_fide(case);
    other_digits.digits = "905".into();
    assert_ne!(other_digits.run().status("spoken_digits"), "passed");

    let mut other_card = bona_fide(case);
    other_card.documents = Verify::attack().documents;
    other_card.run().decided_with("face_mismatch");

    let mut front_alone = bona_fide(case);
    front_alone.documents.pop();
    front_alone.run().decided_with("mrz_not_found");

    let mut back_alone = bona_fide(case);
    back_alone.documents.remove(0);
    back_alone.run().decided_with("portrait_not_found");
}
