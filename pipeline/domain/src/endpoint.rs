//! Where webhooks may go. A service that sends to any address given to it can be made to knock
//! on doors inside its own network; so an address is judged when it is registered, and every
//! look-up of its name again before a connection is made.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::{Host, Url};

const MAX_URL: usize = 2048;

/// What an operator allows beyond public addresses by https.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressRules {
    /// Plain http. For tests on the own machine, or a network that is trusted.
    pub allow_http: bool,
    /// Networks that may be reached although they are not public.
    pub allowed_networks: Vec<IpNet>,
}

/// Why nothing is sent there. Names no address: it may stand in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefused {
    #[error("not an absolute URL of at most 2048 characters")]
    NotAUrl,
    #[error("the URL must begin with https://")]
    NotHttps,
    #[error("the URL must not carry a user name or password")]
    Credentials,
    #[error("the URL must not carry a fragment (#)")]
    Fragment,
    #[error("the host is a number in disguise; write the address plainly, or a name")]
    DisguisedAddress,
    #[error("the address is not public: {0}")]
    NotPublic(&'static str),
    #[error("the name has no address")]
    NoAddress,
}

/// Judges an address without looking up its name. What it returns is to be used, not the text.
pub fn check_url(text: &str, rules: &AddressRules) -> Result<Url, AddressRefused> {
    if text.len() > MAX_URL || text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(AddressRefused::NotAUrl);
    }
    let url = Url::parse(text).map_err(|_| AddressRefused::NotAUrl)?;
    match url.scheme() {
        "https" => {}
        "http" if rules.allow_http => {}
        _ => return Err(AddressRefused::NotHttps),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressRefused::Credentials);
    }
    if url.fragment().is_some() {
        return Err(AddressRefused::Fragment);
    }
    let ip = match url.host().ok_or(AddressRefused::NotAUrl)? {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            let local = name == "localhost" || name.ends_with(".localhost");
            local.then_some(IpAddr::V4(Ipv4Addr::LOCALHOST))
        }
        // `0x7f.1`, `2130706433`, `0177.0.0.1` and full-width digits all mean 127.0.0.1.
        Host::Ipv4(ip) if written_host(text) != Some(ip.to_string().as_str()) => {
            return Err(AddressRefused::DisguisedAddress);
        }
        Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
        Host::Ipv6(ip) => Some(IpAddr::V6(ip)),
    };
    if let Some(ip) = ip {
        check_address(ip, rules)?;
    }
    Ok(url)
}

/// The host as it was typed, without the port.
fn written_host(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    authority.split(':').next()
}

/// Judges one address that a name was found to have.
pub fn check_address(ip: IpAddr, rules: &AddressRules) -> Result<(), AddressRefused> {
    let mut seen = vec![ip];
    if let IpAddr::V6(v6) = ip {
        seen.extend(embedded(v6).map(IpAddr::V4));
    }
    // An IPv4 address wrapped in an IPv6 one is judged as what it wraps.
    let meant = seen[seen.len() - 1];
    if rules.allowed_networks.iter().any(|n| n.contains(&meant)) {
        return Ok(());
    }
    match seen.into_iter().find_map(not_public) {
        Some(why) => Err(AddressRefused::NotPublic(why)),
        None => Ok(()),
    }
}

fn not_public(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => V4.iter().find(|(net, _)| net.contains(&ip)).map(|x| x.1),
        IpAddr::V6(ip) if embedded(ip).is_some() => None,
        IpAddr::V6(ip) if !UNICAST.contains(&ip) => Some(
            V6.iter()
                .find(|(net, _)| net.contains(&ip))
                .map_or("not global unicast", |x| x.1),
        ),
        IpAddr::V6(ip) => V6.iter().find(|(net, _)| net.contains(&ip)).map(|x| x.1),
    }
}

/// The IPv4 address inside an IPv6 one that a machine or gateway would unwrap: mapped,
/// compatible, translated (NAT64, RFC 2765) or 6to4.
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = ip.segments();
    let [a, b, c, d] = match s {
        [0, 0, 0, 0, 0, 0xffff, h, l]
        | [0, 0, 0, 0, 0xffff, 0, h, l]
        | [0x64, 0xff9b, 0, 0, 0, 0, h, l]
        | [0x2002, h, l, ..] => [h.to_be_bytes(), l.to_be_bytes()]
            .concat()
            .try_into()
            .ok()?,
        [0, 0, 0, 0, 0, 0, h, l] if h != 0 => [h.to_be_bytes(), l.to_be_bytes()]
            .concat()
            .try_into()
            .ok()?,
        _ => return None,
    };
    Some(Ipv4Addr::new(a, b, c, d))
}

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(a: u16, b: u16, c: u16, bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), bits)
}

/// IANA IPv4 Special-Purpose Address Registry, and two addresses of clouds.
const V4: &[(Ipv4Net, &str)] = &[
    (v4(0, 0, 0, 0, 8), "this network"),
    (v4(10, 0, 0, 0, 8), "private"),
    (v4(100, 64, 0, 0, 10), "shared by a carrier"),
    (v4(127, 0, 0, 0, 8), "loopback"),
    (v4(168, 63, 129, 16, 32), "a cloud's own service"),
    (v4(169, 254, 0, 0, 16), "link-local or a cloud's metadata"),
    (v4(172, 16, 0, 0, 12), "private"),
    (v4(192, 0, 0, 0, 24), "reserved for protocols"),
    (v4(192, 0, 2, 0, 24), "for documentation"),
    (v4(192, 31, 196, 0, 24), "reserved for protocols"),
    (v4(192, 52, 193, 0, 24), "reserved for protocols"),
    (v4(192, 88, 99, 0, 24), "a relay"),
    (v4(192, 168, 0, 0, 16), "private"),
    (v4(192, 175, 48, 0, 24), "reserved for protocols"),
    (v4(198, 18, 0, 0, 15), "for benchmarks"),
    (v4(198, 51, 100, 0, 24), "for documentation"),
    (v4(203, 0, 113, 0, 24), "for documentation"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(240, 0, 0, 0, 4), "reserved or broadcast"),
];

/// Everything outside is special.
const UNICAST: Ipv6Net = v6(0x2000, 0, 0, 3);

/// IANA IPv6 Special-Purpose Address Registry.
const V6: &[(Ipv6Net, &str)] = &[
    (
        Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 128),
        "unspecified",
    ),
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), "loopback"),
    (v6(0x2001, 0, 0, 23), "reserved for protocols"),
    (v6(0x2001, 0x0db8, 0, 32), "for documentation"),
    (v6(0x2620, 0x004f, 0x8000, 48), "reserved for protocols"),
    (v6(0x3fff, 0, 0, 20), "for documentation"),
    (v6(0xfc00, 0, 0, 7), "private"),
    (v6(0xfe80, 0, 0, 10), "link-local"),
    (v6(0xfec0, 0, 0, 10), "site-local"),
    (v6(0xff00, 0, 0, 8), "multicast"),
];
