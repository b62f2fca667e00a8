//! The stages of a case: media in, typed evidence out.
//!
//! The worker knows ports, never adapters. Each stage turns what it was given into
//! [`idproof_domain::Evidence`]; a stage that cannot work says so and the case goes to a human.

mod analyse;
mod blocks;
mod card;
mod case;
mod continuity;
mod covered;
mod display;
mod document;
mod doubt;
mod edits;
pub mod faces;
mod fft;
mod findings;
mod footage;
mod glimpse;
mod head;
mod injection;
mod layout;
mod lips;
mod mark;
mod motion;
mod mouth;
mod printed;
mod pulse;
mod quality;
mod recapture;
mod reduce;
mod repeats;
mod rim;
mod second;
mod shown;
mod side;
mod skin;
mod speech;
mod straighten;
mod surface;
mod video;
mod watch;
mod zone;

pub use analyse::{Analysis, Media, Timing, analyse, analyse_recording};
pub use case::{Analysers, CaptureFacts, CaseInput, InputError, Progress, Stage};
pub use document::{DocumentFindings, read as read_documents};
pub use edits::Edits;
pub use faces::FaceTools;
pub use footage::{Mark, Marks};
pub use lips::{Mouth, Voice, lip_sync, lip_sync_between};
pub use mark::PictureMarks;
pub use mouth::MouthTracker;
pub use shown::{Corners, Shown, ShownField, ShownFrame, ShownSide, Signs};
pub use side::{Look, edits_of, look, zone_of};
pub use speech::summarise;
