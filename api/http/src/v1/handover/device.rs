//! Which device it is, as coarsely as a person tells devices apart: nothing here identifies one.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;

use crate::layers::admission::client_of;
use crate::problem::Problem;
use crate::secret::{SecretKind, hash};
use crate::service::Service;

/// The device that asks.
pub(super) struct Here {
    /// See [`device`].
    pub device: String,
    /// Keyed hash of its network.
    pub network: String,
}

impl FromRequestParts<Service> for Here {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let address = client_of(&parts.extensions).map(|client| client.0);
        Ok(Self {
            device: device(&parts.headers),
            network: hash(service.secrets(), SecretKind::Network, &network(address))?,
        })
    }
}

/// A mark in a User-Agent and what it stands for; the first that is found counts.
type Marks = [(&'static str, &'static str)];

const BROWSERS: &Marks = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
];
const SYSTEMS: &Marks = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
];

/// Such as `Firefox, Windows`; empty where the browser does not tell. Only words of the tables
/// above, never what a stranger wrote.
fn device(headers: &HeaderMap) -> String {
    let agent = headers.get(USER_AGENT).and_then(|v| v.to_str().ok());
    let agent = agent.unwrap_or("");
    let of = |marks: &Marks| marks.iter().find(|m| agent.contains(m.0)).map(|m| m.1);
    let parts: Vec<&str> = [of(BROWSERS), of(SYSTEMS)].into_iter().flatten().collect();
    parts.join(", ")
}

/// The network an address lies in: what one household or one mobile carrier's gateway shares.
fn network(address: Option<IpAddr>) -> String {
    match address {
        Some(IpAddr::V4(v4)) => v4.to_string(),
        Some(IpAddr::V6(v6)) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn browsers_are_told_apart_and_nothing_else_is_repeated() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
                "Firefox, Windows",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
                "Chrome, Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge, Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 Version/18.4 Mobile Safari/604.1",
                "Safari, iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 SamsungBrowser/28 Chrome/130 Mobile Safari/537.36",
                "Samsung Internet, Android",
            ),
            ("<script>alert(1)</script>", ""),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(USER_AGENT, HeaderValue::from_static(agent));
            assert_eq!(device(&headers), name);
        }
        assert_eq!(device(&HeaderMap::new()), "");
    }

    #[test]
    fn addresses_of_one_household_lie_in_one_network() {
        let of = |text: &str| network(Some(text.parse().unwrap()));
        assert_eq!(of("2001:db8:1:2::5"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::5"), of("2001:db8:1:3::5"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
