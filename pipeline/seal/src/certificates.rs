//! The operator's directory of certificates, and signatures checked against it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use idproof_domain::seal::{Seal, Trust};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, EcdsaVerificationAlgorithm, UnparsedPublicKey,
};
use time::Date;

use crate::der;

/// Why the directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificatesError {
    #[error("{}: {source}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(
        "{}: a certificate is named <authority>-<certificate>.der or .pem, such as FR03-0001.der",
        path.display()
    )]
    Name { path: PathBuf },
    #[error("{}: not an X.509 certificate in DER or PEM", path.display())]
    Certificate { path: PathBuf },
    #[error("{}: its key is not on P-256 or P-384", path.display())]
    Key { path: PathBuf },
    #[error("{}, line {line}: expected <authority>-<certificate>", path.display())]
    Revoked { path: PathBuf, line: usize },
}

type Name = (String, String);

struct Certificate {
    algorithm: &'static EcdsaVerificationAlgorithm,
    /// The uncompressed point.
    key: Vec<u8>,
    first: Date,
    last: Date,
}

/// Certificates by authority and number. Without any, no seal is ever verified.
#[derive(Default)]
pub struct Certificates {
    known: BTreeMap<Name, Certificate>,
    revoked: BTreeSet<Name>,
    /// Test authorities (`XX00`, certificate `0000`) count; never in production.
    trust_tests: bool,
}

const REVOKED: &str = "revoked.txt";

impl Certificates {
    /// Reads `<authority>-<certificate>.der` or `.pem` and `revoked.txt`, a name a line.
    pub fn load(directory: &Path, trust_tests: bool) -> Result<Self, CertificatesError> {
        let read = |path: &Path| {
            let path = path.to_owned();
            move |source| CertificatesError::Read { path, source }
        };
        let mut all = Self {
            trust_tests,
            ..Self::default()
        };
        for entry in std::fs::read_dir(directory).map_err(read(directory))? {
            let path = entry.map_err(read(directory))?.path();
            let extension = path.extension().and_then(|e| e.to_str());
            if path.ends_with(REVOKED) {
                let text = std::fs::read_to_string(&path).map_err(read(&path))?;
                all.revoked.extend(revoked(&text, &path)?);
            } else if matches!(extension, Some("der" | "cer" | "crt" | "pem")) {
                let stem = path.file_stem().and_then(|s| s.to_str());
                let Some(name) = stem.and_then(name_of) else {
                    return Err(CertificatesError::Name { path });
                };
                let bytes = std::fs::read(&path).map_err(read(&path))?;
                all.known.insert(name, certificate(&bytes, &path)?);
            }
        }
        Ok(all)
    }

    pub fn len(&self) -> usize {
        self.known.len()
    }

    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// What the seal is worth. The signature is looked at first: one that is wrong is forged
    /// whoever is trusted.
    pub fn judge(&self, seal: &Seal) -> Trust {
        let header = &seal.header;
        let name = (header.authority.clone(), header.certificate.clone());
        let Some(own) = self.known.get(&name) else {
            return if header.is_test() {
                Trust::Test
            } else {
                Trust::UnknownCertificate
            };
        };
        let key = UnparsedPublicKey::new(own.algorithm, &own.key);
        if key.verify(&seal.signed, &seal.signature).is_err() {
            return Trust::Forged;
        }
        if header.is_test() && !self.trust_tests {
            return Trust::Test;
        }
        if self.revoked.contains(&name) {
            return Trust::Revoked;
        }
        match header.signed {
            Some(day) if (own.first..=own.last).contains(&day) => Trust::Verified,
            _ => Trust::OutOfPeriod,
        }
    }
}

/// `FR03-0001`.
fn name_of(text: &str) -> Option<Name> {
    let (authority, certificate) = text.trim().split_once('-')?;
    let four = |t: &str| t.len() == 4 && t.bytes().all(|b| b.is_ascii_alphanumeric());
    (four(authority) && four(certificate)).then(|| {
        (
            authority.to_ascii_uppercase(),
            certificate.to_ascii_uppercase(),
        )
    })
}

fn revoked(text: &str, path: &Path) -> Result<Vec<Name>, CertificatesError> {
    (1..)
        .zip(text.lines())
        .filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#'))
        .map(|(line, text)| {
            name_of(text).ok_or_else(|| CertificatesError::Revoked {
                path: path.to_owned(),
                line,
            })
        })
        .collect()
}

fn certificate(bytes: &[u8], path: &Path) -> Result<Certificate, CertificatesError> {
    let wrong = || CertificatesError::Certificate {
        path: path.to_owned(),
    };
    let parsed = der::certificate(&der::unarmoured(bytes).ok_or_else(wrong)?).ok_or_else(wrong)?;
    let algorithm: &'static EcdsaVerificationAlgorithm = match parsed.curve.as_slice() {
        der::P256 => &ECDSA_P256_SHA256_FIXED,
        der::P384 => &ECDSA_P384_SHA384_FIXED,
        _ => {
            return Err(CertificatesError::Key {
                path: path.to_owned(),
            });
        }
    };
    Ok(Certificate {
        algorithm,
        key: parsed.key,
        first: parsed.first,
        last: parsed.last,
    })
}
