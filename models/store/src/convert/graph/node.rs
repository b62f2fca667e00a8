//! One node of a TensorFlow.js graph and its attributes.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value as Json;

use super::super::ConvertError;
use super::super::filter::Padding;

/// A node as the JSON has it.
#[derive(Debug, Deserialize)]
pub struct Node {
    pub name: String,
    pub op: String,
    #[serde(default)]
    pub input: Vec<String>,
    #[serde(default)]
    attr: BTreeMap<String, Json>,
}

impl Node {
    /// An error about this node.
    pub fn problem(&self, why: &str) -> ConvertError {
        ConvertError::Graph(format!("node {} ({}): {why}", self.name, self.op))
    }

    /// The sizes of the attribute `shape`; -1 is unknown.
    pub fn shape(&self) -> Result<Vec<i64>, ConvertError> {
        self.attr
            .get("shape")
            .and_then(|attr| attr.pointer("/shape/dim"))
            .and_then(Json::as_array)
            .and_then(|dims| dims.iter().map(|dim| integer(&dim["size"])).collect())
            .ok_or_else(|| self.problem("it has no shape"))
    }

    /// Height and width of a list of four in the order batch, height, width, channels.
    pub fn window(&self, name: &str) -> Result<(usize, usize), ConvertError> {
        let list: Option<Vec<i64>> = self
            .attr
            .get(name)
            .and_then(|attr| attr.pointer("/list/i"))
            .and_then(Json::as_array)
            .and_then(|list| list.iter().map(integer).collect());
        match list.as_deref() {
            Some([1, height, width, 1]) if *height > 0 && *width > 0 => {
                Ok((*height as usize, *width as usize))
            }
            _ => Err(self.problem(&format!("{name} is not [1, height, width, 1]"))),
        }
    }

    /// `SAME` or `VALID`.
    pub fn padding(&self) -> Result<Padding, ConvertError> {
        match self.text("padding").as_deref() {
            Some("SAME") => Ok(Padding::Same),
            Some("VALID") => Ok(Padding::Valid),
            other => Err(self.problem(&format!("padding is {other:?}"))),
        }
    }

    /// Refuses a layout other than channels-last and dilated convolutions.
    pub fn check_plain(&self) -> Result<(), ConvertError> {
        let layout = self
            .text("data_format")
            .unwrap_or_else(|| "NHWC".to_owned());
        if layout != "NHWC" {
            return Err(self.problem(&format!("data_format is {layout}")));
        }
        if self.attr.contains_key("dilations") && self.window("dilations")? != (1, 1) {
            return Err(self.problem("it is dilated"));
        }
        Ok(())
    }

    /// What is fused into a convolution, in order (`BiasAdd`, `Relu`, `Prelu`, ...).
    pub fn fused(&self) -> Result<Vec<String>, ConvertError> {
        let Some(list) = self
            .attr
            .get("fused_ops")
            .and_then(|attr| attr.pointer("/list/s"))
            .and_then(Json::as_array)
        else {
            return Ok(Vec::new());
        };
        list.iter()
            .map(|item| {
                item.as_str()
                    .and_then(text)
                    .ok_or_else(|| self.problem("fused_ops cannot be read"))
            })
            .collect()
    }

    fn text(&self, name: &str) -> Option<String> {
        self.attr
            .get(name)
            .and_then(|attr| attr["s"].as_str())
            .and_then(text)
    }
}

/// Integers are strings in this JSON; numbers are taken too.
fn integer(json: &Json) -> Option<i64> {
    match json {
        Json::String(text) => text.parse().ok(),
        other => other.as_i64(),
    }
}

/// Strings are base64.
fn text(encoded: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
}
