//! Whether a photograph of the document was sent in another case: compared by keyed hashes.

use idproof_database::{Case, PictureMark};
use idproof_domain::case::CaseState;
use idproof_vault::{Purpose, Secrets, VaultError};
use idproof_worker::PictureMarks;

use super::Process;
use crate::handler::JobError;

impl Process {
    /// Keeps the marks of the case's photographs; in how many other cases they are. `None` where
    /// the case was withdrawn meanwhile: nothing is kept of it.
    pub(super) async fn seen_in(
        &self,
        case: &Case,
        marks: &[PictureMarks],
    ) -> Result<Option<u64>, JobError> {
        let marks = keyed(self.vault.secrets(), marks)?;
        let mut tx = self.context.database.begin().await?;
        let now = tx.case(&case.id).await?;
        let same = now.is_some_and(|c| {
            c.state == CaseState::Processing
                && c.attempt == case.attempt
                && c.media_purged_at.is_none()
        });
        if !same {
            return Ok(None);
        }
        tx.mark_pictures(&case.id, case.attempt, &marks).await?;
        let others = tx.count_twins(&case.id).await?;
        tx.commit().await?;
        Ok(Some(others))
    }
}

/// Nobody without the key can tell what picture a mark is of.
fn keyed(secrets: &Secrets, all: &[PictureMarks]) -> Result<Vec<PictureMark>, VaultError> {
    let mut marks = Vec::new();
    for (picture, found) in (0..).zip(all) {
        let mut keep = |exact: bool, parts: &[&[u8]]| {
            let mac = secrets.hmac(Purpose::Fingerprints, parts)?;
            let mark = mac[..16].iter().map(|b| format!("{b:02x}")).collect();
            marks.push(PictureMark {
                picture,
                exact,
                mark,
            });
            Ok::<_, VaultError>(())
        };
        if let Some(pixels) = &found.exact {
            keep(true, &[b"picture", pixels])?;
        }
        for (row, bits) in &found.rows {
            keep(false, &[b"picture row", &[*row], &bits.to_be_bytes()])?;
        }
    }
    Ok(marks)
}
