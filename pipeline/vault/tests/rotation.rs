//! The root key is changed while the service works.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

mod common;

use common::{Place, name, new_case_id, places, random, read, server};
use idproof_domain::ids::CaseId;
use idproof_test_support::{Fault, Trouble};
use idproof_vault::{
    Purpose, RootKey, RootSource, Rotation, Vault, VaultConfig, VaultError, WrappedKey,
};

const CASES: u64 = 30;

/// A vault with cases, and a second root key beside the first.
struct Turning {
    place: Place,
    old: VaultConfig,
    new: VaultConfig,
    vault: Vault,
    cases: Vec<(CaseId, WrappedKey)>,
    next: RootKey,
}

async fn turning(place: Place) -> Turning {
    let vault = place.vault().await;
    let second = RootSource::File(place.path("second.key"));
    RootKey::create_file(&place.path("second.key"), &*random())
        .await
        .unwrap();
    let next = RootKey::load(&second).await.unwrap();
    let old = place.config();
    let mut new = place.config();
    new.keys.also = vec![std::mem::replace(&mut new.keys.root, second)];
    let mut cases = vec![];
    for _ in 0..CASES {
        let id = new_case_id();
        let wrapped = vault.new_case(&id).await.unwrap();
        cases.push((id, wrapped));
    }
    Turning {
        place,
        old,
        new,
        vault,
        cases,
        next,
    }
}

impl Turning {
    /// The first root key, accepting the second too.
    fn both(&self) -> VaultConfig {
        let mut config = self.old.clone();
        config.keys.also = vec![self.new.keys.root.clone()];
        config
    }

    /// The second root key alone.
    fn alone(&self) -> VaultConfig {
        let mut config = self.new.clone();
        config.keys.also.clear();
        config
    }

    async fn all_open(&self, vault: &Vault) {
        for (id, wrapped) in &self.cases {
            vault.open_case(id, wrapped).await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_root_key_is_changed_and_the_old_one_opens_nothing_more() {
    for place in places() {
        let it = turning(place).await;
        let (id, wrapped) = &it.cases[0];
        let key = it.vault.open_case(id, wrapped).await.unwrap();
        let object = name(&key, "a");
        it.vault
            .put_bytes(&key, &object, b"x".to_vec().into())
            .await
            .unwrap();
        let mac = it.vault.secrets().hmac(Purpose::Codes, &[b"a"]).unwrap();

        let done = it.vault.keyring().rotate_root(it.next.clone()).await;
        let turned = Rotation {
            sealed_anew: CASES + 1,
            ..Rotation::default()
        };
        assert_eq!(done.unwrap(), turned);
        let again = it.vault.keyring().rotate_root(it.next.clone()).await;
        assert_eq!(again.unwrap().already, CASES + 1);

        let refused = it.place.open(&it.old).await;
        assert!(
            matches!(&refused, Err(VaultError::UnknownRoot { root, .. }) if root == it.next.fingerprint()),
            "{refused:?}"
        );
        let vault = it.place.open(&it.alone()).await.unwrap();
        it.all_open(&vault).await;
        let key = vault.open_case(id, wrapped).await.unwrap();
        assert_eq!(read(&vault, &key, &object).await.unwrap(), b"x");
        let after = vault.secrets().hmac(Purpose::Codes, &[b"a"]).unwrap();
        assert_eq!(after, mac, "codes and tokens outlive the change");
        // What the vault that turned the key makes from now on needs the old one no more either.
        let id = new_case_id();
        let wrapped = it.vault.new_case(&id).await.unwrap();
        vault.open_case(&id, &wrapped).await.unwrap();
    }
}

/// Lets the rotation fail in the midst of the cases.
fn interrupt(place: &Place) -> Option<(std::path::PathBuf, Vec<u8>)> {
    if let Some(bucket) = &place.bucket {
        let fault = Fault {
            method: "PUT",
            // Three probe writes, the secrets, nine cases.
            skip: 13,
            ..Fault::always(Trouble::Answer(403))
        };
        server().set_fault(bucket, &fault);
        return None;
    }
    let mut files = place.names_below("keys/");
    files.retain(|f| f != "keys/secrets.key");
    files.sort();
    // Entries are taken folder by folder: this one lies in a folder of the middle.
    let file = place.path(&files[files.len() / 2]);
    let text = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    Some((file, text))
}

fn mend(place: &Place, broken: Option<(std::path::PathBuf, Vec<u8>)>) {
    if let Some(bucket) = &place.bucket {
        server().mend(bucket);
    }
    if let Some((file, text)) = broken {
        std::fs::remove_dir(&file).unwrap();
        std::fs::write(&file, text).unwrap();
    }
}

#[tokio::test]
async fn a_rotation_cut_short_is_resumed_and_both_keys_serve_meanwhile() {
    for place in places() {
        let it = turning(place).await;
        // Another process, as the change asks: it knows the second key, and seals under the first.
        let other = it.place.open(&it.both()).await.unwrap();
        let broken = interrupt(&it.place);
        let cut = it.vault.keyring().rotate_root(it.next.clone()).await;
        assert!(matches!(cut, Err(VaultError::Store(_))), "{cut:?}");
        mend(&it.place, broken);

        // Half of the entries lie under either key, and new cases come under both.
        it.all_open(&it.vault).await;
        it.all_open(&other).await;
        let mut late = vec![];
        for vault in [&it.vault, &other] {
            let id = new_case_id();
            let wrapped = vault.new_case(&id).await.unwrap();
            late.push((id, wrapped));
        }
        for (id, wrapped) in &late {
            it.vault.open_case(id, wrapped).await.unwrap();
            other.open_case(id, wrapped).await.unwrap();
        }
        let restarted = it.place.open(&it.new).await.unwrap();
        it.all_open(&restarted).await;

        let done = restarted.keyring().rotate_root(it.next.clone()).await;
        let done = done.unwrap();
        assert_eq!(done.sealed_anew + done.already, CASES + 3);
        assert_eq!(done.unreadable, 0);
        assert!(done.already > 1 && done.sealed_anew > 1, "{done:?}");
        let alone = it.place.open(&it.alone()).await.unwrap();
        it.all_open(&alone).await;
        for (id, wrapped) in &late {
            alone.open_case(id, wrapped).await.unwrap();
        }
        assert!(it.place.open(&it.old).await.is_err());
    }
}

#[tokio::test]
async fn a_rotation_brings_back_no_key_that_is_destroyed_meanwhile() {
    for place in places() {
        let it = turning(place).await;
        let other = it.place.open(&it.both()).await.unwrap();
        let destroy = async {
            for (id, _) in &it.cases {
                assert!(other.destroy_case(id).await.unwrap());
            }
        };
        let rotate = it.vault.keyring().rotate_root(it.next.clone());
        let ((), turned) = tokio::join!(destroy, rotate);
        assert_eq!(turned.unwrap().unreadable, 0);
        for (id, wrapped) in &it.cases {
            let opened = it.vault.open_case(id, wrapped).await;
            assert!(matches!(opened, Err(VaultError::KeyGone(_))), "{opened:?}");
        }
        let kept = it.place.names_below("keys/");
        assert!(!kept.iter().any(|n| n.contains("case_")), "{kept:?}");
    }
}

#[tokio::test]
async fn an_entry_that_no_key_opens_is_counted_and_holds_up_no_other() {
    for place in places() {
        let it = turning(place).await;
        it.place.overwrite_entry(&it.cases[3].0, b"rubbish");
        let foreign = String::from_utf8(it.place.entry(Some(&it.cases[4].0))).unwrap();
        let mut parts: Vec<&str> = foreign.split(' ').collect();
        parts[2] = "0123456789abcdef";
        it.place
            .overwrite_entry(&it.cases[4].0, parts.join(" ").as_bytes());
        let done = it.vault.keyring().rotate_root(it.next.clone()).await;
        let done = done.unwrap();
        assert_eq!((done.unreadable, done.sealed_anew), (2, CASES - 1));
    }
}
