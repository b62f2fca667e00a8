//! Ports: the traits through which the worker reaches clocks, media and models.
//!
//! Everything here is synchronous and free of I/O. Adapters implement these
//! traits; the composition root chooses which. Adapters never know each other.

pub mod clock;
pub mod document;
pub mod face;
pub mod image;
pub mod media;
pub mod model;
pub mod random;
pub mod speech;

pub use clock::{Clock, Stopwatch};
pub use document::{
    DocumentFinder, FoundLines, FoundSeal, PageRead, PageRequest, Quad, SealReader, TextLine,
    TextReader, ZoneAmong,
};
pub use face::{
    CarefulFinder, Embedding, Face, FaceEmbedder, FaceFinder, LandmarkFinder, Landmarks,
    LiveScorer, Mesh, MeshFinder,
};
pub use image::{Point, Rect, RgbImage};
pub use media::{
    DecodedImage, ImageReport, MediaDecoder, MediaError, MediaFile, VideoFrame, VideoReport,
    VideoRequest, VideoSink,
};
pub use model::{Capability, ModelError, ModelIdentity, Unavailable};
pub use random::Random;
pub use speech::{DigitRecogniser, HeardDigit, SpeechFindings, SpeechRequest};
