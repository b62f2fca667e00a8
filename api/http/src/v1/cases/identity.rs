use axum::Json;
use axum::extract::State;
use idproof_database::Case;
use idproof_domain::case::Step;
use idproof_domain::document_kind::DocumentKind;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{StatusView, status_of};
use crate::auth::CaseAccess;
use crate::json;
use crate::problem::{FieldError, Problem};
use crate::service::Service;
use crate::v1::locked;
use crate::wire::document_type;

/// Who the applicant says they are, as the document says it.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    #[schema(schema_with = document_type)]
    document_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40)]
    civility: Option<String>,
    #[schema(min_length = 1, max_length = 100)]
    birth_name: String,
    /// The name in use, if another than the birth name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    usage_name: Option<String>,
    /// All of them, hyphens kept.
    #[schema(min_items = 1, max_items = 20)]
    first_names: Vec<String>,
    sex: Sex,
    #[schema(format = Date)]
    birth_date: String,
    #[schema(min_length = 1, max_length = 100)]
    birth_place: String,
    /// Three letters, as in the zone of a passport.
    #[schema(pattern = "^[A-Za-z]{1,3}$", example = "FRA")]
    birth_country: String,
    #[schema(pattern = "^[A-Za-z]{1,3}$", example = "FRA")]
    nationality: String,
    /// 5 to 20 letters and digits; spaces, dots and hyphens are left out.
    #[schema(min_length = 5, max_length = 30)]
    document_number: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    issue_date: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    expiry_date: Option<String>,
    /// Where a letter on paper reaches them: up to six lines below the name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 6)]
    postal_address: Vec<String>,
}

#[derive(Serialize, Deserialize, ToSchema, Clone, Copy)]
enum Sex {
    F,
    M,
    X,
}

impl Identity {
    /// What a case holds, for whoever may see it.
    pub(crate) fn of(case: &Case) -> Option<Self> {
        let mut declared: serde_json::Value =
            serde_json::from_str(case.declared.as_deref()?).ok()?;
        let object = declared.as_object_mut()?;
        object.insert("document_type".into(), case.document_type.clone()?.into());
        serde_json::from_value(declared).ok()
    }

    /// As it is stored: what `idproof_domain::declared::DeclaredIdentity` reads.
    fn stored(&self) -> Result<String, Problem> {
        let failed = || crate::problem::internal("an identity cannot be written");
        let mut value = serde_json::to_value(self).map_err(|_| failed())?;
        value
            .as_object_mut()
            .ok_or_else(failed)?
            .remove("document_type");
        Ok(value.to_string())
    }
}

/// The kind of that code, if the service takes it.
pub(super) fn accepted(service: &Service, code: &str) -> Option<DocumentKind> {
    let kind = code.parse().ok()?;
    service
        .parts
        .enrolment
        .documents
        .contains(&kind)
        .then_some(kind)
}

/// What is wrong with an identity, field by field.
struct Check {
    errors: Vec<FieldError>,
    today: Date,
}

impl Check {
    fn wrong(&mut self, pointer: &str, code: &'static str, detail: &str) {
        self.errors.push(FieldError::new(pointer, code, detail));
    }

    fn name(&mut self, pointer: &str, name: &mut String) {
        *name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        let allowed = |c: char| c.is_alphabetic() || is_mark(c) || " '’.-‐·".contains(c);
        if name.is_empty() || name.chars().count() > 100 {
            self.wrong(pointer, "length", "1 to 100 characters");
        } else if !name.chars().all(allowed) || !name.chars().any(char::is_alphabetic) {
            self.wrong(
                pointer,
                "not_a_name",
                "letters, spaces, hyphens and apostrophes",
            );
        }
    }

    fn place(&mut self, pointer: &str, place: &mut String) {
        *place = place.split_whitespace().collect::<Vec<_>>().join(" ");
        if place.is_empty() || place.chars().count() > 100 {
            self.wrong(pointer, "length", "1 to 100 characters");
        } else if place.chars().any(char::is_control) {
            self.wrong(pointer, "not_accepted", "no control characters");
        }
    }

    fn country(&mut self, pointer: &str, code: &mut String) {
        *code = code.trim().to_ascii_uppercase();
        if !(1..=3).contains(&code.len()) || !code.bytes().all(|b| b.is_ascii_uppercase()) {
            self.wrong(
                pointer,
                "not_a_country",
                "the three letters of a country, such as FRA",
            );
        }
    }

    fn day(&mut self, pointer: &str, text: &str) -> Option<Date> {
        let day = (text.len() == 10)
            .then(|| text.parse::<Date>().ok())
            .flatten()
            .filter(|day| day.year() >= 1900);
        if day.is_none() {
            self.wrong(pointer, "not_a_date", "a day written YYYY-MM-DD");
        }
        day
    }

    fn birth(&mut self, text: &str, minimum_age: u8) {
        let Some(day) = self.day("/birth_date", text) else {
            return;
        };
        if day > self.today {
            return self.wrong("/birth_date", "in_the_future", "a day that is past");
        }
        // Born on 29 February, one comes of age on 1 March.
        let age = self.today.year() - day.year();
        let had_birthday = (self.today.month(), self.today.day()) >= (day.month(), day.day());
        let age = if had_birthday { age } else { age - 1 };
        if age < i16::from(minimum_age) {
            self.wrong(
                "/birth_date",
                "underage",
                "the applicant is too young for this service",
            );
        }
    }

    fn number(&mut self, number: &mut String) {
        number.retain(|c| !c.is_whitespace() && !matches!(c, '.' | '-'));
        *number = number.to_uppercase();
        let ok =
            (5..=20).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric());
        if !ok {
            self.wrong(
                "/document_number",
                "not_accepted",
                "5 to 20 letters and digits",
            );
        }
    }

    fn dates(&mut self, issue: Option<&str>, expiry: Option<&str>) {
        let issue = issue.and_then(|text| self.day("/issue_date", text));
        let expiry = expiry.and_then(|text| self.day("/expiry_date", text));
        if issue.is_some_and(|day| day > self.today) {
            self.wrong("/issue_date", "in_the_future", "a day that is past");
        }
        if let (Some(issue), Some(expiry)) = (issue, expiry)
            && expiry < issue
        {
            self.wrong(
                "/expiry_date",
                "before_issue",
                "a day after the date of issue",
            );
        }
    }

    fn address(&mut self, lines: &mut [String]) {
        if lines.len() > 6 {
            self.wrong("/postal_address", "length", "at most six lines");
        }
        for (n, line) in lines.iter_mut().enumerate() {
            self.place(&format!("/postal_address/{n}"), line);
        }
    }
}

/// Combining marks, as some keyboards write accents.
fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

fn check(service: &Service, identity: &mut Identity) -> Result<DocumentKind, Problem> {
    let today = service.parts.calendar.day_of(service.now())?;
    let mut check = Check {
        errors: Vec::new(),
        today,
    };
    let kind = accepted(service, &identity.document_type);
    if kind.is_none() {
        check.wrong("/document_type", "not_accepted", "see /v1/policy/documents");
    }
    identity.usage_name.take_if(|n| n.trim().is_empty());
    identity.civility.take_if(|n| n.trim().is_empty());
    check.name("/birth_name", &mut identity.birth_name);
    if let Some(name) = &mut identity.usage_name {
        check.name("/usage_name", name);
    }
    if let Some(civility) = &mut identity.civility {
        check.name("/civility", civility);
    }
    if identity.first_names.is_empty() || identity.first_names.len() > 20 {
        check.wrong("/first_names", "length", "1 to 20 names");
    }
    for (n, name) in identity.first_names.iter_mut().enumerate() {
        check.name(&format!("/first_names/{n}"), name);
    }
    check.birth(&identity.birth_date, service.parts.enrolment.minimum_age);
    check.place("/birth_place", &mut identity.birth_place);
    check.country("/birth_country", &mut identity.birth_country);
    check.country("/nationality", &mut identity.nationality);
    check.number(&mut identity.document_number);
    check.dates(
        identity.issue_date.as_deref(),
        identity.expiry_date.as_deref(),
    );
    check.address(&mut identity.postal_address);
    match kind {
        Some(kind) if check.errors.is_empty() => Ok(kind),
        _ => Err(Problem::invalid(check.errors)),
    }
}

/// Declare the identity
///
/// May be declared anew until the case is handed in. Problems: `invalid`, `invalid_state`.
#[utoipa::path(put, path = "/v1/cases/{id}/identity", tag = "Cases", operation_id = "declareIdentity",
    params(("id" = String, Path, description = "The case")),
    request_body = Identity,
    responses((status = 200, body = StatusView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
    json::Json(mut identity): json::Json<Identity>,
) -> Result<Json<StatusView>, Problem> {
    let kind = check(&service, &mut identity)?;
    let mut tx = service.database().begin().await?;
    let mut case = locked(&mut tx, &access.case.id).await?;
    case.declared = Some(identity.stored()?);
    case.document_type = Some(kind.as_str().to_owned());
    let (now, random) = (service.now(), service.random());
    let step = Step::IdentityDeclared;
    tx.step_and_tell(&mut case, &step, &access.actor, now, random)
        .await?;
    tx.commit().await?;
    Ok(Json(status_of(&service, &case).await?))
}
