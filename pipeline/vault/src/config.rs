use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::hidden::Hidden;

/// Where media lie and where the keys to them lie.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub struct VaultConfig {
    pub store: StoreConfig,
    pub upload: UploadConfig,
    pub keys: KeysConfig,
}

/// Where encrypted media are stored.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum StoreConfig {
    /// A directory of this machine.
    Local(DirectoryConfig),
    /// A bucket that several machines share.
    S3(S3Config),
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self::Local(DirectoryConfig {
            dir: "var/media".into(),
        })
    }
}

/// A directory that only this service writes to.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectoryConfig {
    /// Its path. Made on initialisation.
    pub dir: PathBuf,
}

/// A bucket of an S3 server.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct S3Config {
    /// The bucket's name; it must exist.
    pub bucket: String,
    /// The server's address, `https://host[:port]`; empty for Amazon's own of the region.
    pub endpoint: String,
    /// The region the requests are signed for.
    pub region: String,
    /// Whether the bucket is named in the path instead of the host name. Most servers of one's
    /// own want it.
    pub path_style: bool,
    /// Id of the access key.
    pub access_key: Hidden,
    /// The access key's secret.
    pub secret_key: Hidden,
    /// What every name in the bucket begins with: empty, or parts of `a-z 0-9 _ -` each closed by `/`.
    pub prefix: String,
    /// Seconds after which one request is given up, 1 to 600.
    pub timeout_s: u64,
    /// How often a request is made before its failure is reported, 1 to 10; the waits between
    /// double from 0.1 s.
    pub attempts: u32,
}

impl Default for S3Config {
    fn default() -> Self {
        Self {
            bucket: String::new(),
            endpoint: String::new(),
            region: "us-east-1".into(),
            path_style: true,
            access_key: Hidden::default(),
            secret_key: Hidden::default(),
            prefix: String::new(),
            timeout_s: 60,
            attempts: 5,
        }
    }
}

/// How uploads pass through to S3. Not used with a local store.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UploadConfig {
    /// A directory for objects on their way, already encrypted; not one held in memory.
    pub spool: PathBuf,
    /// Mebibytes of memory for parts being sent, over all uploads, 16 to 4096.
    pub memory_mib: u32,
}

impl Default for UploadConfig {
    fn default() -> Self {
        Self {
            spool: "var/spool".into(),
            memory_mib: 32,
        }
    }
}

/// The keyring: one wrapping key a case, outside the database. Whoever backs it up together with
/// the database gives up that a destroyed key is gone.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeysConfig {
    pub place: KeyPlace,
    /// The root key that new entries are sealed under.
    pub root: RootSource,
    /// Root keys that entries may also be sealed under: the previous one while rotating.
    pub also: Vec<RootSource>,
}

impl Default for KeysConfig {
    fn default() -> Self {
        Self {
            place: KeyPlace::default(),
            root: RootSource::File("var/root.key".into()),
            also: vec![],
        }
    }
}

/// Where the keyring's entries are.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum KeyPlace {
    /// A directory of this machine.
    Directory(DirectoryConfig),
    /// A bucket, or a prefix of one, without versioning; for several machines. The server must
    /// honour conditional writes (If-None-Match, If-Match).
    S3(S3Config),
}

impl Default for KeyPlace {
    fn default() -> Self {
        Self::Directory(DirectoryConfig {
            dir: "var/keys".into(),
        })
    }
}

/// Where a root key comes from: 32 random bytes in base64.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RootSource {
    /// A file that only its owner may read.
    File(PathBuf),
    /// An environment variable.
    Env(String),
    /// What a program writes to its standard output.
    Command(RootCommand),
}

/// A program run without a shell.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RootCommand {
    /// Its path.
    pub program: PathBuf,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// Seconds after which it is ended, 1 to 120.
    #[serde(default = "ten")]
    pub timeout_s: u64,
}

fn ten() -> u64 {
    10
}

/// A setting outside its allowed range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` is {value}; {allowed}")]
pub struct ConfigError {
    pub key: String,
    pub value: String,
    pub allowed: &'static str,
}

impl VaultConfig {
    /// Checks every value. `section` is what the keys are called by in messages, such as `vault`.
    pub fn validate(&self, section: &str) -> Result<(), ConfigError> {
        let check = Check(section.to_owned());
        let store = check.under("store");
        match &self.store {
            StoreConfig::Local(local) => local.validate(&store)?,
            StoreConfig::S3(s3) => s3.validate(&store)?,
        }
        let upload = check.under("upload");
        upload.path("spool", &self.upload.spool)?;
        upload.that(
            (16..=4096).contains(&self.upload.memory_mib),
            "memory_mib",
            self.upload.memory_mib,
            "it must lie in 16 to 4096",
        )?;
        self.keys.validate(&check.under("keys"))
    }
}

impl KeysConfig {
    fn validate(&self, check: &Check) -> Result<(), ConfigError> {
        let place = check.under("place");
        match &self.place {
            KeyPlace::Directory(directory) => directory.validate(&place)?,
            KeyPlace::S3(s3) => s3.validate(&place)?,
        }
        self.root.validate(&check.under("root"))?;
        for source in &self.also {
            source.validate(&check.under("also"))?;
        }
        Ok(())
    }
}

impl DirectoryConfig {
    fn validate(&self, check: &Check) -> Result<(), ConfigError> {
        check.path("dir", &self.dir)
    }
}

impl RootSource {
    fn validate(&self, check: &Check) -> Result<(), ConfigError> {
        match self {
            Self::File(path) => check.path("file", path),
            Self::Env(name) => check.that(
                !name.is_empty() && !name.contains(['=', '\0']),
                "env",
                format!("{name:?}"),
                "it must be the name of an environment variable",
            ),
            Self::Command(command) => {
                let check = check.under("command");
                check.path("program", &command.program)?;
                check.that(
                    (1..=120).contains(&command.timeout_s),
                    "timeout_s",
                    command.timeout_s,
                    "it must lie in 1 to 120",
                )
            }
        }
    }
}

impl S3Config {
    fn validate(&self, check: &Check) -> Result<(), ConfigError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        check.that(
            (3..=63).contains(&self.bucket.len())
                && self
                    .bucket
                    .bytes()
                    .all(|b| plain(b) || b == b'-' || b == b'.'),
            "bucket",
            format!("{:?}", self.bucket),
            "it must be a bucket's name: 3 to 63 of a-z 0-9 - .",
        )?;
        let host = ["https://", "http://"]
            .iter()
            .find_map(|scheme| self.endpoint.strip_prefix(scheme));
        check.that(
            self.endpoint.is_empty()
                || host.is_some_and(|h| !h.is_empty() && !h.contains(['@', '?', ' '])),
            "endpoint",
            "no such address",
            "it must be https://host[:port] (or http://), without a user, or empty for Amazon",
        )?;
        check.that(
            !self.region.is_empty() && self.region.bytes().all(|b| plain(b) || b == b'-'),
            "region",
            format!("{:?}", self.region),
            "it must be a region such as eu-west-3",
        )?;
        for (key, secret) in [
            ("access_key", &self.access_key),
            ("secret_key", &self.secret_key),
        ] {
            check.that(
                !secret.reveal().is_empty(),
                key,
                "empty",
                "it must be given",
            )?;
        }
        let parts_ok = self.prefix.is_empty()
            || self.prefix.strip_suffix('/').is_some_and(|p| {
                p.split('/').all(|part| {
                    !part.is_empty() && part.bytes().all(|b| plain(b) || b == b'_' || b == b'-')
                })
            });
        check.that(
            parts_ok && self.prefix.len() <= 200,
            "prefix",
            format!("{:?}", self.prefix),
            "it must be empty, or parts of a-z 0-9 _ - each closed by /, 200 characters at most",
        )?;
        check.that(
            (1..=600).contains(&self.timeout_s),
            "timeout_s",
            self.timeout_s,
            "it must lie in 1 to 600",
        )?;
        check.that(
            (1..=10).contains(&self.attempts),
            "attempts",
            self.attempts,
            "it must lie in 1 to 10",
        )
    }
}

/// Where in the configuration one is.
struct Check(String);

impl Check {
    fn under(&self, key: &str) -> Self {
        Self(format!("{}.{key}", self.0))
    }

    fn that(
        &self,
        ok: bool,
        key: &str,
        value: impl ToString,
        allowed: &'static str,
    ) -> Result<(), ConfigError> {
        if ok {
            return Ok(());
        }
        Err(ConfigError {
            key: format!("{}.{key}", self.0),
            value: value.to_string(),
            allowed,
        })
    }

    fn path(&self, key: &str, path: &std::path::Path) -> Result<(), ConfigError> {
        self.that(
            !path.as_os_str().is_empty(),
            key,
            "empty",
            "it must be a path",
        )
    }
}
