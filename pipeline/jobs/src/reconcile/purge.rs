use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::{StreamExt, TryStreamExt, stream};
use idproof_database::{DueMedia, NewEvent};
use idproof_domain::case::{Actor, CaseState};
use idproof_domain::ids::CaseId;
use idproof_vault::{ObjectName, Vault};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Reconciler;
use crate::handler::JobError;
use crate::runner::Context;

/// Cases whose objects are deleted with the same requests.
const BATCH: i64 = 100;
/// Cases of a batch that are at work at once.
const AT_ONCE: usize = 8;
/// Between two looks for open cases whose key is gone: only a restored backup makes such.
const LOOK_EVERY_MS: i64 = 24 * 3600 * 1000;

/// Deletes media that are due: destroys the case's key, deletes every object, asks the store that
/// none is left, and only then writes the receipt. Cut short anywhere, the next run begins the
/// case again; after a restored backup it says what it found, also in cases that the backup shows
/// as open but whose media were purged since.
pub struct Purge {
    context: Context,
    vault: Vault,
    /// When to look for open cases without a key; at the first run, since a restore implies a start.
    look_at: AtomicI64,
}

/// A case on its way out.
struct Going {
    due: DueMedia,
    /// Sorted: every object that the database names, and those that the store held beside.
    names: Vec<ObjectName>,
    listed: usize,
    /// Whether this run found and destroyed the key; `false`: it was gone, from a run cut short or
    /// since the database or the media were restored from a backup.
    key_found: bool,
    /// What the store held when the key was gone already.
    found: Option<usize>,
}

impl Going {
    /// The proof: how much was deleted and when, and which names, as a digest.
    fn receipt(&self, at: i64) -> NewEvent {
        let mut digest = Sha256::new();
        for name in &self.names {
            digest.update(name.as_str());
            digest.update(b"\n");
        }
        NewEvent {
            case: Some(self.due.case.clone()),
            at,
            kind: "media_purged".to_owned(),
            actor: Actor::System,
            data: json!({
                "due_at": self.due.due_at,
                "objects": self.names.len(),
                "unlisted": self.names.len() - self.listed,
                "names_sha256": format!("{:x}", digest.finalize()),
                "key": if self.key_found { "destroyed" } else { "was_gone" },
                "found_without_key": self.found,
                "verified_gone": true,
            }),
        }
    }
}

/// What a run of the purge did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purged {
    pub cases: u64,
    pub objects: u64,
    /// Cases whose key was gone before.
    pub without_key: u64,
    /// Cases that could not be purged; each is named in the log.
    pub failed: u64,
}

impl Purge {
    pub fn new(context: Context, vault: Vault) -> Self {
        Self {
            context,
            vault,
            look_at: AtomicI64::new(i64::MIN),
        }
    }

    /// Everything that is due now, batch by batch.
    pub async fn purge(&self) -> Result<Purged, JobError> {
        let now = self.context.now();
        let mut all = Purged::default();
        let mut after: Option<DueMedia> = None;
        loop {
            let page = self
                .context
                .database
                .due_media(now, after.as_ref(), BATCH)
                .await?;
            let Some(last) = page.last().cloned() else {
                break;
            };
            self.batch(page, &mut all).await?;
            after = Some(last);
        }
        if now >= self.look_at.load(Ordering::Relaxed) {
            self.locked_out(now, &mut all).await?;
            self.look_at
                .store(now.saturating_add(LOOK_EVERY_MS), Ordering::Relaxed);
        }
        Ok(all)
    }

    /// Purges open cases whose key was destroyed: the database is older than their purge.
    async fn locked_out(&self, now: i64, all: &mut Purged) -> Result<(), JobError> {
        let mut after: Option<CaseId> = None;
        loop {
            let database = &self.context.database;
            let page = database.open_media(now, after.as_ref(), BATCH).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.case.clone());
            let locked: Vec<DueMedia> = stream::iter(page)
                .map(|open| async move {
                    let there = self.vault.keyring().exists(&open.case).await?;
                    Ok::<_, JobError>((!there).then_some(open))
                })
                .buffered(AT_ONCE)
                .try_filter_map(|locked| async { Ok(locked) })
                .try_collect()
                .await?;
            for open in &locked {
                tracing::error!(case = %open.case, state = open.state.as_str(),
                    "open, but its media key was destroyed: the database is older than its purge");
            }
            self.batch(locked, all).await?;
        }
    }

    async fn batch(&self, page: Vec<DueMedia>, all: &mut Purged) -> Result<(), JobError> {
        let mut going: Vec<Going> = Vec::with_capacity(page.len());
        let mut keyless = stream::iter(page)
            .map(|due| async move {
                let case = due.case.clone();
                (case, self.unlock(due).await)
            })
            .buffer_unordered(AT_ONCE);
        while let Some((case, result)) = keyless.next().await {
            match result {
                Ok(case) => going.push(case),
                Err(e) => self.failed(&case, &e, all)?,
            }
        }
        drop(keyless);
        let names: Vec<ObjectName> = going.iter().flat_map(|g| g.names.clone()).collect();
        self.vault.delete_many(&names).await?;
        let mut gone = stream::iter(going)
            .map(|going| async move {
                let case = going.due.case.clone();
                (case, self.close(going).await)
            })
            .buffer_unordered(AT_ONCE);
        while let Some((case, result)) = gone.next().await {
            match result {
                Ok(Some(going)) => {
                    all.cases += 1;
                    all.objects += going.names.len() as u64;
                    all.without_key += u64::from(!going.key_found);
                    self.context.tally.purged(going.names.len() as u64);
                }
                Ok(None) => {}
                Err(e) => self.failed(&case, &e, all)?,
            }
        }
        Ok(())
    }

    /// Forgets the persons of cases that ended when their media had gone already.
    async fn persons(&self) -> Result<u64, JobError> {
        let mut forgotten = 0;
        loop {
            let page = self.context.database.persons_to_forget(BATCH).await?;
            if page.is_empty() {
                return Ok(forgotten);
            }
            for id in page {
                let mut tx = self.context.database.begin().await?;
                if let Some(mut case) = tx.case(&id).await?.filter(|c| c.state.is_final()) {
                    tx.erase_person(&mut case).await?;
                    tx.commit().await?;
                    forgotten += 1;
                }
            }
        }
    }

    /// One case's trouble holds up no other; trouble of the store or the database ends the run.
    fn failed(&self, case: &CaseId, e: &JobError, all: &mut Purged) -> Result<(), JobError> {
        match e {
            JobError::Again { .. } => Err(e.clone()),
            JobError::GiveUp { why } => {
                tracing::error!(%case, "its media cannot be purged: {why}");
                all.failed += 1;
                Ok(())
            }
        }
    }

    /// Destroys the key, and gathers what is to be deleted.
    async fn unlock(&self, due: DueMedia) -> Result<Going, JobError> {
        let key_found = self.vault.destroy_case(&due.case).await?;
        let mut names = self
            .context
            .database
            .objects_of(&due.case)
            .await?
            .iter()
            .map(|name| name.parse::<ObjectName>())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| JobError::give_up(e.to_string()))?;
        let listed = names.len();
        let mut found = None;
        if !key_found {
            let there = self.vault.objects_of(&due.case).await?;
            found = Some(there.len());
            names.extend(there);
            names.sort();
            names.dedup();
        }
        Ok(Going {
            due,
            names,
            listed,
            key_found,
            found,
        })
    }

    /// Sees that nothing is left and writes the receipt. `None`: another run was first.
    async fn close(&self, mut going: Going) -> Result<Option<Going>, JobError> {
        let id = &going.due.case;
        let left = self.vault.objects_of(id).await?;
        if !left.is_empty() {
            self.vault.delete_many(&left).await?;
            if !self.vault.objects_of(id).await?.is_empty() {
                return Err(JobError::again(format!(
                    "objects of {id} are still there after they were deleted"
                )));
            }
            going.names.extend(left);
            going.names.sort();
            going.names.dedup();
        }
        let now = self.context.now();
        let mut tx = self.context.database.begin().await?;
        let Some(mut case) = tx.case(id).await? else {
            return Err(JobError::give_up("the case is gone from the database"));
        };
        if case.media_purged_at.is_some() {
            return Ok(None);
        }
        tx.record(going.receipt(now));
        tx.forget_media(&mut case, now).await?;
        if is_over(case.state) {
            tx.erase_person(&mut case).await?;
        }
        tx.commit().await?;
        Ok(Some(going))
    }
}

/// Nothing can come of the case any more (an appeal needs the media): nothing is needed of the
/// person either.
fn is_over(state: CaseState) -> bool {
    state.is_final() || state == CaseState::Refused
}

impl Reconciler for Purge {
    const NAME: &'static str = "purge";

    async fn run(&self) -> Result<u64, JobError> {
        let done = self.purge().await?;
        let forgotten = self.persons().await?;
        if done.failed > 0 {
            return Err(JobError::again(format!(
                "{} cases could not be purged",
                done.failed
            )));
        }
        Ok(done.cases + forgotten)
    }
}
