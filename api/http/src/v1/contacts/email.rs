use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use email_address::{EmailAddress, Options};
use idproof_domain::confirm::CodePurpose;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{CodeSent, send};
use crate::auth::CaseAccess;
use crate::json;
use crate::problem::Problem;
use crate::service::Service;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailBody {
    #[schema(example = "ada@example.org", max_length = 254)]
    address: String,
}

/// An address that mail can be sent to: one mailbox, a domain with a dot, no display name.
fn check(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    let options = Options::default()
        .with_required_tld()
        .without_domain_literal()
        .without_display_text();
    let plain = text.len() <= 254
        && !text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '"');
    let parsed = EmailAddress::parse_with_options(text, options);
    match parsed {
        Ok(address) if plain => {
            let domain = address.domain().to_lowercase();
            Ok(format!("{}@{domain}", address.local_part()))
        }
        _ => Err(Problem::field(
            "/address",
            "not_an_address",
            "an e-mail address",
        )),
    }
}

/// Send a code by e-mail
///
/// Again to send it once more: after 30 seconds, five times an hour. Another address takes the
/// place of the last once its code is entered. Problems: `resend_too_soon`, `resend_limit`,
/// `code_locked`, each with `until`; `invalid_state`.
#[utoipa::path(post, path = "/v1/cases/{id}/email", tag = "Contacts", operation_id = "sendEmailCode",
    params(("id" = String, Path, description = "The case")),
    request_body = EmailBody,
    responses((status = 202, body = CodeSent)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
    json::Json(body): json::Json<EmailBody>,
) -> Result<(StatusCode, Json<CodeSent>), Problem> {
    let address = check(&body.address)?;
    let sent = send(&service, &access, CodePurpose::Email, address).await?;
    Ok((StatusCode::ACCEPTED, Json(sent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_that_mail_reaches() {
        assert_eq!(check(" Ada@Example.ORG ").unwrap(), "Ada@example.org");
        assert!(check("ada.lovelace+id@sub.example.org").is_ok());
        for bad in [
            "",
            "ada",
            "ada@",
            "@example.org",
            "ada@localhost",
            "ada@[127.0.0.1]",
            "a b@example.org",
            "Ada <ada@example.org>",
            "ada@example.org\r\nBcc: eve@example.org",
            "\"a b\"@example.org",
            "ada@exa mple.org",
            "ada@example..org",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(check(&format!("{}@example.org", "a".repeat(300))).is_err());
    }
}
