use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
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
pub struct PhoneBody {
    /// With `+` and the country's prefix, or as in the service's own country.
    #[schema(example = "+33612345678", max_length = 40)]
    number: String,
}

/// A number in the form of E.164: `+` and 8 to 15 digits.
fn check(text: &str, national_prefix: &str) -> Result<String, Problem> {
    let wrong = || {
        let detail = "a number with + and the country's prefix, such as +33612345678";
        Problem::field("/number", "not_a_number", detail)
    };
    let kept: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '.' | '-' | '(' | ')' | '/'))
        .collect();
    let number = if let Some(rest) = kept.strip_prefix("00") {
        format!("+{rest}")
    } else if let (Some(rest), false) = (kept.strip_prefix('0'), national_prefix.is_empty()) {
        format!("{national_prefix}{rest}")
    } else {
        kept
    };
    let digits = number.strip_prefix('+').ok_or_else(wrong)?;
    let ok = (8..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0');
    if ok { Ok(number) } else { Err(wrong()) }
}

/// Send a code by SMS
///
/// Again to send it once more: after 30 seconds, five times an hour. Another number takes the
/// place of the last once its code is entered. Problems: `resend_too_soon`, `resend_limit`,
/// `code_locked`, each with `until`; `invalid_state`.
#[utoipa::path(post, path = "/v1/cases/{id}/phone", tag = "Contacts", operation_id = "sendPhoneCode",
    params(("id" = String, Path, description = "The case")),
    request_body = PhoneBody,
    responses((status = 202, body = CodeSent)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
    json::Json(body): json::Json<PhoneBody>,
) -> Result<(StatusCode, Json<CodeSent>), Problem> {
    let number = check(&body.number, &service.parts.enrolment.national_prefix)?;
    let sent = send(&service, &access, CodePurpose::Phone, number).await?;
    Ok((StatusCode::ACCEPTED, Json(sent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_brought_to_one_form() {
        for text in [
            "+33612345678",
            "06 12 34 56 78",
            "0033 6 12.34.56.78",
            "+33 (6) 12-34-56-78",
        ] {
            assert_eq!(check(text, "+33").unwrap(), "+33612345678", "{text}");
        }
        assert!(check("0612345678", "").is_err());
        for bad in [
            "",
            "+",
            "612345678",
            "+33",
            "+0612345678",
            "+3361234567890123",
            "+33６12345678",
            "06123abc78",
        ] {
            assert!(check(bad, "+33").is_err(), "{bad}");
        }
    }
}
