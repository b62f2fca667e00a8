//! Keys, small sealed texts, and the frames of stored objects. All AES-256-GCM.

pub(crate) mod frames;
pub(crate) mod key;
pub(crate) mod seal;
