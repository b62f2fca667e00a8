//! Counts the model calls that `idproof-inference` tells through `tracing`.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// Model name → input shape → calls.
pub type Calls = BTreeMap<String, BTreeMap<Vec<usize>, usize>>;

#[derive(Clone, Default)]
pub struct Counter(Arc<Mutex<Calls>>);

impl Counter {
    pub fn reset(&self) {
        self.0.lock().expect("unpoisoned").clear();
    }

    pub fn taken(&self) -> Calls {
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

impl<S: Subscriber> Layer<S> for Counter {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != "idproof::model_call" {
            return;
        }
        let mut call = Call::default();
        event.record(&mut call);
        let mut calls = self.0.lock().expect("unpoisoned");
        *calls
            .entry(call.model)
            .or_default()
            .entry(call.shape)
            .or_default() += 1;
    }
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
