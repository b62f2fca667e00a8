//! Everything a person reads: standard output for results, standard error for the rest.

#![expect(
    clippy::print_stderr,
    reason = "this module is where the program speaks to a person"
)]

use std::io::Write;

/// One line of result.
pub fn say(line: impl std::fmt::Display) {
    // A closed pipe is the reader's choice.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The error and what it came from, in one line each.
pub fn error(e: &anyhow::Error) {
    eprintln!("error: {e}");
    let mut last = e.to_string();
    for cause in e.chain().skip(1) {
        let text = cause.to_string();
        // `thiserror` messages often contain their source already.
        if !last.contains(&text) {
            eprintln!("  because: {text}");
        }
        last = text;
    }
}

/// A remark beside the result.
pub fn note(line: impl std::fmt::Display) {
    eprintln!("{line}");
}
