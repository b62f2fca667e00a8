use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::{ConfigError, HttpConfig, check, ranges};

/// The console of those who judge cases.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConsoleConfig {
    /// Whether a reviewer's own judgement of the two faces is recorded before the machine's scores
    /// are shown.
    pub blind_first: bool,
    /// Whether a refusal takes effect only when two people came to it.
    pub two_person_refusal: bool,
    /// Whether the same holds for accepting what the machine found wrong or could not look at.
    pub two_person_override: bool,
    /// Seconds in which a decision can be taken back, 0 to 600.
    pub undo_s: u32,
    /// Seconds for which a case is held without a sign of its reviewer, 30 to 7200.
    pub lease_s: u32,
    /// Share of decisions that a second person makes again without knowing the first, 0 to 1.
    pub double_share: f64,
    /// Share of known cases that are mixed into the queue, 0 to 1.
    pub known_share: f64,
    /// Minutes after which an unused sign-in ends, 1 to 1440.
    pub idle_minutes: u32,
    /// Hours after which any sign-in ends, 1 to 72.
    pub session_hours: u32,
    /// Wrong passwords or codes after which an account is locked, 3 to 100.
    pub lock_after: u32,
    /// Minutes for which it is, 1 to 1440.
    pub lock_minutes: u32,
    /// Sign-ins that one address may try in a minute, 1 to 1000000.
    pub sign_ins_per_minute: u32,
    /// Whether operators may read the local outbox, codes included: for demonstrations alone.
    /// Taken only where `http.public_url` is of this very machine (127.0.0.1, localhost, `[::1]`).
    pub show_outbox: bool,
    /// Sign-in through the organisation's own provider.
    pub oidc: OidcConfig,
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        Self {
            blind_first: true,
            two_person_refusal: true,
            two_person_override: true,
            undo_s: 30,
            lease_s: 600,
            double_share: 0.05,
            known_share: 0.05,
            idle_minutes: 30,
            session_hours: 10,
            lock_after: 5,
            lock_minutes: 15,
            sign_ins_per_minute: 20,
            show_outbox: false,
            oidc: OidcConfig::default(),
        }
    }
}

/// An OpenID Connect provider. Accounts are made here all the same, with the provider's subject.
#[derive(Clone, PartialEq, Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub struct OidcConfig {
    /// The provider's issuer, such as `https://login.example/realm`; empty for none.
    pub issuer: String,
    /// This service's name there.
    pub client_id: String,
    /// Its secret there.
    #[schemars(extend("writeOnly" = true))]
    pub client_secret: String,
    /// What the sign-in page calls the provider.
    pub name: String,
}

impl std::fmt::Debug for OidcConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OidcConfig")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// Whether an address without a path leads nowhere but to the machine of whoever follows it.
fn is_loopback(origin: &str) -> bool {
    let Some((_, host)) = origin.split_once("://") else {
        return false;
    };
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|own| {
        host.strip_prefix(own).is_some_and(|port| {
            port.is_empty()
                || port
                    .strip_prefix(':')
                    .is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
        })
    })
}

impl ConsoleConfig {
    /// What hangs on where the service is reached.
    pub fn fits(&self, http: &HttpConfig) -> Result<(), ConfigError> {
        check(
            !self.show_outbox || is_loopback(&http.public_url),
            "console.show_outbox",
            "true",
            "it may be only where http.public_url is of this very machine, such as http://127.0.0.1:8787",
        )
    }

    pub fn validate(&self) -> Result<(), ConfigError> {
        ranges!("console", self,
            undo_s: 0..=600,
            lease_s: 30..=7_200,
            double_share: 0.0..=1.0,
            known_share: 0.0..=1.0,
            idle_minutes: 1..=1_440,
            session_hours: 1..=72,
            lock_after: 3..=100,
            lock_minutes: 1..=1_440,
            sign_ins_per_minute: 1..=1_000_000,
        );
        let oidc = &self.oidc;
        let local = ["http://127.0.0.1", "http://localhost"];
        check(
            oidc.issuer.is_empty()
                || oidc.issuer.starts_with("https://")
                || local.iter().any(|l| oidc.issuer.starts_with(l)),
            "console.oidc.issuer",
            format!("{:?}", oidc.issuer),
            "it must begin with https://, or be empty",
        )?;
        check(
            oidc.issuer.is_empty() || !oidc.client_id.is_empty(),
            "console.oidc.client_id",
            "empty",
            "a provider knows this service by a name",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outbox_is_shown_on_ones_own_machine_alone() {
        let shown = ConsoleConfig {
            show_outbox: true,
            ..ConsoleConfig::default()
        };
        let at = |public_url: &str| HttpConfig {
            public_url: public_url.into(),
            ..HttpConfig::default()
        };
        for own in [
            "http://127.0.0.1:8787",
            "http://localhost",
            "https://localhost:1",
            "http://[::1]:80",
        ] {
            assert_eq!(shown.fits(&at(own)), Ok(()), "{own}");
        }
        for other in [
            "https://id.example.org",
            "http://127.0.0.1.example.org",
            "http://localhost.example.org:80",
            "http://127.0.0.1:",
            "http://127.0.0.1:80a",
            "http://127.0.0.10",
            "http://[::1]x",
            "127.0.0.1",
        ] {
            assert!(shown.fits(&at(other)).is_err(), "{other}");
            assert_eq!(ConsoleConfig::default().fits(&at(other)), Ok(()));
        }
    }
}
