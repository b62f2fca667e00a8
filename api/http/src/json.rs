//! Request bodies in JSON: bounded in size and time, errors that say where.

use std::time::Duration;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use crate::problem::{Code, FieldError, Problem};
use crate::service::Service;

/// A JSON body.
pub(crate) struct Json<T>(pub T);

/// A JSON body that may be missing.
pub(crate) struct OptionalJson<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Service> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, service: &Service) -> Result<Self, Problem> {
        let is_json = is_json(request.headers());
        let bytes = read(request.into_body(), service).await?;
        if !is_json {
            return Err(Problem::from(Code::UnsupportedMediaType)
                .detail("Content-Type must be application/json"));
        }
        parse(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned + Default> FromRequest<Service> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, service: &Service) -> Result<Self, Problem> {
        let is_json = is_json(request.headers());
        let bytes = read(request.into_body(), service).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        if !is_json {
            return Err(Problem::from(Code::UnsupportedMediaType)
                .detail("Content-Type must be application/json"));
        }
        parse(&bytes).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.split(';').next())
        .is_some_and(|v| v.trim().eq_ignore_ascii_case("application/json"))
}

/// Reads a whole body: as large as JSON may be, in the time it may take.
pub(crate) async fn read(body: Body, service: &Service) -> Result<Bytes, Problem> {
    let most = service.parts.limits.json_bytes;
    if body.size_hint().lower() > most as u64 {
        return Err(too_large(most as u64));
    }
    let limit = Duration::from_secs(service.parts.http.body_timeout_s);
    let read = tokio::time::timeout(limit, to_bytes(body, most)).await;
    read.map_err(|_| Problem::from(Code::TooSlow))?
        .map_err(|e| reading_failed(&e, most as u64))
}

fn reading_failed(error: &axum::Error, most: u64) -> Problem {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(e) = cause {
        if e.is::<http_body_util::LengthLimitError>() {
            return too_large(most);
        }
        cause = e.source();
    }
    Code::CutOff.into()
}

pub(crate) fn too_large(most: u64) -> Problem {
    Problem::from(Code::TooLarge).detail(format!("at most {most} bytes are taken here"))
}

/// Parses a body. What a field held is never repeated, only what it must hold.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|e| {
        let pointer = pointer(e.path());
        let cause = e.into_inner();
        if cause.classify() == serde_json::error::Category::Data {
            Problem::invalid(vec![FieldError::new(
                &pointer,
                "not_accepted",
                expected(&cause),
            )])
        } else {
            let (line, column) = (cause.line(), cause.column());
            Problem::from(Code::MalformedJson)
                .detail(format!("not JSON at line {line}, column {column}"))
        }
    })?;
    reader.end().map_err(|e| {
        Problem::from(Code::MalformedJson).detail(format!(
            "something follows the JSON at line {}, column {}",
            e.line(),
            e.column()
        ))
    })?;
    // A list of the fields' values in their order would pass for an object.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::field("", "not_accepted", "expected an object"));
    }
    Ok(value)
}

/// An object inside another, for the same reason.
pub(crate) fn object<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    let fields = Option::<serde_json::Map<String, serde_json::Value>>::deserialize(from)?;
    fields
        .map(|fields| T::deserialize(serde_json::Value::Object(fields)))
        .transpose()
        .map_err(D::Error::custom)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => format!("/{variant}"),
            Segment::Unknown => String::new(),
        })
        .collect()
}

/// What serde expected, without what it found.
fn expected(e: &serde_json::Error) -> String {
    let text = e.to_string();
    let text = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(t, _)| t);
    if text.starts_with("missing field") {
        return text.to_owned();
    }
    // The last one: what stands before it may hold what was sent.
    match text.rsplit_once("expected ") {
        Some((_, wanted)) => format!("expected {wanted}"),
        None => "not of the form that is taken here".to_owned(),
    }
}

/// Whether a request of this method is about to change something.
pub(crate) fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[expect(dead_code, reason = "only its parsing is looked at")]
        names: Vec<String>,
        #[expect(dead_code, reason = "only its parsing is looked at")]
        count: u8,
    }

    #[test]
    fn errors_say_where_and_what_is_expected_but_not_what_was_sent() {
        for (text, pointer, detail) in [
            (
                r#"{"names":["Ada",7],"count":1}"#,
                "/names/1",
                "expected a string",
            ),
            (
                r#"{"names":[],"count":"Lovelace"}"#,
                "/count",
                "expected u8",
            ),
            (r#"{"names":[],"count":777}"#, "/count", "expected u8"),
            (r#"{"names":[]}"#, "", "missing field `count`"),
            (
                r#"{"names":[],"count":"expected Lovelace"}"#,
                "/count",
                "expected u8",
            ),
            (
                r#"{"names":[],"count":1,"Ada":1}"#,
                "/Ada",
                "expected `names` or `count`",
            ),
        ] {
            let problem = parse::<Body>(text.as_bytes()).unwrap_err();
            assert_eq!(problem.code, Code::Invalid, "{text}");
            assert_eq!(problem.errors[0].pointer, pointer, "{text}");
            assert_eq!(problem.errors[0].detail, detail, "{text}");
        }
    }

    #[test]
    fn a_list_of_values_is_no_object() {
        for text in [r#"[["Ada"],1]"#, " [[],0]", "null", "7"] {
            let problem = parse::<Body>(text.as_bytes()).unwrap_err();
            assert_eq!(problem.code, Code::Invalid, "{text}");
        }
    }

    #[test]
    fn what_is_not_json_is_named_by_its_place() {
        for text in ["", "{", "{}x", "[", "nul", "{\"a\":1}}"] {
            let problem = parse::<serde_json::Value>(text.as_bytes()).unwrap_err();
            assert_eq!(problem.code, Code::MalformedJson, "{text}");
        }
        // Nested beyond what any request needs.
        let bomb = "[".repeat(100_000);
        let problem = parse::<serde_json::Value>(bomb.as_bytes()).unwrap_err();
        assert_eq!(problem.code, Code::MalformedJson);
    }
}
