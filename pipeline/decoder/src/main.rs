//! `idproof-decoder`: recordings, stills, and the self-check of the sandbox.

use std::process::ExitCode;

use idproof_decoder::program::{self, Videos};
use idproof_decoder::video;

fn main() -> ExitCode {
    program::run(Some(&Videos {
        initialise: video::initialise,
        decode: video::decode_video,
        decode_sound: video::decode_sound,
    }))
}
