//! What the applicant declared beside what the document says, and what the capture page reported.

use idproof_database::Case;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::video::{Heard, Lips, Track};

#[derive(Serialize)]
pub(super) struct FieldView {
    name: &'static str,
    declared: Option<String>,
    zone: Option<String>,
    print: Option<String>,
    agrees: Option<bool>,
}

/// What the worker read and heard, kept encrypted beside the media and deleted with them.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Findings {
    zone: Map<String, Value>,
    print: Map<String, Value>,
    differs: Vec<String>,
    compared: Vec<String>,
    pub heard: Option<Vec<Heard>>,
    pub tracks: Option<Vec<Track>>,
    pub documents: Option<Vec<DocumentSide>>,
    pub lips: Option<Lips>,
}

type Corners = [[f64; 2]; 4];

/// A photograph of the document and what stands where on it; corners are shares of a picture's
/// width and height.
#[derive(Serialize, Deserialize)]
pub(super) struct DocumentSide {
    /// `front` or `back`.
    side: String,
    /// `outline`, `zone` or `none`.
    found: String,
    width_mm: Option<f64>,
    height_mm: Option<f64>,
    /// On the photograph; all others on the straightened picture.
    outline: Option<Corners>,
    zone: Vec<ZoneRow>,
    fields: Vec<PrintedField>,
    portrait: Option<Corners>,
}

#[derive(Serialize, Deserialize)]
struct ZoneRow {
    text: String,
    corners: Corners,
}

#[derive(Serialize, Deserialize)]
struct PrintedField {
    name: String,
    text: String,
    corners: Corners,
    /// With the zone; `null` where not compared.
    agrees: Option<bool>,
    differs_at: Vec<usize>,
}

#[derive(Serialize)]
pub(super) struct Fact {
    pub name: String,
    pub value: Value,
}

const FIELDS: [&str; 12] = [
    "birth_name",
    "usage_name",
    "first_names",
    "sex",
    "birth_date",
    "birth_place",
    "birth_country",
    "nationality",
    "document_number",
    "issue_date",
    "expiry_date",
    "postal_address",
];

fn plain(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Array(all) => {
            let all: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
            (!all.is_empty()).then(|| all.join(", "))
        }
        _ => None,
    }
}

pub(super) fn identity(case: &Case, findings: Option<&Findings>) -> Vec<FieldView> {
    let declared: Value = case
        .declared
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let view = |name: &'static str| {
        let compared = findings.filter(|f| f.compared.iter().any(|c| c == name));
        FieldView {
            name,
            declared: plain(declared.get(name)),
            zone: findings.and_then(|f| plain(f.zone.get(name))),
            print: findings.and_then(|f| plain(f.print.get(name))),
            agrees: compared.map(|f| !f.differs.iter().any(|d| d == name)),
        }
    };
    FIELDS.iter().map(|name| view(name)).collect()
}

/// Everything the page reported, flat: names joined by dots, values short.
pub(super) fn facts(value: &Value) -> Vec<Fact> {
    const MOST: usize = 80;
    fn walk(name: &str, value: &Value, into: &mut Vec<Fact>) {
        if into.len() >= MOST {
            return;
        }
        let inner = |key: &str| match name {
            "" => key.to_owned(),
            name => format!("{name}.{key}"),
        };
        match value {
            Value::Object(map) => map.iter().for_each(|(k, v)| walk(&inner(k), v, into)),
            Value::Array(all) => all
                .iter()
                .enumerate()
                .for_each(|(n, v)| walk(&inner(&n.to_string()), v, into)),
            Value::String(text) => into.push(Fact {
                name: name.chars().take(80).collect(),
                value: text.chars().take(200).collect::<String>().into(),
            }),
            other => into.push(Fact {
                name: name.chars().take(80).collect(),
                value: other.clone(),
            }),
        }
    }
    let mut all = Vec::new();
    walk("", value, &mut all);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_page_reports_is_laid_flat_and_cut() {
        let long = "x".repeat(1_000);
        let all = facts(&json!({ "camera": { "label": long, "width": 640 }, "times": [1, 2] }));
        let names: Vec<&str> = all.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(
            names,
            ["camera.label", "camera.width", "times.0", "times.1"]
        );
        assert_eq!(all[0].value.as_str().unwrap().len(), 200);
        let many: Vec<u32> = (0..1_000).collect();
        assert_eq!(facts(&json!(many)).len(), 80);
    }
}
