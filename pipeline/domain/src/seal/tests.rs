use super::*;
use proptest::prelude::*;
use time::macros::date;

/// Published with the specification and in nipo/tdd, signed under the test authority FR00.
const IDENTITY: &str = "DC03FR000001092D1636070160NATACHA\u{1d}62SPECIMEN\u{1d}65P 6607CD12304\u{1d}67FR68F6CFR\u{1f}EYLJXYH5R3HYO5YWTMELK7P277KKOK5TTNB26S6UAPDH2KJGT37YXNDEZTGEK2LX3OSRNAXOP4UHFWHNTOU6LTOSBMX2EBCQ36UZ4FA";
const ZONE: &str = "DC03FR000001092D163608016FP FRASPECIMEN  NATACHA                      07CD123044FRA7307122F1603062              04\u{1d}\u{1f}TYXD5GHXKAQ52NCB4IZGXJFYIYTX7UR5SIG7DPDJOS3KOW67ESGECFXFTZFE3MO263SYM7KY2GTNOR4Z5RROT7XDCOCTW3I7OREONIY";

#[test]
fn the_published_identity_seal() {
    let seal = parse(IDENTITY.as_bytes()).unwrap();
    assert_eq!(seal.header.version, 3);
    assert_eq!(seal.header.authority, "FR00");
    assert_eq!(seal.header.certificate, "0001");
    assert!(seal.header.is_test());
    // 0x092D and 0x1636 days after 1 January 2000.
    assert_eq!(seal.header.emitted, Some(date!(2006 - 06 - 07)));
    assert_eq!(seal.header.signed, Some(date!(2015 - 07 - 27)));
    assert_eq!(seal.header.kind, "07");
    assert_eq!(seal.header.perimeter.as_deref(), Some("01"));
    assert_eq!(seal.header.country, None);
    for (id, value) in [
        ("60", "NATACHA"),
        ("62", "SPECIMEN"),
        ("65", "P"),
        ("66", "07CD12304"),
        ("67", "FR"),
        ("68", "F"),
        ("6C", "FR"),
    ] {
        assert_eq!(seal.get(id), Some(value), "{id}");
    }
    assert_eq!(seal.get("69"), None);
    assert_eq!(seal.signature.len(), 64);
    assert_eq!(seal.signed.len(), 72);
}

#[test]
fn the_published_zone_seal() {
    let seal = parse(ZONE.as_bytes()).unwrap();
    assert_eq!(seal.header.kind, "08");
    let zone = seal.get("6F").unwrap();
    assert!(zone.starts_with("P FRASPECIMEN  NATACHA"));
    assert_eq!(zone.len(), 88);
    assert_eq!(seal.signature.len(), 64);
}

#[test]
fn what_is_wrong_is_named() {
    let error = |text: &str| parse(text.as_bytes()).unwrap_err();
    assert_eq!(error(""), SealError::OtherKind);
    assert_eq!(error("https://example.org"), SealError::OtherKind);
    assert_eq!(error("DC03"), SealError::NoSignature);
    assert_eq!(error("DC\u{1f}"), SealError::HeaderCutOff);
    assert_eq!(error("DC09FR03AAAA\u{1f}"), SealError::Version(9));
    assert_eq!(error("DC03FR03000\u{1f}"), SealError::HeaderCutOff);
    assert_eq!(
        error("DC03fR030001092D16360701\u{1f}"),
        SealError::Header(5)
    );
    assert_eq!(
        error("DC03FR030001092X16360701\u{1f}"),
        SealError::Header(13)
    );
    let head = "DC03FR030001092DFFFF0701";
    assert_eq!(error(&format!("{head}6\u{1f}")), SealError::Field(25));
    assert!(matches!(
        error(&format!("{head}69120\u{1f}")),
        SealError::FieldCutOff { .. }
    ));
    assert!(matches!(
        error(&format!("{head}68F68F\u{1f}")),
        SealError::Twice { .. }
    ));
    assert_eq!(error(&format!("{head}68F\u{1f}abc")), SealError::Signature);
    let long = format!("DC{}", "A".repeat(3_000));
    assert_eq!(error(&long), SealError::TooLong(3_002));
    let undated = parse(format!("{head}68F\u{1f}").as_bytes()).unwrap();
    assert_eq!(undated.header.signed, None);
}

#[test]
fn an_annex_is_not_signed_and_a_truncated_field_ends() {
    let content = "DC04FR030001092DFFFF0701FR62DUP\u{1e}68F\u{1f}MZXW6\u{1d}anything";
    let seal = parse(content.as_bytes()).unwrap();
    assert_eq!(seal.header.country.as_deref(), Some("FR"));
    assert_eq!(seal.get("62"), Some("DUP"));
    assert_eq!(seal.get("68"), Some("F"));
    assert_eq!(seal.signature, b"foo");
    assert!(seal.signed.ends_with(b"68F"));
}

#[test]
fn base32_of_rfc_4648() {
    for (text, wanted) in [
        ("", ""),
        ("MY", "f"),
        ("MZXQ", "fo"),
        ("MZXW6YTBOI", "foobar"),
    ] {
        assert_eq!(base32(text.as_bytes()).unwrap(), wanted.as_bytes());
    }
    assert_eq!(base32(b"MZ"), None);
    assert_eq!(base32(b"A"), None);
}

proptest! {
    #[test]
    fn any_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&bytes);
        let mut more = b"DC03FR030001092DFFFF0701".to_vec();
        more.extend(bytes);
        let _ = parse(&more);
    }

    #[test]
    fn fields_come_back(name in "[A-Z ]{0,30}", number in "[A-Z0-9]{1,12}") {
        let content = format!(
            "DC03FR030001092DFFFF070162{name}\u{1d}66{number}\u{1d}68M\u{1f}MY"
        );
        let seal = parse(content.as_bytes()).unwrap();
        prop_assert_eq!(seal.get("62"), Some(name.trim_end()));
        prop_assert_eq!(seal.get("66"), Some(number.as_str()));
        prop_assert_eq!(seal.get("68"), Some("M"));
    }
}
