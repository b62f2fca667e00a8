//! The code of the letter: guessed at once from everywhere, for another case, too late; on SQLite
//! and on PostgreSQL, under the lock that the service holds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use common::{DAY, World, worlds};
use futures_util::future::join_all;
use idproof_database::{Case, Code};
use idproof_domain::code::SixDigits;
use idproof_domain::confirm::{CodePurpose, CodeRecord, CodeRefused};
use idproof_ports::Clock;

const PURPOSE: CodePurpose = CodePurpose::Activation;
const MINUTE: i64 = 60_000;

/// A case whose letter has just left, and the code in it.
async fn with_letter(world: &World, nonce: &str) -> (Case, SixDigits) {
    let case = world.new_case(None).await;
    let secrets = world.vault.secrets();
    let digits = secrets.code(PURPOSE, &case.id, nonce).unwrap();
    let mut tx = world.database().begin().await.unwrap();
    tx.put_code(&Code {
        case: case.id.clone(),
        purpose: PURPOSE,
        nonce: nonce.into(),
        hash: secrets.code_hash(PURPOSE, &case.id, &digits).unwrap(),
        target: None,
        record: CodeRecord::of_letter(world.clock.now_ms()),
    })
    .await
    .unwrap();
    tx.commit().await.unwrap();
    (case, digits)
}

/// One guess, as the service takes it.
async fn guess(world: &World, case: &Case, typed: &SixDigits) -> Result<(), CodeRefused> {
    let now = world.clock.now_ms();
    let mut tx = world.database().begin().await.unwrap();
    let mut code = tx.code(&case.id, PURPOSE).await.unwrap().unwrap();
    code.record.open(now)?;
    let secrets = world.vault.secrets();
    let right = secrets.is_code(PURPOSE, &case.id, typed, &code.hash);
    let answer;
    (code.record, answer) = code.record.guessed(right.unwrap(), now);
    tx.put_code(&code).await.unwrap();
    tx.commit().await.unwrap();
    answer
}

/// Another code than this.
fn other_than(code: &SixDigits) -> SixDigits {
    let text = if code.reveal() == "000000" {
        "000001"
    } else {
        "000000"
    };
    text.parse().unwrap()
}

#[tokio::test]
async fn of_sixty_wrong_guesses_at_once_five_are_compared() {
    for world in worlds().await {
        let (case, right) = with_letter(&world, "n").await;
        let wrong = other_than(&right);
        let answers = join_all((0..60).map(|_| guess(&world, &case, &wrong))).await;
        let mut remaining: Vec<u32> = answers
            .iter()
            .filter_map(|a| match a {
                Err(CodeRefused::Wrong { remaining }) => Some(*remaining),
                _ => None,
            })
            .collect();
        remaining.sort_unstable();
        assert_eq!(remaining, [1, 2, 3, 4]);
        let until = world.clock.now_ms() + 15 * MINUTE;
        let locked = Err(CodeRefused::Locked { until });
        assert_eq!(answers.iter().filter(|a| **a == locked).count(), 56);
        let kept = world.database().code(&case.id, PURPOSE).await.unwrap();
        assert_eq!(kept.unwrap().record.wrong_count, 5);

        // Locked, the right one is answered as the wrong ones are; afterwards it opens.
        assert_eq!(guess(&world, &case, &right).await, locked);
        world.clock.set(until - 1);
        assert_eq!(guess(&world, &case, &right).await, locked);
        world.clock.set(until);
        assert_eq!(guess(&world, &case, &right).await, Ok(()));
    }
}

#[tokio::test]
async fn of_many_right_guesses_at_once_one_opens() {
    for world in worlds().await {
        let (case, right) = with_letter(&world, "n").await;
        let answers = join_all((0..30).map(|_| guess(&world, &case, &right))).await;
        assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 1);
        let used = answers.iter().filter(|a| **a == Err(CodeRefused::Expired));
        assert_eq!(used.count(), 29);
    }
}

#[tokio::test]
async fn the_code_of_another_case_is_a_wrong_one() {
    for world in worlds().await {
        let (mine, right) = with_letter(&world, "n").await;
        // The same nonce: only the case differs.
        let (yours, other) = with_letter(&world, "n").await;
        assert_ne!(right.reveal(), other.reveal());
        let refused = guess(&world, &yours, &right).await;
        assert_eq!(refused, Err(CodeRefused::Wrong { remaining: 4 }));
        assert_eq!(guess(&world, &mine, &right).await, Ok(()));
        assert_eq!(guess(&world, &yours, &other).await, Ok(()));
    }
}

#[tokio::test]
async fn a_code_is_taken_to_the_last_millisecond_of_its_21_days() {
    for world in worlds().await {
        let (in_time, first) = with_letter(&world, "n").await;
        let (late, second) = with_letter(&world, "m").await;
        world.clock.move_ms(21 * DAY);
        assert_eq!(guess(&world, &in_time, &first).await, Ok(()));
        world.clock.move_ms(1);
        let refused = guess(&world, &late, &second).await;
        assert_eq!(refused, Err(CodeRefused::Expired));
        let wrong = guess(&world, &late, &other_than(&second)).await;
        assert_eq!(wrong, refused, "no answer tells the right one");
    }
}

/// Guessing for as long as the letter is good, at the pace the locks allow.
#[tokio::test]
async fn three_weeks_of_guessing_see_few_guesses_compared() {
    for world in worlds().await {
        let (case, right) = with_letter(&world, "n").await;
        let wrong = other_than(&right);
        let ends = world.clock.now_ms() + 21 * DAY;
        let mut compared = 0;
        while world.clock.now_ms() <= ends {
            match guess(&world, &case, &wrong).await {
                Err(CodeRefused::Wrong { .. }) => compared += 1,
                Err(CodeRefused::Locked { until }) => {
                    compared += 1;
                    world.clock.set(until);
                }
                other => panic!("{other:?}"),
            }
        }
        assert!((100..=150).contains(&compared), "{compared}");
        assert_eq!(
            guess(&world, &case, &right).await,
            Err(CodeRefused::Expired)
        );
    }
}
