//! Counts the model calls that `idproof-inference` tells through `tracing`, and what they cost.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Model name → input shape → calls.
pub type Calls = BTreeMap<String, BTreeMap<Vec<usize>, usize>>;

#[derive(Clone, Default)]
pub struct Counter(Arc<Mutex<Counted>>);

#[derive(Clone, Default)]
pub struct Counted {
    pub calls: Calls,
    /// Processor time inside of the calls, all together.
    pub cpu: Duration,
}

impl Counter {
    pub fn reset(&self) {
        *self.0.lock().expect("unpoisoned") = Counted::default();
    }

    pub fn taken(&self) -> Counted {
        self.0.lock().expect("unpoisoned").clone()
    }
}

/// Listens for the rest of the process.
pub fn install() -> Counter {
    let counter = Counter::default();
    let subscriber = tracing_subscriber::registry().with(counter.clone());
    tracing::subscriber::set_global_default(subscriber).expect("the first subscriber");
    counter
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Counter {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        if attributes.metadata().target() != TARGET {
            return;
        }
        let mut call = Call::default();
        attributes.record(&mut call);
        let mut counted = self.0.lock().expect("unpoisoned");
        let shapes = counted.calls.entry(call.model).or_default();
        *shapes.entry(call.shape).or_default() += 1;
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id).filter(|s| s.metadata().target() == TARGET) {
            span.extensions_mut().insert(Began(of_this_thread()));
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let span = context.span(id);
        let began = span.and_then(|s| s.extensions_mut().remove::<Began>());
        if let Some(Began(began)) = began {
            self.0.lock().expect("unpoisoned").cpu += of_this_thread() - began;
        }
    }
}

const TARGET: &str = "idproof::model_call";

/// The thread's processor time when it entered a call: networks run on the thread that calls them.
struct Began(Duration);

fn of_this_thread() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)
        .expect("Linux has it")
        .into()
}

#[derive(Default)]
struct Call {
    model: String,
    shape: Vec<usize>,
}

impl Visit for Call {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = format!("{value:?}");
        match field.name() {
            "model" => self.model = text,
            "shape" => {
                self.shape = text
                    .trim_matches(['[', ']'])
                    .split(", ")
                    .filter_map(|n| n.parse().ok())
                    .collect();
            }
            _ => {}
        }
    }
}
