use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

use super::{Letter, LetterError, Proof, ProofKind};
use crate::Language;
use crate::calendar::CalendarError;
use crate::code::SixDigits;
use crate::ids::LetterId;

/// Who sends or receives a letter: a name and the lines of an address below it.
#[derive(Clone, PartialEq, Eq)]
pub struct Party {
    pub name: String,
    pub lines: Vec<String>,
}

impl std::fmt::Debug for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Party(hidden)")
    }
}

/// What the activation letter says. Holds the code: made when it is needed, never stored.
#[derive(Debug, Clone)]
pub struct LetterContent {
    pub letter: LetterId,
    /// The number an applicant quotes on the telephone.
    pub case_number: String,
    pub language: Language,
    pub sender: Party,
    /// Without lines where no address is known: an e-letter needs none.
    pub recipient: Party,
    pub code: SixDigits,
    pub made_on: Date,
    /// The last minute in which the code is taken, in local time.
    pub valid_until: DateTime,
    /// Where the code is typed in, as people write an address: `id.example.org`.
    pub site: String,
    /// Where help is found: an address, a number.
    pub help: Option<String>,
}

impl LetterContent {
    /// Everything the letter says, for a keyed hash that proves it unchanged. Never hash it
    /// without a key: there are only a million codes.
    pub fn parts(&self) -> Vec<String> {
        let mut parts = vec![
            self.letter.to_string(),
            self.case_number.clone(),
            self.language.code().to_owned(),
            self.code.reveal().to_owned(),
            self.made_on.to_string(),
            self.valid_until.to_string(),
            self.site.clone(),
            self.help.clone().unwrap_or_default(),
        ];
        for party in [&self.sender, &self.recipient] {
            parts.push(party.name.clone());
            parts.push(party.lines.join("\n"));
        }
        parts
    }
}

/// What a proof states. To be written as JSON and sealed with a keyed hash; holds no personal
/// data, so that it may be kept when the case's are gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Always 1.
    pub version: u32,
    pub proof: ProofKind,
    pub letter: LetterId,
    pub case_number: String,
    /// When it happened, UTC (RFC 3339).
    pub at: String,
    pub deposited_at: String,
    pub notified_at: Option<String>,
    pub accept_until: String,
    pub sender: String,
    /// Keyed hash of the recipient's name and address, hexadecimal.
    pub recipient_mac: String,
    /// Keyed hash of [`LetterContent::parts`], hexadecimal.
    pub content_mac: String,
}

/// What every statement about one letter has in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    pub letter: LetterId,
    pub case_number: String,
    pub sender: String,
    pub recipient_mac: [u8; 32],
    pub content_mac: [u8; 32],
}

impl Statement {
    /// The statement of `proof`, which led to `letter`.
    pub fn new(stated: &Stated, letter: &Letter, proof: Proof) -> Result<Self, LetterError> {
        Ok(Self {
            version: 1,
            proof: proof.kind,
            letter: stated.letter.clone(),
            case_number: stated.case_number.clone(),
            at: utc(proof.at)?,
            deposited_at: utc(letter.deposited_at())?,
            notified_at: letter.notice().map(|n| utc(n.notified_at)).transpose()?,
            accept_until: utc(letter.accept_until())?,
            sender: stated.sender.clone(),
            recipient_mac: hex(&stated.recipient_mac),
            content_mac: hex(&stated.content_mac),
        })
    }
}

fn utc(ms: i64) -> Result<String, CalendarError> {
    let at = Timestamp::from_millisecond(ms).map_err(|_| CalendarError::OutOfRange(ms))?;
    Ok(format!("{at:.3}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
