//! The decoder and the models of the worker.

use std::sync::{Arc, OnceLock};

use idproof_jobs::Tools;
use idproof_media::Decoder;
use idproof_models::Store;
use idproof_ports::{Clock, MediaDecoder};
use idproof_worker::Analysers;

use crate::compose;
use crate::config::Config;

/// Loads the models when the first case needs them: a worker that waits holds none in memory.
pub struct LazyTools {
    config: Config,
    store: Store,
    decoder: Decoder,
    clock: Arc<dyn Clock>,
    analysers: OnceLock<Analysers>,
}

impl LazyTools {
    pub fn new(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        Ok(Self {
            store: compose::store(config)?,
            decoder: compose::decoder(config, Arc::clone(&clock))?,
            config: config.clone(),
            clock,
            analysers: OnceLock::new(),
        })
    }
}

impl Tools for LazyTools {
    fn decoder(&self) -> &dyn MediaDecoder {
        &self.decoder
    }

    fn analysers(&self) -> &Analysers {
        self.analysers.get_or_init(|| {
            let loaded = compose::analysers(&self.config, &self.store, Arc::clone(&self.clock));
            for missing in [
                loaded.faces.as_ref().err(),
                loaded.liveness.as_ref().err(),
                loaded.text.as_ref().err(),
                loaded.speech.as_ref().err(),
            ]
            .into_iter()
            .flatten()
            {
                tracing::warn!(
                    "no {}: its checks are unavailable, cases go to a human: {}",
                    missing.what,
                    missing.why
                );
            }
            loaded
        })
    }
}
