//! Cases and the chain of events, on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use common::{engines, new_case, organisation};
use idproof_database::{CaseFilter, Chain, ChainFault, Database, DatabaseError};
use idproof_domain::case::{Actor, CaseState, Step};

async fn confirmed_case(database: &Database) -> idproof_database::Case {
    let organisation = organisation(database).await;
    let mut tx = database.begin().await.unwrap();
    let mut case = tx
        .insert_case(new_case(&organisation, 5), &Actor::Applicant)
        .await
        .unwrap();
    tx.step(&mut case, &Step::ContactConfirmed, &Actor::Applicant, 7)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    case
}

#[tokio::test]
async fn a_step_moves_the_case_and_writes_its_event() {
    for (database, _dir) in engines().await {
        let case = confirmed_case(&database).await;
        let read = database.case(&case.id).await.unwrap().unwrap();
        assert_eq!(read.state, CaseState::ContactConfirmed);
        assert_eq!(read, case);
        let kinds: Vec<String> = database
            .events_of(&case.id)
            .await
            .unwrap()
            .into_iter()
            .map(|e| e.kind)
            .collect();
        assert_eq!(kinds, ["created", "contact_confirmed"]);
    }
}

#[tokio::test]
async fn a_step_out_of_order_changes_nothing() {
    for (database, _dir) in engines().await {
        let mut case = confirmed_case(&database).await;
        let mut tx = database.begin().await.unwrap();
        let error = tx
            .step(&mut case, &Step::Activated, &Actor::Applicant, 9)
            .await
            .unwrap_err();
        assert!(matches!(error, DatabaseError::Step(_)), "{error}");
        drop(tx);
        assert_eq!(database.chain_head().await.unwrap().seq, 2);
    }
}

#[tokio::test]
async fn a_stale_writer_is_refused() {
    for (database, _dir) in engines().await {
        let case = confirmed_case(&database).await;
        let (mut one, mut two) = (case.clone(), case);
        let mut tx = database.begin().await.unwrap();
        tx.save_case(&mut one).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = database.begin().await.unwrap();
        let error = tx.save_case(&mut two).await.unwrap_err();
        assert!(matches!(error, DatabaseError::Stale(_)), "{error}");
    }
}

#[tokio::test]
async fn cases_are_listed_newest_first_in_pages() {
    for (database, _dir) in engines().await {
        let organisation = organisation(&database).await;
        for now in 1..=5 {
            let mut tx = database.begin().await.unwrap();
            tx.insert_case(new_case(&organisation, now), &Actor::System)
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
        let mut filter = CaseFilter {
            limit: 2,
            ..CaseFilter::default()
        };
        let mut seen = Vec::new();
        loop {
            let page = database.cases(&organisation, &filter).await.unwrap();
            let Some(last) = page.last() else { break };
            filter.before = Some(last.id.clone());
            seen.extend(page.into_iter().map(|c| c.created_at));
        }
        assert_eq!(seen, [5, 4, 3, 2, 1]);
        filter.before = None;
        for (sandbox, count) in [(true, 0), (false, 2)] {
            filter.sandbox = Some(sandbox);
            let page = database.cases(&organisation, &filter).await.unwrap();
            assert_eq!(page.len(), count);
        }
        filter.state = Some(CaseState::Accepted);
        assert!(
            database
                .cases(&organisation, &filter)
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn a_whole_chain_verifies_also_while_many_write() {
    for (database, _dir) in engines().await {
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let database = database.clone();
                tokio::spawn(async move { confirmed_case(&database).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let report = database.verify_chain(None, |_| {}).await.unwrap();
        assert_eq!((report.events, report.fault), (16, None));
        // The end of before is still in the history.
        confirmed_case(&database).await;
        let later = database
            .verify_chain(Some(&report.end), |_| {})
            .await
            .unwrap();
        assert_eq!(later.fault, None);
    }
}

#[tokio::test]
async fn tampering_is_named() {
    let tamper = [
        (
            "UPDATE events SET data = '{\"x\":1}' WHERE seq = 3",
            ChainFault::Edited { seq: 3 },
        ),
        (
            "UPDATE events SET at = at + 1 WHERE seq = 4",
            ChainFault::Edited { seq: 4 },
        ),
        (
            "DELETE FROM events WHERE seq = 2",
            ChainFault::Missing { seq: 2, next: 3 },
        ),
        (
            "UPDATE events SET seq = CASE seq WHEN 2 THEN -3 ELSE -2 END WHERE seq IN (2, 3)",
            ChainFault::Edited { seq: 2 },
        ),
        (
            "DELETE FROM events WHERE seq = 6",
            ChainFault::WrongEnd { found: 5, head: 6 },
        ),
    ];
    for (sql, expected) in tamper {
        for (database, _dir) in engines().await {
            for _ in 0..3 {
                confirmed_case(&database).await;
            }
            sqlx::query(sql).execute(database.pool()).await.unwrap();
            // The second half of swapping two events.
            sqlx::query("UPDATE events SET seq = -seq WHERE seq < 0")
                .execute(database.pool())
                .await
                .unwrap();
            let report = database.verify_chain(None, |_| {}).await.unwrap();
            assert_eq!(report.fault, Some(expected.clone()), "{sql}");
        }
    }
}

/// An event replaced by one that is sealed in itself is found by its neighbour; a rewritten
/// history by an end that was kept elsewhere.
#[tokio::test]
async fn a_rewritten_history_is_found_by_an_end_kept_elsewhere() {
    for (database, _dir) in engines().await {
        confirmed_case(&database).await;
        let kept = database.chain_head().await.unwrap();
        for sql in [
            "DELETE FROM events",
            "UPDATE chain_head SET seq = 0, hash = '0000000000000000000000000000000000000000000000000000000000000000'",
        ] {
            sqlx::query(sql).execute(database.pool()).await.unwrap();
        }
        confirmed_case(&database).await;
        assert_eq!(
            database.verify_chain(None, |_| {}).await.unwrap().fault,
            None
        );
        let report = database.verify_chain(Some(&kept), |_| {}).await.unwrap();
        assert_eq!(report.fault, Some(ChainFault::OtherHead { seq: 2 }));
        let beyond = Chain {
            seq: 90,
            hash: kept.hash,
        };
        let report = database.verify_chain(Some(&beyond), |_| {}).await.unwrap();
        assert!(matches!(report.fault, Some(ChainFault::WrongEnd { .. })));
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_understood_is_named_without_its_value() {
    for (database, _dir) in engines().await {
        let case = confirmed_case(&database).await;
        sqlx::query("UPDATE cases SET state = 'abducted'")
            .execute(database.pool())
            .await
            .unwrap();
        let error = database.case(&case.id).await.unwrap_err().to_string();
        assert!(
            error.contains("table cases") && error.contains("column state"),
            "{error}"
        );
        assert!(
            error.contains(case.id.as_str()) && !error.contains("abducted"),
            "{error}"
        );
    }
}
