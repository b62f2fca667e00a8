//! Any lines through the grammar of machine-readable zones. What is proposed must parse as it stands.
#![no_main]

use idproof_domain::mrz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let lines: Vec<&str> = text.lines().take(12).collect();
    let _ = mrz::parse(&lines);
    for proposal in mrz::correct(&lines) {
        let again = mrz::parse(&proposal.lines).expect("a proposal is a zone");
        assert!(again == proposal.mrz);
    }
});
