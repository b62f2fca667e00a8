//! Webhook addresses that must be refused, each beside one that must not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails loudly"
)]

use std::net::IpAddr;

use idproof_domain::endpoint::{AddressRefused, AddressRules, check_address, check_url};
use proptest::prelude::*;

fn check(url: &str) -> Result<String, AddressRefused> {
    check_url(url, &AddressRules::default()).map(|u| u.to_string())
}

fn loopback() -> AddressRules {
    AddressRules {
        allow_http: true,
        allowed_networks: vec!["127.0.0.0/8".parse().unwrap()],
    }
}

#[test]
fn public_addresses_by_https_are_taken() {
    for url in [
        "https://example.org/hooks?a=b",
        "https://example.org:8443/",
        "https://93.184.215.14/",
        "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
        "https://bücher.example/",
    ] {
        assert!(check(url).is_ok(), "{url}");
    }
}

#[test]
fn what_is_no_plain_https_url_is_named() {
    for (url, why) in [
        ("", AddressRefused::NotAUrl),
        ("example.org/hook", AddressRefused::NotAUrl),
        ("https://", AddressRefused::NotAUrl),
        (
            "https://example.org/\r\nHost: other",
            AddressRefused::NotAUrl,
        ),
        ("https://exam ple.org/", AddressRefused::NotAUrl),
        ("http://example.org/", AddressRefused::NotHttps),
        ("ftp://example.org/", AddressRefused::NotHttps),
        ("file:///etc/passwd", AddressRefused::NotHttps),
        ("gopher://example.org/", AddressRefused::NotHttps),
        ("https://user@example.org/", AddressRefused::Credentials),
        ("https://:secret@example.org/", AddressRefused::Credentials),
        ("https://example.org@10.0.0.1/", AddressRefused::Credentials),
        ("https://example.org/#a", AddressRefused::Fragment),
    ] {
        assert_eq!(check(url), Err(why), "{url}");
    }
    let long = format!("https://example.org/{}", "a".repeat(2048));
    assert_eq!(check(&long), Err(AddressRefused::NotAUrl));
}

#[test]
fn numbers_in_disguise_are_refused() {
    for host in [
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "127.0.0.1.",
        "017700000001",
        "１２７.０.０.１",
        "127。0。0。1",
        // Public ones too: there is no honest reason to write them so.
        "0x5db8d70e",
        "%31%32%37.0.0.1",
    ] {
        let url = format!("https://{host}/");
        assert_eq!(check(&url), Err(AddressRefused::DisguisedAddress), "{host}");
    }
}

#[test]
fn addresses_that_are_not_public_are_refused() {
    for host in [
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[::ffff:0:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::10.0.0.1]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::]",
        "[2001::1]",
        "[2001:db8::1]",
        "[3fff::1]",
        "[100::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[5f00::1]",
        "[4000::1]",
    ] {
        let refused = check(&format!("https://{host}/"));
        assert!(
            matches!(refused, Err(AddressRefused::NotPublic(_))),
            "{host}: {refused:?}"
        );
    }
}

#[test]
fn their_neighbours_are_public() {
    for ip in [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::1",
        "2606:4700::1111",
        "::ffff:1.1.1.1",
        "64:ff9b::1.1.1.1",
        "2002:101:101::1",
    ] {
        let ip: IpAddr = ip.parse().unwrap();
        assert_eq!(check_address(ip, &AddressRules::default()), Ok(()), "{ip}");
    }
}

#[test]
fn an_allowed_network_opens_itself_and_nothing_else() {
    for url in [
        "http://127.0.0.1:8080/",
        "http://localhost/",
        "https://127.9.9.9/",
        "https://[::ffff:127.0.0.1]/",
    ] {
        assert!(check_url(url, &loopback()).is_ok(), "{url}");
    }
    for url in [
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
    ] {
        assert!(
            matches!(
                check_url(url, &loopback()),
                Err(AddressRefused::NotPublic(_))
            ),
            "{url}"
        );
    }
    assert_eq!(
        check_url("http://0x7f.1/", &loopback()),
        Err(AddressRefused::DisguisedAddress)
    );
}

proptest! {
    /// However an IPv4 address is wrapped, it is judged as itself.
    #[test]
    fn wrapping_an_address_hides_nothing(bits: u32) {
        let rules = AddressRules::default();
        let v4 = std::net::Ipv4Addr::from_bits(bits);
        let plain = check_address(IpAddr::V4(v4), &rules).is_ok();
        let mapped = check_address(IpAddr::V6(v4.to_ipv6_mapped()), &rules).is_ok();
        let nat64: IpAddr = format!("64:ff9b::{v4}").parse().unwrap();
        prop_assert_eq!(plain, mapped);
        prop_assert_eq!(plain, check_address(nat64, &rules).is_ok());
    }

    #[test]
    fn no_text_makes_it_panic(text: String) {
        let _ = check_url(&text, &AddressRules::default());
        let _ = check_url(&format!("https://{text}"), &loopback());
    }
}
