//! Secrets that callers hold: made here, shown once, kept only as keyed hashes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idproof_ports::Random;
use idproof_vault::{Purpose, Secrets, VaultError};

/// What a secret is for. Its hash holds this too, so that one never passes for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecretKind {
    Handover,
    HandoverNumber,
    /// Of a device: to tell whether two share one.
    Network,
    ApiKey,
    Session,
    Csrf,
    RecoveryCode,
}

impl SecretKind {
    fn name(self) -> &'static str {
        match self {
            Self::Handover => "handover",
            Self::HandoverNumber => "handover number",
            Self::Network => "network",
            Self::ApiKey => "api key",
            Self::Session => "session",
            Self::Csrf => "csrf",
            Self::RecoveryCode => "recovery code",
        }
    }
}

/// 256 random bits behind a prefix that tells what they are.
pub(crate) fn new_secret(prefix: &str, random: &dyn Random) -> String {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// What the database keeps of a secret: 64 hexadecimal digits. Looking a secret up by its keyed
/// hash tells a guesser nothing by its timing: they cannot choose the hash.
pub(crate) fn hash(
    secrets: &Secrets,
    kind: SecretKind,
    secret: &str,
) -> Result<String, VaultError> {
    let mac = secrets.hmac(
        Purpose::Tokens,
        &[kind.name().as_bytes(), secret.as_bytes()],
    )?;
    Ok(hex(&mac))
}

/// Whether the secret has this hash, compared in constant time.
pub(crate) fn matches(
    secrets: &Secrets,
    kind: SecretKind,
    secret: &str,
    kept: &str,
) -> Result<bool, VaultError> {
    let Some(expected) = from_hex(kept) else {
        return Ok(false);
    };
    let parts = [kind.name().as_bytes(), secret.as_bytes()];
    secrets.verify(Purpose::Tokens, &parts, &expected)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// 64 hexadecimal digits as bytes.
pub(crate) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
