use std::path::Path;
use std::process::ExitCode;

use idproof_vault::{RootKey, RootSource};

use crate::cli::{VaultArgs, VaultCommand};
use crate::compose::insides::{Insides, Roots};
use crate::config::Config;
use crate::terminal::{note, say};

/// The root key: make one, and seal the keyring under it.
pub fn run(args: &VaultArgs, config: &Config) -> anyhow::Result<ExitCode> {
    super::runtime()?.block_on(async {
        match &args.command {
            VaultCommand::NewRootKey { file } => new_root_key(file).await,
            VaultCommand::Rotate { to } => rotate(config, to).await,
        }
    })
}

async fn new_root_key(file: &Path) -> anyhow::Result<ExitCode> {
    let made = RootKey::create_file(file, &*Roots::system().random).await?;
    if made {
        say(format_args!("{}: a new root key", file.display()));
        return Ok(ExitCode::SUCCESS);
    }
    note(format_args!(
        "{} exists already: left alone",
        file.display()
    ));
    Ok(ExitCode::FAILURE)
}

async fn rotate(config: &Config, to: &Path) -> anyhow::Result<ExitCode> {
    let insides = Insides::open(config, Roots::system()).await?;
    let new = RootKey::load(&RootSource::File(to.to_owned())).await?;
    let done = insides.vault.keyring().rotate_root(new).await?;
    say(format_args!(
        "{} entries sealed anew, {} were so already, {} cannot be read",
        done.sealed_anew, done.already, done.unreadable
    ));
    if done.unreadable > 0 {
        note("Keep the old root key: entries named in the log still need one that is missing.");
        return Ok(ExitCode::FAILURE);
    }
    note(format_args!(
        "Set vault.keys.root to {} for every process, restart them, then remove the old one from \
         vault.keys.also and destroy it.",
        to.display()
    ));
    Ok(ExitCode::SUCCESS)
}
