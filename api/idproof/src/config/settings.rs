//! Every setting as a flat list, read off the configuration's JSON Schema: what the environment
//! may override, and what the page and the example show.

use std::collections::BTreeMap;

use schemars::schema_for;
use serde_json::Value;

use super::{Config, ConfigError};

/// One setting.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    /// Sections and key: `["http", "listen"]`.
    pub path: Vec<String>,
    pub meaning: String,
    pub kind: Kind,
    /// What it is without being set; `None`: nothing, or a secret.
    pub default: Option<Value>,
    pub secret: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Truth,
    Integer,
    Number,
    /// In a variable: separated by commas.
    List,
    /// Tables: in the file alone.
    Tables,
}

impl Setting {
    /// The variable that overrides it.
    pub fn variable(&self) -> Option<String> {
        (self.kind != Kind::Tables)
            .then(|| format!("IDPROOF_{}", self.path.join("_")).to_uppercase())
    }
}

/// A section: its path and what it is about.
pub(super) struct Section {
    pub path: Vec<String>,
    pub about: String,
}

/// Every section and setting, in the order of the code.
pub(super) fn all() -> (Vec<Section>, Vec<Setting>) {
    let root: Value = schema_for!(Config).into();
    let mut walk = Walk {
        definitions: root["$defs"].clone(),
        sections: Vec::new(),
        settings: Vec::new(),
    };
    walk.table(&root, &[]);
    (walk.sections, walk.settings)
}

struct Walk {
    definitions: Value,
    sections: Vec<Section>,
    settings: Vec<Setting>,
}

impl Walk {
    fn resolve(&self, schema: &Value) -> Value {
        let mut schema = schema.clone();
        // A definition never refers to itself: configuration is a tree.
        while let Some(name) = schema["$ref"]
            .as_str()
            .and_then(|r| r.strip_prefix("#/$defs/"))
        {
            let mut whole = self.definitions[name].clone();
            if let (Some(whole), Some(own)) = (whole.as_object_mut(), schema.as_object()) {
                for (key, value) in own.iter().filter(|(key, _)| *key != "$ref") {
                    match (whole.get_mut(key), value) {
                        (Some(Value::Object(there)), Value::Object(more)) => {
                            there.extend(more.clone());
                        }
                        _ => {
                            whole.insert(key.clone(), value.clone());
                        }
                    }
                }
            }
            schema = whole;
        }
        schema
    }

    /// What an optional setting is when it is there.
    fn present(&self, schema: &Value) -> Value {
        let schema = self.resolve(schema);
        let Some(options) = schema["anyOf"].as_array() else {
            return schema;
        };
        let there = options.iter().find(|o| o["type"] != "null");
        let mut inner = there.map_or(Value::Null, |o| self.resolve(o));
        if let (Some(inner), Some(outer)) = (inner.as_object_mut(), schema.as_object()) {
            for key in ["description", "default"] {
                if let Some(value) = outer.get(key) {
                    inner.insert(key.into(), value.clone());
                }
            }
        }
        inner
    }

    fn table(&mut self, schema: &Value, path: &[String]) {
        if let Some(properties) = schema["properties"].as_object() {
            for (key, property) in properties {
                self.property(path, key, property);
            }
        }
        for variant in schema["oneOf"].as_array().into_iter().flatten() {
            let variant = described(self.resolve(variant));
            self.table(&variant, path);
        }
    }

    fn property(&mut self, path: &[String], key: &str, schema: &Value) {
        let schema = self.present(schema);
        let mut path = path.to_vec();
        path.push(key.to_owned());
        let meaning = text(&schema, "description");
        if is_table(&schema) {
            self.sections.push(Section {
                path: path.clone(),
                about: meaning,
            });
            return self.table(&schema, &path);
        }
        let kind = kind(&schema);
        if let Some(known) = self.settings.iter_mut().find(|s| s.path == path) {
            // The same key in another variant.
            if known.meaning.is_empty() {
                known.meaning = meaning;
            }
            if let Some(choice) = schema["const"].as_str() {
                known.meaning = format!("{} or `{choice}`", known.meaning);
            }
            return;
        }
        let meaning = match schema["const"].as_str() {
            Some(choice) => format!("`{choice}`"),
            None => meaning,
        };
        let default = schema.get("default").filter(|d| !d.is_null()).cloned();
        let secret = schema["writeOnly"] == Value::Bool(true);
        self.settings.push(Setting {
            path,
            meaning,
            kind,
            default: if secret { None } else { default },
            secret,
        });
    }
}

/// A variant that is one key: what the variant means is what the key means.
fn described(mut variant: Value) -> Value {
    let meaning = variant["description"].clone();
    if let Some(properties) = variant["properties"].as_object_mut()
        && properties.len() == 1
        && let Some(only) = properties
            .values_mut()
            .next()
            .and_then(Value::as_object_mut)
        && meaning.is_string()
    {
        only.entry("description").or_insert(meaning);
    }
    variant
}

fn text(schema: &Value, key: &str) -> String {
    let text = schema[key].as_str().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether it has keys of its own, or alternatives that do.
fn is_table(schema: &Value) -> bool {
    let alternatives = schema["oneOf"].as_array().into_iter().flatten();
    schema["properties"].is_object()
        || alternatives
            .into_iter()
            .any(|v| v["properties"].is_object() || v["$ref"].is_string())
}

fn kind(schema: &Value) -> Kind {
    let named = match &schema["type"] {
        Value::Array(all) => all.iter().find(|t| *t != "null").and_then(Value::as_str),
        other => other.as_str(),
    };
    match named {
        Some("boolean") => Kind::Truth,
        Some("integer") => Kind::Integer,
        Some("number") => Kind::Number,
        Some("array") if schema["items"]["type"] == "string" => Kind::List,
        Some("array") => Kind::Tables,
        _ => Kind::Text,
    }
}

/// Lays the variables over the file's table. Returns those that are no settings.
pub(super) fn overlay(
    table: &mut toml::Table,
    environment: &BTreeMap<String, String>,
) -> Result<Vec<String>, ConfigError> {
    let (_, settings) = all();
    let mut unknown = Vec::new();
    for (name, text) in environment {
        let setting = settings
            .iter()
            .find(|s| s.variable().as_deref() == Some(name));
        let Some(setting) = setting else {
            unknown.push(name.clone());
            continue;
        };
        let value = value(setting.kind, text).map_err(|problem| ConfigError::Variable {
            name: name.clone(),
            problem,
        })?;
        insert(table, &setting.path, value);
    }
    Ok(unknown)
}

fn value(kind: Kind, text: &str) -> Result<toml::Value, &'static str> {
    Ok(match kind {
        Kind::Truth => text
            .parse()
            .map(toml::Value::Boolean)
            .map_err(|_| "it must be true or false")?,
        Kind::Integer => text
            .parse()
            .map(toml::Value::Integer)
            .map_err(|_| "it must be a whole number")?,
        Kind::Number => text
            .parse()
            .map(toml::Value::Float)
            .map_err(|_| "it must be a number")?,
        Kind::List => {
            let parts = text.split(',').map(str::trim).filter(|p| !p.is_empty());
            toml::Value::Array(parts.map(|p| toml::Value::String(p.to_owned())).collect())
        }
        Kind::Text | Kind::Tables => toml::Value::String(text.to_owned()),
    })
}

/// A part of the path that is no table yet, or is none, becomes one.
fn insert(table: &mut toml::Table, path: &[String], value: toml::Value) {
    let Some((key, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        table.insert(key.clone(), value);
        return;
    }
    let empty = || toml::Value::Table(toml::Table::new());
    let inner = table.entry(key.clone()).or_insert_with(empty);
    if !inner.is_table() {
        *inner = empty();
    }
    if let Some(inner) = inner.as_table_mut() {
        insert(inner, rest, value);
    }
}
