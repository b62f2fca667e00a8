//! Identifiers: a prefix that tells the kind, then 26 characters of Crockford's base 32 holding
//! 48 bits of time and 80 random ones (the ULID layout), so that ids sort by age and cannot be guessed.

use std::fmt;
use std::str::FromStr;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 26;

/// Not an id of the expected kind. Holds nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {0}…")]
pub struct IdError(pub &'static str);

fn encode(now_ms: i64, random: [u8; 10]) -> String {
    let time = u128::from(u64::try_from(now_ms).unwrap_or(0) & 0xffff_ffff_ffff);
    let low = random.iter().fold(0u128, |n, b| (n << 8) | u128::from(*b));
    let bits = (time << 80) | low;
    (0..LENGTH)
        .rev()
        .map(|i| char::from(ALPHABET[usize::try_from((bits >> (5 * i)) & 31).unwrap_or(0)]))
        .collect()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            pub fn new(now_ms: i64, random: [u8; 10]) -> Self {
                Self(format!("{}{}", $prefix, encode(now_ms, random)))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let tail = text.strip_prefix($prefix).ok_or(IdError($prefix))?;
                let ok = tail.len() == LENGTH && tail.bytes().all(|b| ALPHABET.contains(&b));
                ok.then(|| Self(text.to_owned())).ok_or(IdError($prefix))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

ids! {
    /// One applicant's case.
    CaseId = "case_";
    /// One file being uploaded.
    UploadId = "upl_";
    /// What the applicant is asked to do in one recording.
    ChallengeId = "chl_";
    /// An invitation to continue on another device.
    HandoverId = "hov_";
    /// A unit of work in the queue.
    JobId = "job_";
    /// Something that leaves: e-mail, SMS, webhook.
    MessageId = "msg_";
    /// A registered letter.
    LetterId = "let_";
    /// One judgement of a case, by machine or human.
    DecisionId = "dec_";
    /// An organisation that integrates the service.
    OrganisationId = "org_";
    /// An integrator's key.
    KeyId = "key_";
    /// An integrator's webhook address.
    EndpointId = "whe_";
    /// Somebody who works in the console.
    StaffId = "usr_";
    /// One sign-in of theirs.
    SessionId = "ses_";
    /// What one person decided about a case, before it takes effect.
    ReviewId = "rdc_";
    /// A picture that the worker made of a case's media.
    PictureId = "pic_";
    /// A version of the policy.
    PolicyId = "pol_";
    /// Scores with their truth.
    LabelledId = "lab_";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn another_kind_is_refused() {
        let id = CaseId::new(1, [7; 10]);
        assert!(id.as_str().parse::<UploadId>().is_err());
        assert!("case_".parse::<CaseId>().is_err());
        assert!(
            "case_../../../../etc/passwd000000"
                .parse::<CaseId>()
                .is_err()
        );
    }

    proptest! {
        #[test]
        fn round_trips_and_sorts_by_age(a in 0i64..1 << 47, b in 0i64..1 << 47, r: [u8; 10], s: [u8; 10]) {
            let (x, y) = (CaseId::new(a, r), CaseId::new(b, s));
            prop_assert_eq!(x.as_str().parse::<CaseId>(), Ok(x.clone()));
            if a < b { prop_assert!(x < y); }
        }
    }
}
