//! Selfies as they go wrong: each ends in a decision that is no acceptance, and the check that saw
//! what is wrong says so. Made from the portrait of the samples, which never deforms: what is looked
//! at is the check that the fault is about.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use common::{Ran, Verify, samples};

/// The face alone, 700 pixels a side: eyes at (299, 243) and (411, 250), mouth at (352, 355).
const FACE: &str = "crop=288:288:80:0,scale=700:700";
/// As a hand holds the camera.
const SWAY: &str = "crop=640:640:30+20*sin(2*t):30+14*sin(1.3*t)";
const SOUND: &str = "anoisesrc=r=48000:a=0.02:c=pink:seed=3";

/// A recording of `seconds` of the portrait, under a filter that stands before the sway.
fn selfie(v: &Verify, name: &str, filter: &str, seconds: &str) -> std::path::PathBuf {
    shown(v, name, &format!("{FACE},{filter},{SWAY}"), seconds)
}

/// Of the portrait under a whole filter.
fn shown(v: &Verify, name: &str, filter: &str, seconds: &str) -> std::path::PathBuf {
    let portrait = samples().join(".cache/astronaut.png").display().to_string();
    recorded(
        v,
        name,
        &["-loop", "1", "-framerate", "25", "-i", &portrait],
        filter,
        seconds,
    )
}

fn recorded(
    v: &Verify,
    name: &str,
    input: &[&str],
    filter: &str,
    seconds: &str,
) -> std::path::PathBuf {
    let mut line = input.to_vec();
    line.extend(["-f", "lavfi", "-i", SOUND, "-vf", filter, "-t", seconds]);
    line.extend(
        "-c:v libvpx -b:v 1500k -deadline good -cpu-used 5 -pix_fmt yuv420p -c:a libopus"
            .split(' '),
    );
    v.ffmpeg(name, &line)
}

fn judged(filter: &str) -> Ran {
    let mut verify = Verify::attack();
    verify.video = selfie(&verify, "selfie.webm", filter, "3");
    verify.run()
}

/// The check did not pass, and why.
fn told(ran: &Ran, check: &str, status: &str, reason: &str) {
    assert_eq!(ran.status(check), status, "{:#}", ran.report());
    ran.decided_with(reason);
}

#[test]
fn the_portrait_itself_is_one_whole_face_that_never_moves() {
    let ran = judged("null");
    assert_eq!(ran.status("video_integrity"), "passed");
    assert_eq!(ran.status("single_face"), "passed");
    assert_eq!(ran.status("face_match"), "passed");
    told(&ran, "face_motion", "failed", "face_does_not_move");
}

#[test]
fn a_face_that_leaves_and_comes_back() {
    let mut verify = Verify::attack();
    let slide = "crop=640:640:30+700*max(0\\,1-abs(t-1.5)):30";
    let filter = format!("{FACE},pad=1400:700:0:0:0x707478,{slide}");
    verify.video = shown(&verify, "selfie.webm", &filter, "3");
    told(
        &verify.run(),
        "single_face",
        "borderline",
        "face_not_throughout",
    );
}

#[test]
fn two_faces() {
    let mut verify = Verify::attack();
    let filter = format!("{FACE},split[a][b];[a][b]hstack,scale=1280:640");
    verify.video = shown(&verify, "selfie.webm", &filter, "3");
    told(&verify.run(), "single_face", "failed", "several_faces");
}

/// A circle with eyes and a mouth, drawn with a thick pen.
fn drawing() -> Vec<u8> {
    let mut picture = b"P6 480 480 255\n".to_vec();
    let near = |x: f64, y: f64, cx: f64, cy: f64, r: f64| (x - cx).hypot(y - cy) < r;
    for i in 0..480 * 480 {
        let (x, y) = (f64::from(i % 480), f64::from(i / 480));
        let rim = ((x - 240.0).hypot(y - 240.0) - 170.0).abs() < 6.0;
        let eyes = near(x, y, 175.0, 190.0, 18.0) || near(x, y, 305.0, 190.0, 18.0);
        let smile = ((x - 240.0).hypot(y - 230.0) - 95.0).abs() < 6.0 && y > 270.0;
        let nose = (x - 240.0).abs() < 4.0 && (200.0..260.0).contains(&y);
        let ink = rim || eyes || smile || nose;
        picture.extend(if ink { [40, 60, 170] } else { [250, 248, 240] });
    }
    picture
}

#[test]
fn a_childs_drawing() {
    let mut verify = Verify::attack();
    let drawing = verify.file("drawing.ppm", &drawing()).display().to_string();
    verify.video = recorded(
        &verify,
        "selfie.webm",
        &["-loop", "1", "-framerate", "25", "-i", &drawing],
        "scale=700:700,crop=640:640:30+20*sin(2*t):30+14*sin(1.3*t)",
        "3",
    );
    told(&verify.run(), "single_face", "failed", "no_face");
}

#[test]
fn a_statue() {
    let ran = judged("hue=s=0,eq=contrast=0.8:brightness=0.12,gblur=sigma=1.5");
    told(&ran, "face_motion", "failed", "face_does_not_move");
}

#[test]
fn sunglasses_a_mask_and_a_hood() {
    let mut all = Vec::new();
    for filter in [
        "drawbox=235:205:245:85:0x101012:fill",
        "drawbox=235:300:235:190:0x1f5fc4:fill",
        "drawbox=120:0:460:225:0x22242a:fill,drawbox=120:200:130:320:0x22242a:fill,\
         drawbox=460:200:130:320:0x22242a:fill",
    ] {
        all.push(judged(filter));
    }
    told(&all[0], "single_face", "borderline", "face_covered");
    told(&all[1], "single_face", "borderline", "face_covered");
    // Under a hood the face is bare: nothing is held against it but that a picture never moves.
    told(&all[2], "face_motion", "failed", "face_does_not_move");
}

#[test]
fn light_from_behind() {
    let ran = judged("eq=contrast=0.5:brightness=-0.55,drawbox=0:0:150:700:white:fill");
    told(&ran, "single_face", "borderline", "face_too_dark");
}

#[test]
fn five_and_sixty_frames_a_second() {
    for rate in ["5", "60"] {
        let mut verify = Verify::attack();
        let filter = format!("{FACE},{SWAY},fps={rate}");
        verify.video = shown(&verify, "selfie.webm", &filter, "3");
        let ran = verify.run();
        assert_eq!(ran.status("video_integrity"), "passed", "{rate}");
        assert_eq!(ran.status("single_face"), "passed", "{rate}");
        told(&ran, "face_motion", "failed", "face_does_not_move");
    }
}

#[test]
fn a_telephone_that_is_turned_on_the_way() {
    let mut verify = Verify::attack();
    let upright = shown(
        &verify,
        "one.webm",
        &format!("{FACE},crop=500:700,{}", "crop=480:640:10:30+20*sin(2*t)"),
        "1.6",
    );
    let lying = shown(
        &verify,
        "two.webm",
        &format!("{FACE},crop=700:500,{}", "crop=640:480:30+20*sin(2*t):10"),
        "1.6",
    );
    let list = format!("file '{}'\nfile '{}'\n", upright.display(), lying.display());
    let list = verify
        .file("list.txt", list.as_bytes())
        .display()
        .to_string();
    let joined = ["-f", "concat", "-safe", "0", "-i", &list, "-c", "copy"];
    verify.video = verify.ffmpeg("selfie.webm", &joined);
    let ran = verify.run();
    told(
        &ran,
        "video_integrity",
        "borderline",
        "container_contradicts",
    );
}

#[test]
fn two_seconds() {
    let mut verify = Verify::attack();
    verify.video = selfie(&verify, "selfie.webm", "null", "1.9");
    told(
        &verify.run(),
        "video_integrity",
        "failed",
        "video_too_short",
    );
}

#[test]
fn a_black_picture() {
    let ran = judged("drawbox=0:0:iw:ih:black:fill");
    told(&ran, "single_face", "failed", "no_face");
}

#[test]
fn a_face_of_forty_pixels() {
    let mut verify = Verify::attack();
    let filter = format!(
        "{FACE},scale=128:128,pad=640:640:256:256:0x707478,{}",
        "null"
    );
    verify.video = shown(&verify, "selfie.webm", &filter, "3");
    told(&verify.run(), "single_face", "borderline", "face_too_small");
}

#[test]
fn the_document_held_before_the_face() {
    let mut verify = Verify::attack();
    let card = verify.documents[0].display().to_string();
    let portrait = samples().join(".cache/astronaut.png").display().to_string();
    let hold = format!(
        "[0:v]{FACE}[face];[1:v]scale=460:-1[card];\
         [face][card]overlay=120:'if(between(t,0.8,2.2),150,900)',{SWAY}"
    );
    let mut line = vec!["-loop", "1", "-framerate", "25", "-i", &portrait];
    line.extend([
        "-loop",
        "1",
        "-framerate",
        "25",
        "-i",
        &card,
        "-f",
        "lavfi",
        "-i",
        SOUND,
    ]);
    line.extend(["-filter_complex", &hold, "-t", "3"]);
    line.extend(
        "-c:v libvpx -b:v 1500k -deadline good -cpu-used 5 -pix_fmt yuv420p -c:a libopus"
            .split(' '),
    );
    verify.video = verify.ffmpeg("selfie.webm", &line);
    let ran = verify.run();
    // The portrait on it is the same person's: one face, which moves as little as the card before it.
    told(&ran, "face_motion", "borderline", "motion_uncertain");
}
