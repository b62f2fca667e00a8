//! What the tests of this crate share: a vault on a local directory and one on a real S3 server,
//! and a way round them to what is stored.

#![allow(dead_code, reason = "each test program uses a part")]

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::{Stream, stream};
use idproof_domain::ids::CaseId;
use idproof_ports::Random;
use idproof_test_support::{S3Server, SeededRandom};
use idproof_vault::{
    CaseKey, DirectoryConfig, Hidden, KeyPlace, KeysConfig, ObjectName, RootSource, S3Config,
    StoreConfig, UploadConfig, Vault, VaultConfig, VaultError,
};

/// Plain bytes of a frame.
pub const FRAME: usize = 64 * 1024;
/// Stored bytes before the first frame, and of a frame.
pub const HEADER: usize = 53;
pub const SEALED: usize = FRAME + 16;

/// Somewhere a vault can be.
pub struct Place {
    pub dir: tempfile::TempDir,
    /// `None`: in the directory.
    pub bucket: Option<String>,
}

pub fn server() -> &'static S3Server {
    static SERVER: OnceLock<S3Server> = OnceLock::new();
    SERVER.get_or_init(S3Server::start)
}

/// A fresh place of each kind.
pub fn places() -> [Place; 2] {
    [Place::local(), Place::s3()]
}

/// Unlike bytes with every call.
pub fn random() -> Arc<dyn Random> {
    static RANDOM: OnceLock<Arc<SeededRandom>> = OnceLock::new();
    Arc::clone(RANDOM.get_or_init(|| Arc::new(SeededRandom::new(11)))) as Arc<dyn Random>
}

pub fn new_case_id() -> CaseId {
    let mut bytes = [0; 10];
    random().fill(&mut bytes);
    CaseId::new(1_773_135_000_000, bytes)
}

impl Place {
    pub fn local() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            bucket: None,
        }
    }

    pub fn s3() -> Self {
        Self {
            bucket: Some(server().bucket()),
            ..Self::local()
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn config(&self) -> VaultConfig {
        let root = RootSource::File(self.path("root.key"));
        let (store, place) = match &self.bucket {
            None => (
                StoreConfig::Local(DirectoryConfig {
                    dir: self.path("media"),
                }),
                KeyPlace::Directory(DirectoryConfig {
                    dir: self.path("keys"),
                }),
            ),
            Some(bucket) => (
                StoreConfig::S3(s3(bucket, "media/")),
                KeyPlace::S3(s3(bucket, "keys/")),
            ),
        };
        VaultConfig {
            store,
            upload: UploadConfig {
                spool: self.path("spool"),
                ..UploadConfig::default()
            },
            keys: KeysConfig {
                place,
                root,
                also: vec![],
            },
        }
    }

    /// An initialised vault.
    pub async fn vault(&self) -> Vault {
        let config = self.config();
        Vault::initialise(&config, random()).await.unwrap();
        self.open(&config).await.unwrap()
    }

    pub async fn open(&self, config: &VaultConfig) -> Result<Vault, VaultError> {
        Vault::open(config, random()).await
    }

    fn media_file(&self, name: &ObjectName) -> PathBuf {
        let case = name.case().as_str();
        self.path("media")
            .join(&case[case.len() - 2..])
            .join(case)
            .join(name.rest().replace('/', "."))
    }

    pub fn key_file(&self, case: &CaseId) -> PathBuf {
        let case = case.as_str();
        let shard = self.path("keys").join(&case[case.len() - 2..]);
        shard.join(format!("{case}.key"))
    }

    /// An object as it is stored.
    pub fn stored(&self, name: &ObjectName) -> Vec<u8> {
        match &self.bucket {
            None => std::fs::read(self.media_file(name)).unwrap(),
            Some(bucket) => server().object(bucket, &format!("media/{name}")),
        }
    }

    pub fn overwrite(&self, name: &ObjectName, bytes: &[u8]) {
        match &self.bucket {
            None => {
                let file = self.media_file(name);
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(file, bytes).unwrap();
            }
            Some(bucket) => server().put_object(bucket, &format!("media/{name}"), bytes),
        }
    }

    /// A keyring entry as it is stored; `None` for that of the secrets.
    pub fn entry(&self, case: Option<&CaseId>) -> Vec<u8> {
        match (&self.bucket, case) {
            (None, Some(case)) => std::fs::read(self.key_file(case)).unwrap(),
            (None, None) => std::fs::read(self.path("keys/secrets.key")).unwrap(),
            (Some(bucket), Some(case)) => server().object(bucket, &format!("keys/cases/{case}")),
            (Some(bucket), None) => server().object(bucket, "keys/secrets"),
        }
    }

    pub fn overwrite_entry(&self, case: &CaseId, bytes: &[u8]) {
        match &self.bucket {
            None => std::fs::write(self.key_file(case), bytes).unwrap(),
            Some(bucket) => server().put_object(bucket, &format!("keys/cases/{case}"), bytes),
        }
    }

    /// Every file and object below this place whose name begins so, spool and leftovers included.
    pub fn names_below(&self, start: &str) -> Vec<String> {
        let mut names = vec![];
        walk(self.dir.path(), self.dir.path(), &mut names);
        if let Some(bucket) = &self.bucket {
            names.extend(server().keys(bucket));
        }
        names.retain(|name| name.starts_with(start));
        names
    }
}

fn walk(root: &Path, dir: &Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(root, &path, names);
        } else {
            let name = path.strip_prefix(root).unwrap();
            names.push(name.display().to_string());
        }
    }
}

pub fn s3(bucket: &str, prefix: &str) -> S3Config {
    S3Config {
        bucket: bucket.to_owned(),
        endpoint: server().endpoint(),
        access_key: Hidden::new("test"),
        secret_key: Hidden::new("test"),
        prefix: prefix.to_owned(),
        timeout_s: 20,
        attempts: 4,
        ..S3Config::default()
    }
}

/// A case and its key.
pub async fn case(vault: &Vault) -> CaseKey {
    let id = new_case_id();
    let wrapped = vault.new_case(&id).await.unwrap();
    vault.open_case(&id, &wrapped).await.unwrap()
}

pub fn name(key: &CaseKey, rest: &str) -> ObjectName {
    ObjectName::new(key.case(), rest).unwrap()
}

/// Bytes that do not repeat frame by frame.
pub fn pattern(length: usize) -> Vec<u8> {
    (0..length)
        .map(|i| (i ^ (i >> 8) ^ (i >> 16)).to_le_bytes()[0])
        .collect()
}

/// The bytes in pieces of a size that is nobody's frame.
pub fn pieces(bytes: &[u8]) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + use<> {
    let pieces: Vec<_> = bytes.chunks(10_007).map(Bytes::copy_from_slice).collect();
    stream::iter(pieces.into_iter().map(Ok))
}

pub async fn read(vault: &Vault, key: &CaseKey, name: &ObjectName) -> Result<Vec<u8>, VaultError> {
    vault.get(key, name).await?.into_bytes(u64::MAX).await
}

/// Runs the test of this name again as a program of its own, with these variables.
pub fn in_a_child(test: &str, variables: &[(&str, &str)]) {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .envs(variables.iter().copied())
        .status()
        .unwrap();
    assert!(status.success(), "{test} failed in a program of its own");
}
