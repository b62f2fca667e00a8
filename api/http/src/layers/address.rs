//! Whom a request comes from: the peer of the connection, or what a trusted proxy says.

use std::net::{IpAddr, Ipv4Addr};

use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

/// The other end of the connection; the server puts it into every request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub IpAddr);

/// The applicant's or integrator's address, as far as it can be known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub IpAddr);

const HEADER: &str = "x-forwarded-for";

pub(crate) fn is_trusted(ip: IpAddr, trusted: &[IpNet]) -> bool {
    let ip = ip.to_canonical();
    trusted.iter().any(|net| net.contains(&ip))
}

/// The peer, unless it is a trusted proxy: then the last address in the header that is none.
/// What stands left of it was written by strangers.
pub(crate) fn client(
    extensions: &Extensions,
    headers: &HeaderMap,
    trusted: &[IpNet],
) -> ClientAddress {
    let peer = extensions
        .get::<Peer>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |p| p.0);
    let mut client = peer;
    if is_trusted(peer, trusted) {
        let written: Vec<&str> = headers
            .get_all(HEADER)
            .iter()
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(','))
            .collect();
        for text in written.into_iter().rev() {
            let Ok(ip) = text.trim().parse::<IpAddr>() else {
                break;
            };
            client = ip;
            if !is_trusted(ip, trusted) {
                break;
            }
        }
    }
    ClientAddress(client.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let mut extensions = Extensions::new();
        extensions.insert(Peer(peer.parse().unwrap()));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(HEADER, HeaderValue::from_str(value).unwrap());
        }
        client(&extensions, &headers, &trusted).0.to_string()
    }

    #[test]
    fn the_header_is_believed_from_a_trusted_proxy_alone() {
        assert_eq!(seen("198.51.100.7", &["203.0.113.9"]), "198.51.100.7");
        assert_eq!(seen("10.1.1.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("::ffff:10.1.1.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("10.1.1.1", &[]), "10.1.1.1");
    }

    #[test]
    fn what_a_client_wrote_itself_is_left_alone() {
        assert_eq!(seen("10.1.1.1", &["6.6.6.6, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(
            seen("10.1.1.1", &["6.6.6.6", "203.0.113.9, 10.2.2.2"]),
            "203.0.113.9"
        );
        assert_eq!(
            seen("10.1.1.1", &["6.6.6.6, unknown, 10.2.2.2"]),
            "10.2.2.2"
        );
        assert_eq!(seen("10.1.1.1", &["6.6.6.6, <script>"]), "10.1.1.1");
    }
}
