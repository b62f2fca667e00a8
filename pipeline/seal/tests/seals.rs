//! Signatures against certificates made here, and the two seals that ANTS published.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

use std::path::Path;

use idproof_domain::seal::{self, Seal, Trust};
use idproof_seal::{Certificates, CertificatesError};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, SigningKey, date_time_ymd};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

const PUBLISHED: [&str; 2] = [
    "DC03FR000001092D1636070160NATACHA\u{1d}62SPECIMEN\u{1d}65P 6607CD12304\u{1d}67FR68F6CFR\u{1f}EYLJXYH5R3HYO5YWTMELK7P277KKOK5TTNB26S6UAPDH2KJGT37YXNDEZTGEK2LX3OSRNAXOP4UHFWHNTOU6LTOSBMX2EBCQ36UZ4FA",
    "DC03FR000001092D163608016FP FRASPECIMEN  NATACHA                      07CD123044FRA7307122F1603062              04\u{1d}\u{1f}TYXD5GHXKAQ52NCB4IZGXJFYIYTX7UR5SIG7DPDJOS3KOW67ESGECFXFTZFE3MO263SYM7KY2GTNOR4Z5RROT7XDCOCTW3I7OREONIY",
];
/// The key of FR00's test certificate: the one point that both published signatures allow
/// (SEC 1, 4.1.6: each alone allows two).
const FR00_KEY: &str = "04a98f0d7ccd62808893bec4d436e79d1834a1d6e001d70f1c4cdccd9d9e2fe229\
                        f7240514e8ddc0ca98d0c7440c9cc492849a0fbda73fc392f4da0ae07f84c23c";

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|p| u8::from_str_radix(std::str::from_utf8(p).unwrap(), 16).unwrap())
        .collect()
}

fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: Vec<u8> = bytes
        .iter()
        .flat_map(|b| (0..8).rev().map(move |k| b >> k & 1))
        .collect();
    bits.chunks(5)
        .map(|c| {
            let value = (0..5).fold(0, |v, k| v << 1 | c.get(k).copied().unwrap_or(0));
            char::from(ALPHABET[usize::from(value)])
        })
        .collect()
}

/// `r` and `s` out of the ASN.1 that rcgen signs with.
fn fixed(der: &[u8]) -> Vec<u8> {
    let number = |at: usize| {
        let length = usize::from(der[at + 1]);
        let bytes = &der[at + 2..at + 2 + length];
        let bytes = &bytes[bytes.len().saturating_sub(32)..];
        let mut out = vec![0; 32 - bytes.len()];
        out.extend(bytes);
        (out, at + 2 + length)
    };
    let (r, next) = number(2);
    [r, number(next).0].concat()
}

/// An authority of our own with a directory to trust it from.
struct House {
    key: KeyPair,
    directory: tempfile::TempDir,
}

impl House {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let mut about = CertificateParams::new(vec![]).unwrap();
        about.not_before = date_time_ymd(2015, 1, 1);
        about.not_after = date_time_ymd(2017, 12, 31);
        let certificate = about.self_signed(&key).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(format!("{name}.der"));
        std::fs::write(file, certificate.der()).unwrap();
        Self { key, directory }
    }

    fn content(&self, signed: &str) -> String {
        let signature = fixed(&self.key.sign(signed.as_bytes()).unwrap());
        format!("{signed}\u{1f}{}", base32(&signature))
    }

    fn certificates(&self) -> Certificates {
        Certificates::load(self.directory.path(), false).unwrap()
    }
}

fn parsed(content: &str) -> Seal {
    seal::parse(content.as_bytes()).unwrap()
}

/// Signed on 0x1636, 27 July 2015.
const MESSAGE: &str =
    "DC03FR930001092D1636070160ANNA\u{1d}62ERIKSSON\u{1d}65ID66D23145890\u{1d}67FR68F6CFR";

#[test]
fn the_published_seals_carry_one_and_the_same_authority_s_signature() {
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, hex(FR00_KEY));
    for content in PUBLISHED {
        let seal = parsed(content);
        key.verify(&seal.signed, &seal.signature).unwrap();
        let mut altered = seal.signed.clone();
        altered[30] ^= 1;
        assert!(key.verify(&altered, &seal.signature).is_err());
        // A test authority: never trusted, whatever its signature is worth.
        assert_eq!(Certificates::default().judge(&seal), Trust::Test);
    }
}

#[test]
fn a_seal_of_a_known_certificate_is_verified_and_an_altered_one_forged() {
    let house = House::new("FR93-0001");
    let all = house.certificates();
    assert_eq!(all.len(), 1);
    let content = house.content(MESSAGE);
    assert_eq!(all.judge(&parsed(&content)), Trust::Verified);
    let altered = content.replace("ERIKSSON", "ERIKSSEN");
    assert_eq!(all.judge(&parsed(&altered)), Trust::Forged);
    let foreign = House::new("FR93-0001").content(MESSAGE);
    assert_eq!(all.judge(&parsed(&foreign)), Trust::Forged);
    assert_eq!(
        Certificates::default().judge(&parsed(&content)),
        Trust::UnknownCertificate
    );
}

#[test]
fn revoked_expired_and_test_certificates_verify_nothing() {
    let house = House::new("FR93-0001");
    let seal = parsed(&house.content(MESSAGE));
    // 0x1387: before the certificate began. FFFF: undated.
    for day in ["1387", "FFFF"] {
        let content = house.content(&MESSAGE.replace("1636", day));
        let trust = house.certificates().judge(&parsed(&content));
        assert_eq!(trust, Trust::OutOfPeriod);
    }
    let list = house.directory.path().join("revoked.txt");
    std::fs::write(&list, "# lost keys\nFR93-0001\n").unwrap();
    assert_eq!(house.certificates().judge(&seal), Trust::Revoked);
    std::fs::write(&list, "FR93\n").unwrap();
    let error = Certificates::load(house.directory.path(), false)
        .err()
        .unwrap();
    assert!(error.to_string().contains("revoked.txt, line 1"), "{error}");

    let tests = House::new("FR00-0001");
    let seal = parsed(&tests.content(&MESSAGE.replace("FR93", "FR00")));
    assert_eq!(tests.certificates().judge(&seal), Trust::Test);
    let trusting = Certificates::load(tests.directory.path(), true).unwrap();
    assert_eq!(trusting.judge(&seal), Trust::Verified);
}

#[test]
fn a_directory_that_cannot_be_used_is_named() {
    let error = |name: &str, bytes: &[u8]| {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(name), bytes).unwrap();
        Certificates::load(directory.path(), false).err().unwrap()
    };
    assert!(matches!(
        error("root.der", b""),
        CertificatesError::Name { .. }
    ));
    assert!(matches!(
        error("FR03-0001.der", b"no certificate"),
        CertificatesError::Certificate { .. }
    ));
    assert!(matches!(
        Certificates::load(Path::new("/nowhere"), false),
        Err(CertificatesError::Read { .. })
    ));
}

mod symbols {
    use super::*;
    use idproof_ports::{FoundSeal, RgbImage, SealReader};
    use idproof_seal::MatrixReader;
    use zxingcpp::{BarcodeFormat, create, write};

    /// A large grey page with a drawn DataMatrix, `scale` pixels a module, turned about its middle
    /// by so many radians.
    fn page(content: &str, scale: i32, middle: (f64, f64), turn: f64) -> RgbImage {
        let symbol = create(BarcodeFormat::DataMatrix)
            .from_slice(content.as_bytes())
            .unwrap()
            .to_image_with(&write().scale(scale).add_quiet_zones(true))
            .unwrap();
        let (side, modules) = ((symbol.width(), symbol.height()), symbol.data());
        let (w, h) = (1200_u32, 800_u32);
        let (sin, cos) = turn.sin_cos();
        let at = |i: u32| {
            let (x, y) = (f64::from(i % w) - middle.0, f64::from(i / w) - middle.1);
            let u = (x * cos + y * sin + f64::from(side.0) / 2.0).floor() as i64;
            let v = (y * cos - x * sin + f64::from(side.1) / 2.0).floor() as i64;
            let inside = (0..i64::from(side.0)).contains(&u) && (0..i64::from(side.1)).contains(&v);
            match inside {
                true if modules[(v * i64::from(side.0) + u) as usize] < 128 => 40,
                true => 215,
                false => 190,
            }
        };
        let data = (0..w * h).flat_map(|i| [at(i); 3]).collect();
        RgbImage::from_raw(w, h, data).unwrap()
    }

    #[test]
    fn a_symbol_on_a_picture_is_found_read_and_judged() {
        let house = House::new("FR93-0001");
        let mut reader = MatrixReader::new(house.certificates());
        for turn in [0.0, 0.4, 2.6] {
            let picture = page(&house.content(MESSAGE), 5, (760.0, 430.0), turn);
            let found = reader.read(&picture).unwrap();
            let [FoundSeal::TwoDDoc { seal, trust }] = found.as_slice() else {
                panic!("{turn}: {found:?}");
            };
            assert_eq!(*trust, Trust::Verified);
            assert_eq!(seal.get("62"), Some("ERIKSSON"));
        }
    }

    #[test]
    fn an_altered_seal_and_one_of_an_unknown_authority_are_told_from_the_picture() {
        let house = House::new("FR93-0001");
        let trust = |reader: &mut MatrixReader, content: &str| {
            let found = reader.read(&page(content, 5, (500.0, 400.0), 0.1)).unwrap();
            let [FoundSeal::TwoDDoc { trust, .. }] = found.as_slice() else {
                panic!("{found:?}");
            };
            *trust
        };
        let mut reader = MatrixReader::new(house.certificates());
        let altered = house.content(MESSAGE).replace("ERIKSSON", "ERIKSSEN");
        assert_eq!(trust(&mut reader, &altered), Trust::Forged);
        let mut knows_nobody = MatrixReader::new(Certificates::default());
        let content = house.content(MESSAGE);
        assert_eq!(
            trust(&mut knows_nobody, &content),
            Trust::UnknownCertificate
        );
    }

    #[test]
    fn the_published_seals_are_read_off_a_picture_and_never_trusted() {
        let mut reader = MatrixReader::new(Certificates::default());
        for content in PUBLISHED {
            let found = reader.read(&page(content, 4, (600.0, 400.0), 0.2)).unwrap();
            let [FoundSeal::TwoDDoc { seal, trust }] = found.as_slice() else {
                panic!("{found:?}");
            };
            assert_eq!(*trust, Trust::Test);
            assert_eq!(*seal, parsed(content));
        }
    }

    #[test]
    fn other_symbols_are_named_and_blank_pictures_have_none() {
        let mut reader = MatrixReader::new(Certificates::default());
        let other = page("not a 2D-Doc", 8, (300.0, 300.0), 0.0);
        let other = reader.read(&other).unwrap();
        assert!(
            matches!(other.as_slice(), [FoundSeal::OtherFormat]),
            "{other:?}"
        );
        let broken = page("DC03FR93", 8, (300.0, 300.0), 0.0);
        let broken = reader.read(&broken).unwrap();
        assert!(
            matches!(broken.as_slice(), [FoundSeal::Broken(_)]),
            "{broken:?}"
        );
        let blank = RgbImage::from_raw(900, 600, vec![200; 900 * 600 * 3]).unwrap();
        assert!(reader.read(&blank).unwrap().is_empty());
        let dot = RgbImage::from_raw(1, 1, vec![0; 3]).unwrap();
        assert!(reader.read(&dot).unwrap().is_empty());
    }
}
