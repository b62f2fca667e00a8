use std::process::ExitCode;

use idproof_vault::RootSource;

use crate::compose::insides::{Roots, prepare};
use crate::config::Config;
use crate::terminal::{note, say};

/// Brings the tables up to date and, on a first start, makes the keyring and the media store.
pub fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let made = super::runtime()?.block_on(prepare(config, &Roots::system()))?;
    say("The tables are up to date.");
    if made.keyring {
        say("The keyring was made.");
    }
    if let (true, RootSource::File(path)) = (made.root_key, &config.vault.keys.root) {
        note(format_args!(
            "The root key was made: {}. Back it up apart from database and keyring; without it no \
             case can be read.",
            path.display()
        ));
    }
    Ok(ExitCode::SUCCESS)
}
