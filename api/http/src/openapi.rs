//! The description of the API, made from the code.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, OpenApi as Document, OpenApiBuilder, Ref, RefOr,
};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::problem::{Code, FieldError, ProblemBody};
use crate::service::Service;
use crate::{health, v1};

const DESCRIPTION: &str = "\
Remote identity proofing. An applicant opens a case, confirms their contacts, declares who they are, \
sends pictures of a document and a recording, and hands the case in; a verdict follows, then a \
registered letter with the activation code.

An integrator shows its key, an applicant the token of one case, both as `Authorization: Bearer …`. \
What a caller may not see looks as if it were not there. Every answer that is no success is an \
`application/problem+json` with a stable `code`; the table of codes is at `/docs`. An integrator's \
POST may carry an `Idempotency-Key`: within 24 hours its repetition gets the first answer. \
Times are RFC 3339 in UTC.";

/// Operations that ask for neither key nor token.
const PUBLIC: [&str; 6] = [
    "getService",
    "listDocumentTypes",
    "getQuality",
    "takeHandover",
    "getLive",
    "getReady",
];
/// Operations for integrators alone.
const KEYED: [&str; 2] = ["listCases", "createToken"];
/// Operations for applicants alone.
const HELD: [&str; 4] = [
    "getCurrentCase",
    "acceptLetter",
    "refuseLetter",
    "getLetterPdf",
];

/// Routes and their description, from one place.
pub(crate) fn described() -> (axum::Router<Service>, axum::Router<Service>, Document) {
    let (api, mut document) = OpenApiRouter::with_openapi(base())
        .merge(v1::router())
        .split_for_parts();
    let (operation, more) = OpenApiRouter::with_openapi(base())
        .merge(health::router())
        .split_for_parts();
    document.merge(more);
    complete(&mut document);
    (api, operation, document)
}

/// The description alone.
pub fn openapi() -> Document {
    described().2
}

fn base() -> Document {
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("idproof")
                .version("1")
                .description(Some(DESCRIPTION))
                .build(),
        )
        .build()
}

fn bearer(description: &str, format: &str) -> SecurityScheme {
    SecurityScheme::Http(
        HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format(format)
            .description(Some(description))
            .build(),
    )
}

/// What every operation has in common: who may call, and what a problem looks like.
fn complete(document: &mut Document) {
    let components = document.components.get_or_insert_with(Default::default);
    components.add_security_scheme(
        "key",
        bearer("An integrator's key", "idp_live_… or idp_test_…"),
    );
    components.add_security_scheme(
        "token",
        bearer("An applicant's continuation token", "idc_…"),
    );
    let mut problem = ProblemBody::schema();
    list_codes(&mut problem);
    components.schemas.insert("Problem".into(), problem);
    components
        .schemas
        .insert(FieldError::name().into(), FieldError::schema());
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            finish(operation);
        }
    }
}

/// The codes that a problem may have.
fn list_codes(problem: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::Object(object)) = problem
        && let Some(RefOr::T(Schema::Object(code))) = object.properties.get_mut("code")
    {
        let all = Code::ALL.iter().filter(|c| !c.is_consoles());
        let all = all.map(|c| c.as_str().into());
        code.enum_values = Some(all.collect());
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.post,
        &mut item.put,
        &mut item.patch,
        &mut item.delete,
    ]
    .into_iter()
    .filter_map(Option::as_mut)
}

fn finish(operation: &mut Operation) {
    let id = operation.operation_id.clone().unwrap_or_default();
    let nobody: [&str; 0] = [];
    let needs = |name: &str| SecurityRequirement::new(name, nobody);
    let tags = operation.tags.clone().unwrap_or_default();
    let keyed = KEYED.contains(&id.as_str()) || tags.iter().any(|t| t == "Webhooks");
    operation.security = Some(if PUBLIC.contains(&id.as_str()) {
        Vec::new()
    } else if keyed {
        vec![needs("key")]
    } else if HELD.contains(&id.as_str()) {
        vec![needs("token")]
    } else if id == "openCase" {
        vec![needs("key"), SecurityRequirement::default()]
    } else {
        vec![needs("token"), needs("key")]
    });
    operation
        .responses
        .responses
        .insert("default".into(), RefOr::T(problem_response()));
}

fn problem_response() -> Response {
    let schema = RefOr::Ref(Ref::from_schema_name("Problem"));
    ResponseBuilder::new()
        .description("Not done, and why")
        .content(
            "application/problem+json",
            ContentBuilder::new().schema(Some(schema)).build(),
        )
        .build()
}
