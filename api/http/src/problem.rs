//! What goes wrong, as `application/problem+json` (RFC 9457) with a stable code.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use idproof_database::DatabaseError;
use idproof_database::notices::rfc3339;
use idproof_domain::calendar::CalendarError;
use idproof_domain::case::InvalidStep;
use idproof_domain::confirm::CodeRefused;
use idproof_vault::VaultError;
use serde::Serialize;
use utoipa::ToSchema;

/// Declares the one table of codes: variant, code, HTTP status, meaning.
macro_rules! problem_codes {
    ($($variant:ident = $code:literal, $status:ident, $meaning:literal;)+) => {
        /// Why a request was not done. Codes are stable; pages and integrators branch on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $variant,)+
        }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable code.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            pub fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)+ }
            }

            /// What it means, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }
        }
    };
}

problem_codes! {
    MalformedJson = "malformed_json", BAD_REQUEST, "The body is not JSON.";
    BadRequest = "bad_request", BAD_REQUEST, "The request is not well-formed HTTP for this address.";
    CutOff = "cut_off", BAD_REQUEST, "The connection broke off before the body was complete. Nothing was stored; send it again.";
    Unauthorized = "unauthorized", UNAUTHORIZED, "No valid key or token came with the request. A token may have expired.";
    SignInRefused = "sign_in_refused", UNAUTHORIZED, "The sign-in was not taken: something in it is wrong, or the account is locked for a while.";
    StageWrong = "stage_wrong", FORBIDDEN, "The sign-in is not complete, or is already past this.";
    CsrfWrong = "csrf_wrong", FORBIDDEN, "The request did not come from the console's own pages, or with an old token.";
    RoleMissing = "role_missing", FORBIDDEN, "The account lacks the role that this needs.";
    MediaMasked = "media_masked", FORBIDDEN, "The picture or recording was not opened: that is logged first.";
    SamePerson = "same_person", FORBIDDEN, "Another person must approve: not the author, nor an account that one of the two gave out.";
    ScopeMissing = "scope_missing", FORBIDDEN, "The key lacks the scope that this needs.";
    NotFound = "not_found", NOT_FOUND, "There is nothing here that this key or token may see.";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "This address does not know the method.";
    TooSlow = "too_slow", REQUEST_TIMEOUT, "The body came too slowly. Nothing was stored; send it again.";
    InvalidState = "invalid_state", CONFLICT, "This is not possible where the case stands now.";
    ChangedMeanwhile = "changed_meanwhile", CONFLICT, "Somebody else changed this at the same time. Try again.";
    IdempotencyRunning = "idempotency_running", CONFLICT, "The first request under this Idempotency-Key is still at work. Try again shortly.";
    ConsentNeeded = "consent_needed", CONFLICT, "The applicant has not answered yet whether they consent.";
    ContactNeeded = "contact_needed", CONFLICT, "A contact that the service asks for is not confirmed.";
    DocumentMissing = "document_missing", CONFLICT, "A side of the document is not uploaded.";
    VideoMissing = "video_missing", CONFLICT, "The recording is not uploaded.";
    ChallengeVoid = "challenge_void", CONFLICT, "A later challenge has replaced this one. Draw a new one.";
    ChallengeForged = "challenge_forged", CONFLICT, "The challenge's token was not signed here, or is another challenge's. Draw a new one.";
    ChallengeExpired = "challenge_expired", CONFLICT, "The challenge has expired. Draw a new one.";
    ChallengeForeign = "challenge_foreign", CONFLICT, "The challenge is of another attempt. Draw a new one.";
    ChallengeUsed = "challenge_used", CONFLICT, "A recording answers the challenge already. Draw a new one.";
    ChunkDiffers = "chunk_differs", CONFLICT, "A chunk of this number with other content is stored already.";
    ChunksMissing = "chunks_missing", CONFLICT, "Not every chunk is there.";
    UploadClosed = "upload_closed", CONFLICT, "The upload is complete or discarded; it takes no more chunks.";
    AppealUsed = "appeal_used", CONFLICT, "The case was appealed once already.";
    MediaGone = "media_gone", CONFLICT, "The pictures are deleted; begin a new case.";
    LetterElsewhere = "letter_elsewhere", CONFLICT, "The letter is not opened here: it came on paper.";
    LetterLate = "letter_late", CONFLICT, "The time in which the letter could be accepted is over.";
    LetterNotOpened = "letter_not_opened", CONFLICT, "The letter shows its content only once it is accepted.";
    DeliveryRunning = "delivery_running", CONFLICT, "The delivery is still under way.";
    NotHeld = "not_held", CONFLICT, "You do not hold the case, or no longer.";
    HeldElsewhere = "held_elsewhere", CONFLICT, "The case is not to be had: somebody holds it, or it is not yours to judge.";
    HoldLimit = "hold_limit", CONFLICT, "You hold as many cases as one person may.";
    JudgementNeeded = "judgement_needed", CONFLICT, "Your own judgement of the faces is due first.";
    JudgementGiven = "judgement_given", CONFLICT, "You have judged these faces before.";
    DecisionPending = "decision_pending", CONFLICT, "A decision about the case can still be taken back.";
    UndoLate = "undo_late", CONFLICT, "The decision can no longer be taken back.";
    LastAdministrator = "last_administrator", CONFLICT, "Nobody could manage accounts any more.";
    PolicyState = "policy_state", CONFLICT, "This is not possible where the version of the policy stands now.";
    ClaimUnsupported = "claim_unsupported", CONFLICT, "The labelled data do not carry a claim that the version makes.";
    RangeWrong = "range_wrong", RANGE_NOT_SATISFIABLE, "The file has no such part.";
    LengthRequired = "length_required", LENGTH_REQUIRED, "The request must say its length (Content-Length).";
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, "The body is larger than allowed.";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body must be of the content type this address takes.";
    Invalid = "invalid", UNPROCESSABLE_ENTITY, "Something in the request is not acceptable; `errors` says what and where.";
    ConsentVersionOld = "consent_version_old", UNPROCESSABLE_ENTITY, "The text consented to is not the current one.";
    CodeWrong = "code_wrong", UNPROCESSABLE_ENTITY, "The code is wrong; `remaining` says how many tries are left.";
    CodeExpired = "code_expired", UNPROCESSABLE_ENTITY, "The code is too old, was used, or was never sent. Ask for a new one.";
    DigestMismatch = "digest_mismatch", UNPROCESSABLE_ENTITY, "The content does not have the digest that was announced. Nothing was stored.";
    SizeWrong = "size_wrong", UNPROCESSABLE_ENTITY, "The content does not have the size that was announced.";
    Empty = "empty", UNPROCESSABLE_ENTITY, "The file or chunk has no content.";
    NumberWrong = "number_wrong", UNPROCESSABLE_ENTITY, "This is not the number that the other device shows.";
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "The Idempotency-Key was used for another request.";
    AddressRefused = "address_refused", UNPROCESSABLE_ENTITY, "Webhooks are not sent to this address.";
    PasswordWeak = "password_weak", UNPROCESSABLE_ENTITY, "The password is too short, too long, or one that was given out.";
    SignInLocked = "sign_in_locked", TOO_MANY_REQUESTS, "Too many wrong tries; `until` says when to try again.";
    CodeLocked = "code_locked", TOO_MANY_REQUESTS, "Too many wrong codes; `until` says when to try again.";
    ResendTooSoon = "resend_too_soon", TOO_MANY_REQUESTS, "A code has just been sent; `until` says when the next one may be.";
    ResendLimit = "resend_limit", TOO_MANY_REQUESTS, "Too many codes were sent; `until` says when the next one may be.";
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests; see Retry-After.";
    TooManyUploads = "too_many_uploads", TOO_MANY_REQUESTS, "The case has used up its uploads for this attempt.";
    TooManyChallenges = "too_many_challenges", TOO_MANY_REQUESTS, "The case has used up its challenges for this attempt.";
    HeadersTooLarge = "headers_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are larger than allowed.";
    Internal = "internal", INTERNAL_SERVER_ERROR, "The service failed; the request id helps to find why.";
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "A part of the service cannot be reached. Try again shortly.";
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "The service has too much to do. Try again shortly.";
}

impl Code {
    /// Said to the console's pages alone.
    pub(crate) fn is_consoles(self) -> bool {
        matches!(
            self,
            Self::SignInRefused
                | Self::SignInLocked
                | Self::StageWrong
                | Self::CsrfWrong
                | Self::RoleMissing
                | Self::MediaMasked
                | Self::NotHeld
                | Self::HeldElsewhere
                | Self::HoldLimit
                | Self::JudgementNeeded
                | Self::JudgementGiven
                | Self::DecisionPending
                | Self::UndoLate
                | Self::LastAdministrator
                | Self::SamePerson
                | Self::PolicyState
                | Self::ClaimUnsupported
                | Self::RangeWrong
                | Self::PasswordWeak
        )
    }
}

/// One thing that is wrong with the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where, as a JSON pointer into the body (RFC 6901), or the name of a query parameter.
    #[schema(example = "/birth_date")]
    pub pointer: String,
    /// What, as a stable code.
    #[schema(example = "not_a_date")]
    pub code: Cow<'static, str>,
    /// What to do.
    pub detail: String,
}

impl FieldError {
    pub fn new(pointer: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.to_owned(),
            code: code.into(),
            detail: detail.into(),
        }
    }
}

/// A request that was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub code: Code,
    /// What is wrong here, beyond the code's meaning. Never holds a value of the request.
    pub detail: Option<String>,
    pub errors: Vec<FieldError>,
    /// Tries left.
    pub remaining: Option<u32>,
    /// When trying again makes sense, in milliseconds since 1970, and in how many seconds.
    pub until: Option<(i64, u64)>,
    pub retry_after_s: Option<u64>,
}

/// The body of every answer that is not a success.
#[derive(Serialize, ToSchema)]
pub struct ProblemBody {
    /// Where the code is explained, relative to the service.
    #[serde(rename = "type")]
    #[schema(example = "/docs#code_wrong")]
    pub type_: String,
    /// What the code means.
    pub title: &'static str,
    pub status: u16,
    /// What is wrong in this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The stable code.
    #[schema(example = "code_wrong")]
    pub code: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
    /// Tries left, with `code_wrong`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u32>,
    /// When trying again makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub until: Option<String>,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self {
            code,
            detail: None,
            errors: Vec::new(),
            remaining: None,
            until: None,
            retry_after_s: match code {
                Code::Unavailable | Code::Overloaded | Code::IdempotencyRunning => Some(2),
                _ => None,
            },
        }
    }
}

impl Problem {
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Something in the request is not acceptable.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Self {
            errors,
            ..Code::Invalid.into()
        }
    }

    /// One field is not acceptable.
    pub fn field(pointer: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(pointer, code, detail)])
    }

    /// Trying again makes sense at `until`, `now` being the present.
    pub fn until(mut self, until: i64, now: i64) -> Self {
        let wait = u64::try_from(until.saturating_sub(now).max(0)).unwrap_or(0);
        let seconds = wait.div_ceil(1_000).max(1);
        self.until = Some((until, seconds));
        self.retry_after_s = Some(seconds);
        self
    }

    /// The answer to a code that was not sent or not taken.
    pub fn of_code(refused: CodeRefused, now: i64) -> Self {
        let with = |code: Code, until| Self::from(code).until(until, now);
        match refused {
            CodeRefused::TooSoon { until } => with(Code::ResendTooSoon, until),
            CodeRefused::TooMany { until } => with(Code::ResendLimit, until),
            CodeRefused::Locked { until } => with(Code::CodeLocked, until),
            CodeRefused::Wrong { remaining } => Self {
                remaining: Some(remaining),
                ..Code::CodeWrong.into()
            },
            CodeRefused::Expired => Code::CodeExpired.into(),
        }
    }

    fn body(&self) -> ProblemBody {
        ProblemBody {
            type_: format!("/docs#{}", self.code.as_str()),
            title: self.code.meaning(),
            status: self.code.status().as_u16(),
            detail: self.detail.clone(),
            code: self.code.as_str(),
            errors: self.errors.clone(),
            remaining: self.remaining,
            until: self.until.map(|(ms, _)| rfc3339(ms)),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.body()).unwrap_or_default();
        let mut response = (self.code.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // For the log line and the metrics; not sent.
        response.extensions_mut().insert(self.code);
        response
    }
}

impl From<DatabaseError> for Problem {
    fn from(e: DatabaseError) -> Self {
        match e {
            DatabaseError::Step(step) => step.into(),
            DatabaseError::Stale(_) => Code::ChangedMeanwhile.into(),
            e if e.is_transient() => {
                tracing::warn!(error = %e, "the database is not there");
                Code::Unavailable.into()
            }
            e => {
                tracing::error!(error = %e, "a request failed in the database");
                Code::Internal.into()
            }
        }
    }
}

impl From<InvalidStep> for Problem {
    fn from(e: InvalidStep) -> Self {
        Self::from(Code::InvalidState).detail(e.to_string())
    }
}

impl From<CalendarError> for Problem {
    fn from(e: CalendarError) -> Self {
        tracing::error!(error = %e, "a deadline cannot be computed");
        Code::Internal.into()
    }
}

impl From<VaultError> for Problem {
    fn from(e: VaultError) -> Self {
        match e {
            VaultError::KeyGone(_) => Code::MediaGone.into(),
            e if e.is_transient() => {
                tracing::warn!(error = %e, "the media store is not there");
                Code::Unavailable.into()
            }
            e => {
                tracing::error!(error = %e, "a request failed in the media store");
                Code::Internal.into()
            }
        }
    }
}

/// A failure inside the service that no caller can help. The cause goes to the log alone.
pub fn internal(what: &'static str) -> Problem {
    tracing::error!(what, "a request failed");
    Code::Internal.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_no_success() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{code:?} twice");
            assert!(code.status().is_client_error() || code.status().is_server_error());
            assert!(code.meaning().ends_with('.'));
        }
    }

    #[test]
    fn the_wait_is_rounded_up_to_whole_seconds() {
        let problem = Problem::from(Code::CodeLocked).until(10_001, 9_000);
        assert_eq!(problem.retry_after_s, Some(2));
        let problem = Problem::from(Code::CodeLocked).until(5, 9_000);
        assert_eq!(problem.retry_after_s, Some(1));
    }

    #[tokio::test]
    async fn a_failure_inside_says_nothing_of_its_cause() {
        let error = DatabaseError::Refused("secret of the table".into());
        let response = Problem::from(error).into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(response.into_body(), 10_000).await;
        let text = String::from_utf8(body.unwrap().to_vec()).unwrap();
        assert!(text.contains("\"code\":\"internal\"") && !text.contains("secret"));
    }
}
