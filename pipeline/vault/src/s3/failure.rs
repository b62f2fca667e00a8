use s3::error::S3Error;

use crate::error::StoreError;

/// How a request ended badly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// There is no such object (the bucket is there).
    Missing,
    /// The condition for writing does not hold.
    Refused,
    /// The object has nothing at the place asked for.
    OutOfRange,
    Other {
        transient: bool,
        detail: String,
    },
}

impl Failure {
    pub fn other(detail: impl Into<String>) -> Self {
        Self::Other {
            transient: false,
            detail: detail.into(),
        }
    }

    fn transient(detail: impl Into<String>) -> Self {
        Self::Other {
            transient: true,
            detail: detail.into(),
        }
    }

    /// From the code that S3 names its errors by.
    pub fn of_code(code: &str) -> Self {
        const PASSING: [&str; 4] = [
            "InternalError",
            "ServiceUnavailable",
            "SlowDown",
            "RequestTimeout",
        ];
        let detail = format!("the server says {}", shown(code));
        if PASSING.contains(&code) {
            Self::transient(detail)
        } else {
            Self::other(detail)
        }
    }

    pub fn into_error(self, operation: &'static str) -> StoreError {
        match self {
            Self::Missing => StoreError::new(operation, "there is no such object"),
            Self::Refused => StoreError::new(operation, "the object is not as expected"),
            Self::OutOfRange => StoreError::new(operation, "the object is shorter"),
            Self::Other { transient, detail } => StoreError {
                operation,
                transient,
                detail,
            },
        }
    }

    fn of_status(status: u16, body: &str) -> Self {
        let code = code(body);
        match (status, code) {
            (404, "NoSuchKey") => Self::Missing,
            (412, _) => Self::Refused,
            (416, _) => Self::OutOfRange,
            // Conflict: somebody else was writing the same name.
            (408 | 409 | 425 | 429 | 500.., _) => {
                Self::transient(format!("the server answers {status} {}", shown(code)))
            }
            _ => Self::other(format!("the server answers {status} {}", shown(code))),
        }
    }
}

impl From<S3Error> for Failure {
    fn from(error: S3Error) -> Self {
        match error {
            S3Error::HttpFailWithBody(status, body) => Self::of_status(status, &body),
            S3Error::Reqwest(e) if e.is_builder() => Self::other("the request cannot be made"),
            S3Error::Reqwest(e) if e.is_timeout() => Self::transient("the server took too long"),
            S3Error::Reqwest(e) if e.is_connect() => {
                Self::transient("the server cannot be reached")
            }
            S3Error::Reqwest(_) => Self::transient("the connection broke"),
            S3Error::Io(e) => Self::Other {
                transient: true,
                detail: e.kind().to_string(),
            },
            _ => Self::other("the server's answer makes no sense"),
        }
    }
}

/// The code in an error's XML; nothing else of it is believed or shown.
fn code(body: &str) -> &str {
    body.split_once("<Code>")
        .and_then(|(_, rest)| rest.split_once("</Code>"))
        .map_or("", |(code, _)| code)
}

fn shown(code: &str) -> &str {
    let plain = code.len() <= 40 && code.bytes().all(|b| b.is_ascii_alphanumeric());
    if plain { code } else { "something else" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, code: &str) -> Failure {
        let body = format!("<Error><Code>{code}</Code><Key>k</Key></Error>");
        S3Error::HttpFailWithBody(status, body).into()
    }

    #[test]
    fn tells_what_is_missing_and_whether_waiting_helps() {
        assert_eq!(of(404, "NoSuchKey"), Failure::Missing);
        assert_eq!(of(412, "PreconditionFailed"), Failure::Refused);
        let transient = |failure| {
            matches!(
                failure,
                Failure::Other {
                    transient: true,
                    ..
                }
            )
        };
        for (status, code) in [
            (500, "InternalError"),
            (503, "SlowDown"),
            (429, ""),
            (409, ""),
        ] {
            assert!(transient(of(status, code)), "{status}");
        }
        for (status, code) in [
            (404, "NoSuchBucket"),
            (404, ""),
            (403, "AccessDenied"),
            (400, ""),
        ] {
            let failure = of(status, code);
            assert!(
                !transient(failure.clone()) && failure != Failure::Missing,
                "{status} {code}"
            );
        }
    }

    #[test]
    fn nothing_of_the_answer_but_a_plain_code_is_shown() {
        let error = of(400, "a\nforged log line").into_error("read");
        assert_eq!(
            error.to_string(),
            "cannot read: the server answers 400 something else"
        );
    }
}
