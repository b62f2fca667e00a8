//! `idproof-still-decoder`: stills alone, in the same sandbox, without FFmpeg's 130 libraries.

use std::process::ExitCode;

fn main() -> ExitCode {
    idproof_decoder::program::run(None)
}
