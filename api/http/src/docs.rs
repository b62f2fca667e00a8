//! The description as a page that people read. Made on the server, without a script, nothing from
//! elsewhere.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::Value;
use std::sync::Arc;

use crate::problem::{Code, Problem, internal};
use crate::service::Service;

#[derive(Template)]
#[template(path = "docs.html")]
struct Page {
    title: String,
    paragraphs: Vec<String>,
    groups: Vec<Group>,
    schemas: Vec<SchemaView>,
    codes: Vec<CodeView>,
}

struct Group {
    name: String,
    operations: Vec<OperationView>,
}

struct OperationView {
    id: String,
    method: String,
    path: String,
    summary: String,
    description: String,
    callers: String,
    parameters: Vec<FieldView>,
    request: Option<String>,
    answers: Vec<(String, String)>,
}

struct SchemaView {
    name: String,
    description: String,
    fields: Vec<FieldView>,
}

struct FieldView {
    name: String,
    kind: String,
    required: bool,
    description: String,
}

struct CodeView {
    code: &'static str,
    status: u16,
    meaning: &'static str,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What a schema is, in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        return name.to_owned();
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values.iter().map(text).collect();
        return values.join(" | ");
    }
    for some in ["oneOf", "anyOf", "allOf"] {
        if let Some(all) = schema[some].as_array() {
            let all: Vec<String> = all.iter().map(kind).collect();
            return all.join(" | ");
        }
    }
    let name = match &schema["type"] {
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(text).collect();
            all.join(" | ")
        }
        other => text(other),
    };
    match (name.as_str(), schema["format"].as_str()) {
        ("array", _) => format!("list of {}", kind(&schema["items"])),
        ("", _) => "anything".to_owned(),
        (_, Some(format)) => format!("{name} ({format})"),
        _ => name,
    }
}

fn fields(schema: &Value) -> Vec<FieldView> {
    let mut found = Vec::new();
    for part in ["allOf", "oneOf"] {
        for schema in schema[part].as_array().into_iter().flatten() {
            found.extend(fields(schema));
        }
    }
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        found.push(FieldView {
            required: required.contains(&name.as_str()),
            name: name.clone(),
            kind: kind(field),
            description: text(&field["description"]),
        });
    }
    found
}

fn operation(method: &str, path: &str, operation: &Value) -> OperationView {
    let callers: Vec<String> = operation["security"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|s| match s.as_object().and_then(|s| s.keys().next()) {
            Some(scheme) => scheme.clone(),
            None => "nobody".to_owned(),
        })
        .collect();
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let body = operation["requestBody"]["content"].as_object();
    let answers = operation["responses"].as_object().into_iter().flatten();
    OperationView {
        id: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: text(&operation["description"]),
        callers: if callers.is_empty() {
            "anybody".to_owned()
        } else {
            callers.join(" or ").replace("nobody", "without")
        },
        parameters: parameters
            .map(|p| FieldView {
                name: text(&p["name"]),
                kind: kind(&p["schema"]),
                required: p["required"].as_bool().unwrap_or(false),
                description: text(&p["description"]),
            })
            .collect(),
        request: body
            .and_then(|c| c.values().next())
            .map(|c| kind(&c["schema"])),
        answers: answers
            .filter(|(status, _)| *status != "default")
            .map(|(status, answer)| {
                let content = answer["content"].as_object();
                let schema = content.and_then(|c| c.values().next());
                (
                    status.clone(),
                    schema.map(|c| kind(&c["schema"])).unwrap_or_default(),
                )
            })
            .collect(),
    }
}

impl Page {
    fn of(document: &Value) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, described) in item.as_object().into_iter().flatten() {
                let tag = text(&described["tags"][0]);
                let view = operation(method, path, described);
                match groups.iter_mut().find(|g| g.name == tag) {
                    Some(group) => group.operations.push(view),
                    None => groups.push(Group {
                        name: tag,
                        operations: vec![view],
                    }),
                }
            }
        }
        let schemas = document["components"]["schemas"].as_object();
        Self {
            title: text(&document["info"]["title"]),
            paragraphs: text(&document["info"]["description"])
                .split("\n\n")
                .map(str::to_owned)
                .collect(),
            groups,
            schemas: schemas
                .into_iter()
                .flatten()
                .map(|(name, schema)| SchemaView {
                    name: name.clone(),
                    description: match schema["enum"] {
                        Value::Null => text(&schema["description"]),
                        _ => format!("{} {}", text(&schema["description"]), kind(schema)),
                    },
                    fields: fields(schema),
                })
                .collect(),
            codes: Code::ALL
                .iter()
                .map(|c| CodeView {
                    code: c.as_str(),
                    status: c.status().as_u16(),
                    meaning: c.meaning(),
                })
                .collect(),
        }
    }
}

const STYLE: &str = include_str!("../templates/docs.css");
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const HOUR: &str = "public, max-age=3600";

/// `/openapi.json`, `/docs` and its style, from a description made once.
pub(crate) fn router(document: &utoipa::openapi::OpenApi) -> Router<Service> {
    let document = serde_json::to_value(document).unwrap_or_default();
    let page = Arc::new(Page::of(&document).render());
    let document = Arc::new(document);
    let show = move |State(_): State<Service>| {
        let page = Arc::clone(&page);
        async move {
            match &*page {
                Ok(html) => html_page(html.clone()),
                Err(_) => internal("the page of the API cannot be made").into_response(),
            }
        }
    };
    let json = move || {
        let document = Arc::clone(&document);
        async move { Json((*document).clone()) }
    };
    let style = [
        (CONTENT_TYPE, "text/css; charset=utf-8"),
        (CACHE_CONTROL, HOUR),
    ];
    Router::new()
        .route("/openapi.json", get(json))
        .route("/docs", get(show))
        .route(
            "/docs/style.css",
            get(move || async move { (style, STYLE) }),
        )
}

fn html_page(html: String) -> Response {
    let headers: [(HeaderName, &str); 3] = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, HOUR),
    ];
    (headers, html).into_response()
}

pub(crate) async fn method_not_allowed() -> Problem {
    Code::MethodNotAllowed.into()
}
