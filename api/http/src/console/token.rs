//! Signed tokens of an OpenID provider: JSON Web Signature, compact (RFC 7515, 7518), by a key that
//! the provider publishes (RFC 7517). What is not signed, or with a shared secret, is not taken.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde::Deserialize;

/// The keys that a provider publishes.
#[derive(Deserialize)]
pub(super) struct Keys {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    /// What it is for: `sig`, or nothing said.
    #[serde(default, rename = "use")]
    use_: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    /// Extensions that must be understood; none is.
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

fn bytes(text: Option<&String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}

fn rsa(alg: &str) -> Option<&'static RsaParameters> {
    match alg {
        "RS256" => Some(&RSA_PKCS1_2048_8192_SHA256),
        "RS384" => Some(&RSA_PKCS1_2048_8192_SHA384),
        "RS512" => Some(&RSA_PKCS1_2048_8192_SHA512),
        "PS256" => Some(&RSA_PSS_2048_8192_SHA256),
        _ => None,
    }
}

impl Key {
    /// Whether it is of the algorithm's kind and has made the signature.
    fn has_signed(&self, alg: &str, message: &[u8], signature: &[u8]) -> bool {
        let curve = self.crv.as_deref().unwrap_or("");
        let signed = match (alg, self.kty.as_str(), curve) {
            (alg, "RSA", _) => rsa(alg).and_then(|parameters| {
                let n = bytes(self.n.as_ref())?;
                let e = bytes(self.e.as_ref())?;
                let key = RsaPublicKeyComponents { n, e };
                key.verify(parameters, message, signature).ok()
            }),
            ("ES256", "EC", "P-256") => bytes(self.x.as_ref()).and_then(|x| {
                let point = [vec![4], x, bytes(self.y.as_ref())?].concat();
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                key.verify(message, signature).ok()
            }),
            ("EdDSA", "OKP", "Ed25519") => bytes(self.x.as_ref()).and_then(|x| {
                let key = UnparsedPublicKey::new(&ED25519, x);
                key.verify(message, signature).ok()
            }),
            _ => None,
        };
        signed.is_some()
    }
}

/// What a token says, if one of these keys has signed it.
pub(super) fn claims(token: &str, keys: &Keys) -> Result<Vec<u8>, &'static str> {
    const FORM: &str = "its form is not that of the standard";
    let (signed, signature) = token.rsplit_once('.').ok_or(FORM)?;
    let (header, payload) = signed.split_once('.').ok_or(FORM)?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| FORM);
    let (signature, payload) = (decode(signature)?, decode(payload)?);
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| FORM)?;
    if header.crit.is_some() {
        return Err("it asks for more than is understood here");
    }
    let fits = |key: &&Key| {
        let named = match (&header.kid, &key.kid) {
            (Some(wanted), Some(id)) => wanted == id,
            _ => true,
        };
        named && key.use_.as_deref().is_none_or(|u| u == "sig")
    };
    let mut fitting = keys.keys.iter().filter(fits);
    if fitting.any(|key| key.has_signed(&header.alg, signed.as_bytes(), &signature)) {
        return Ok(payload);
    }
    Err("no key of the provider has signed it")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.4; RFC 7515, appendix A.3.
    #[test]
    fn signatures_of_the_standards_are_taken_and_others_are_not() {
        let ed25519 = (
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
             hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        );
        let es256 = (
            r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
            "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
             DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        );
        for (key, token) in [ed25519, es256] {
            let keys: Keys = serde_json::from_str(&format!(r#"{{"keys":[{key}]}}"#)).unwrap();
            assert!(claims(token, &keys).is_ok(), "{key}");
            let middle = token.find('.').unwrap() + 3;
            let mut forged = token.to_owned();
            forged.replace_range(middle..middle + 1, "z");
            assert!(claims(&forged, &keys).is_err());
            let none: Keys = serde_json::from_str(r#"{"keys":[]}"#).unwrap();
            assert!(claims(token, &none).is_err());
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let keys: Keys = serde_json::from_str(r#"{"keys":[]}"#).unwrap();
        for text in [
            "",
            ".",
            "..",
            "a.b",
            "a.b.c",
            "e30.e30.",
            "eyJhbGciOiJub25lIn0.e30.",
        ] {
            assert!(claims(text, &keys).is_err(), "{text}");
        }
    }
}
