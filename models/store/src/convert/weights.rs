//! TensorFlow.js weights: a JSON manifest beside one binary file.
//!
//! Values are float32 or int32, plain or quantised: uint8/uint16 with `scale` and `min`
//! (value = q x scale + min), or float16. They come out as float32 or int32 in the shape and
//! the order of the manifest (channels last).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ConvertError;

/// One named tensor. `values.len()` is the product of `shape` (1 for a scalar).
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    pub shape: Vec<usize>,
    pub values: Values,
}

/// The numbers of a tensor, row-major.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    F32(Vec<f32>),
    I32(Vec<i32>),
}

/// All tensors of a network by name.
#[derive(Debug, Default)]
pub struct Weights(BTreeMap<String, Weight>);

/// A group of the manifest: files and the tensors that lie in them, one after another.
#[derive(Debug, Deserialize)]
pub struct Group {
    pub weights: Vec<Entry>,
}

/// One tensor as the manifest describes it.
#[derive(Debug, Deserialize)]
pub struct Entry {
    pub name: String,
    pub shape: Vec<usize>,
    pub dtype: String,
    #[serde(default)]
    pub quantization: Option<Quantization>,
}

/// How a tensor's values are stored.
#[derive(Debug, Deserialize)]
pub struct Quantization {
    pub dtype: String,
    #[serde(default)]
    pub scale: Option<f64>,
    #[serde(default)]
    pub min: Option<f64>,
}

impl Weights {
    /// Reads the tensors of `groups` from `binary`, in order.
    ///
    /// # Errors
    /// When a type is unknown or the binary is shorter or longer than the manifest says.
    pub fn decode(groups: &[Group], binary: &[u8]) -> Result<Self, ConvertError> {
        let mut weights = BTreeMap::new();
        let mut rest = binary;
        for entry in groups.iter().flat_map(|group| &group.weights) {
            let (weight, after) = decode_one(entry, rest)?;
            rest = after;
            weights.insert(entry.name.clone(), weight);
        }
        if rest.is_empty() {
            Ok(Self(weights))
        } else {
            Err(ConvertError::Weights(format!(
                "{} bytes are left over after the last tensor",
                rest.len()
            )))
        }
    }

    /// The tensor called `name`.
    pub fn get(&self, name: &str) -> Option<&Weight> {
        self.0.get(name)
    }

    /// The float32 values of `name`, whose shape must be `shape`.
    ///
    /// # Errors
    /// When there is no such tensor, or it is of another type or shape.
    pub fn floats(&self, name: &str, shape: &[usize]) -> Result<&[f32], ConvertError> {
        let weight = self
            .get(name)
            .ok_or_else(|| ConvertError::Weights(format!("there is no tensor {name}")))?;
        match &weight.values {
            Values::F32(values) if weight.shape == shape => Ok(values),
            Values::F32(_) => Err(ConvertError::Weights(format!(
                "{name} has the shape {:?}, not {shape:?}",
                weight.shape
            ))),
            Values::I32(_) => Err(ConvertError::Weights(format!("{name} is not float32"))),
        }
    }
}

/// One tensor from the start of `bytes`, and the bytes after it.
fn decode_one<'a>(entry: &Entry, bytes: &'a [u8]) -> Result<(Weight, &'a [u8]), ConvertError> {
    let count = entry
        .shape
        .iter()
        .try_fold(1_usize, |product, dim| product.checked_mul(*dim))
        .ok_or_else(|| unreadable(entry, "its shape is too large"))?;
    let stored = entry
        .quantization
        .as_ref()
        .map_or(entry.dtype.as_str(), |quantization| &quantization.dtype);
    let width = match stored {
        "float32" | "int32" => 4,
        "float16" | "uint16" => 2,
        "uint8" => 1,
        other => return Err(unreadable(entry, &format!("unknown type {other}"))),
    };
    let length = count
        .checked_mul(width)
        .ok_or_else(|| unreadable(entry, "its shape is too large"))?;
    let (own, rest) = bytes
        .split_at_checked(length)
        .ok_or_else(|| unreadable(entry, "the binary file ends before it"))?;
    let values = match (entry.dtype.as_str(), stored) {
        ("float32", "float32") => Values::F32(words(own).map(f32::from_le_bytes).collect()),
        ("int32", "int32") => Values::I32(words(own).map(i32::from_le_bytes).collect()),
        ("float32", "float16") => Values::F32(halves(own).map(half_to_single).collect()),
        ("float32", "uint8" | "uint16") => {
            let (scale, min) = affine(entry)?;
            // In double precision and rounded once, as the original reader does.
            let value = |q: u16| (f64::from(q) * scale + min) as f32;
            Values::F32(integers(own, width).map(value).collect())
        }
        ("int32", "uint8" | "uint16") => {
            let (scale, min) = affine(entry)?;
            let value = |q: u16| (f64::from(q) * scale + min).round() as i32;
            Values::I32(integers(own, width).map(value).collect())
        }
        (kind, stored) => {
            return Err(unreadable(entry, &format!("{kind} stored as {stored}")));
        }
    };
    Ok((
        Weight {
            shape: entry.shape.clone(),
            values,
        },
        rest,
    ))
}

fn unreadable(entry: &Entry, why: &str) -> ConvertError {
    ConvertError::Weights(format!("{}: {why}", entry.name))
}

fn affine(entry: &Entry) -> Result<(f64, f64), ConvertError> {
    entry
        .quantization
        .as_ref()
        .and_then(|quantization| Some((quantization.scale?, quantization.min?)))
        .ok_or_else(|| unreadable(entry, "quantised without scale and min"))
}

fn words(bytes: &[u8]) -> impl Iterator<Item = [u8; 4]> {
    bytes.chunks_exact(4).map(|c| [c[0], c[1], c[2], c[3]])
}

fn halves(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes
        .chunks_exact(2)
        .map(|c| u16::from_le_bytes([c[0], c[1]]))
}

fn integers(bytes: &[u8], width: usize) -> Box<dyn Iterator<Item = u16> + '_> {
    if width == 2 {
        Box::new(halves(bytes))
    } else {
        Box::new(bytes.iter().map(|byte| u16::from(*byte)))
    }
}

/// IEEE 754 binary16 to binary32, exact, by its bits.
fn half_to_single(half: u16) -> f32 {
    let half = u32::from(half);
    let (sign, exponent, fraction) = (half >> 15 << 31, (half >> 10) & 0x1f, half & 0x3ff);
    match exponent {
        // Subnormal: fraction x 2^-24, which binary32 holds as a normal number.
        0 => {
            let magnitude = fraction as f32 * f32::from_bits((127 - 24) << 23);
            f32::from_bits(sign | magnitude.to_bits())
        }
        31 => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 127 - 15) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(json: &str) -> Vec<Group> {
        vec![serde_json::from_str(json).unwrap()]
    }

    #[test]
    fn uint8_is_scaled_and_shifted() {
        let groups = group(
            r#"{"weights":[{"name":"a","shape":[2],"dtype":"float32",
                "quantization":{"dtype":"uint8","scale":0.5,"min":-1}}]}"#,
        );
        let weights = Weights::decode(&groups, &[0, 4]).unwrap();
        assert_eq!(weights.floats("a", &[2]).unwrap(), [-1.0, 1.0]);
    }

    #[test]
    fn half_precision_is_exact() {
        for (half, single) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_5e-8),
            (0x0400, 6.103_515_6e-5),
            (0x3555, 0.333_251_95),
            (0x7c00, f32::INFINITY),
        ] {
            assert_eq!(half_to_single(half), single, "{half:#06x}");
        }
        assert!(half_to_single(0x7e00).is_nan());
    }

    #[test]
    fn a_short_or_long_binary_is_refused() {
        let groups = group(r#"{"weights":[{"name":"a","shape":[2],"dtype":"float32"}]}"#);
        let short = Weights::decode(&groups, &[0; 7]).unwrap_err().to_string();
        assert!(
            short.contains("a: the binary file ends before it"),
            "{short}"
        );
        let long = Weights::decode(&groups, &[0; 9]).unwrap_err().to_string();
        assert!(long.contains("1 bytes are left over"), "{long}");
    }

    #[test]
    fn a_wrong_shape_and_an_unknown_type_are_named() {
        let groups = group(r#"{"weights":[{"name":"a","shape":[2],"dtype":"float32"}]}"#);
        let weights = Weights::decode(&groups, &[0; 8]).unwrap();
        assert!(weights.floats("a", &[1, 2]).is_err());
        assert!(weights.floats("b", &[2]).is_err());
        let odd = group(r#"{"weights":[{"name":"a","shape":[],"dtype":"complex64"}]}"#);
        let message = Weights::decode(&odd, &[0; 8]).unwrap_err().to_string();
        assert!(message.contains("complex64"), "{message}");
    }
}
