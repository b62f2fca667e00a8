//! Encrypted storage of media.
//!
//! Three keys stand in a row. Each object is encrypted under its case's media key. The media key
//! is wrapped by the case's wrapping key and kept, wrapped, in the database. The wrapping key lies
//! in the [`Keyring`], outside the database, sealed under the root key. Destroying the wrapping key
//! makes every copy of the case's media and of its row, in whatever backup, unreadable for ever.

mod challenge;
mod codes;
mod config;
mod crypto;
mod disk;
mod error;
mod hidden;
mod keyring;
mod links;
mod media;
mod name;
mod root;
mod s3;
mod secrets;
mod statements;
mod store;
mod vault;

pub use challenge::{ChallengeClaims, script_digest};
pub use config::{
    ConfigError, DirectoryConfig, KeyPlace, KeysConfig, RootCommand, RootSource, S3Config,
    StoreConfig, UploadConfig, VaultConfig,
};
pub use crypto::key::CaseKey;
pub use error::{Damage, StoreError, VaultError};
pub use hidden::Hidden;
pub use keyring::{CasePages, Initialised, Keyring, Rotation};
pub use links::LinkToken;
pub use media::{Expected, PlainReader, Stored};
pub use name::{ObjectName, ObjectNameError};
pub use root::RootKey;
pub use secrets::{Purpose, Secrets};
pub use statements::{SealedStatement, StatementError};
pub use vault::{Vault, WrappedKey};
