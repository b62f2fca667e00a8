//! Takes the built pages, of applicants and of those who work in the console, into the program, if
//! they are built.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    for (from, to) in [("capture", "pages"), ("console", "console")] {
        let built = PathBuf::from("../../reviewer-ui/dist").join(from);
        // An empty folder can be watched for what is built into it later.
        let _ = fs::create_dir_all(&built);
        println!("cargo:rerun-if-changed={}", built.display());
        let pages = out.join(to);
        if pages.exists() {
            fs::remove_dir_all(&pages)?;
        }
        fs::create_dir_all(&pages)?;
        if built.is_dir() {
            copy(&built, &pages)?;
        }
    }
    let headers = PathBuf::from("../../reviewer-ui/console/headers.json");
    println!("cargo:rerun-if-changed={}", headers.display());
    let written = fs::read_to_string(headers).unwrap_or_else(|_| HEADERS.to_owned());
    fs::write(out.join("console-headers.json"), written)
}

/// Of a console whose pages are not there.
const HEADERS: &str = r#"{
  "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-frame-options": "DENY"
}"#;
