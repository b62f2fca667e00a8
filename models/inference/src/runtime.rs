use std::path::Path;

use idproof_ports::{ModelError, ModelIdentity};
use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::Tensor;

/// A model's bytes, already checked against the manifest's sha256.
pub struct ModelFile {
    pub identity: ModelIdentity,
    pub bytes: Vec<u8>,
}

/// The loaded ONNX Runtime library.
#[derive(Clone)]
pub struct Runtime {
    environment: Environment,
}

impl Runtime {
    /// Loads the shared library at `path`. Once per process: a second call is an error.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let fail = |detail: String| ModelError::Failed {
            model: "onnxruntime".into(),
            detail,
        };
        let environment = ort::init_from(path)
            .map_err(|e| fail(e.to_string()))?
            .with_telemetry(false)
            .build()
            .map_err(|e| fail(e.to_string()))?;
        // One thread a model, also for the pictures: waking a pool costs more than it gives.
        opencv::core::set_num_threads(1).map_err(|e| fail(e.to_string()))?;
        Ok(Self { environment })
    }

    pub(crate) fn session(&self, model: &ModelFile) -> Result<Net, ModelError> {
        let build = || -> Result<Session, ort::Error> {
            Session::builder(&self.environment)?
                .with_optimization_level(GraphOptimizationLevel::Level3)?
                .with_intra_threads(1)?
                .with_inter_threads(1)?
                .commit_from_memory(&model.bytes)
        };
        let session = build().map_err(|e| ModelError::Failed {
            model: model.identity.name.clone(),
            detail: format!("cannot be loaded: {e}"),
        })?;
        Ok(Net {
            session,
            identity: model.identity.clone(),
        })
    }
}

/// One session and the identity of the file behind it.
pub(crate) struct Net {
    session: Session,
    identity: ModelIdentity,
}

/// An output tensor copied out of the runtime.
pub(crate) struct Output {
    pub shape: Vec<usize>,
    pub data: Vec<f32>,
}

impl Net {
    pub fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    /// An entry of the model's own metadata.
    pub fn metadata(&self, key: &str) -> Option<String> {
        self.session.metadata().ok()?.custom(key)
    }

    pub fn error(&self, detail: impl std::fmt::Display) -> ModelError {
        ModelError::Failed {
            model: self.identity.name.clone(),
            detail: detail.to_string(),
        }
    }

    /// Feeds the single input and returns every output in the model's order, as f32.
    /// Non-finite outputs are an error: a score that is not a number must not be compared.
    pub fn run(&mut self, shape: &[usize], data: Vec<f32>) -> Result<Vec<Output>, ModelError> {
        let name = self.identity.name.clone();
        let fail = |e: &dyn std::fmt::Display| ModelError::Failed {
            model: name.clone(),
            detail: e.to_string(),
        };
        let span = tracing::debug_span!(target: "idproof::model_call", "model call", model = %name, ?shape);
        let _inside = span.enter();
        let tensor = Tensor::from_array((shape.to_vec(), data)).map_err(|e| fail(&e))?;
        let outputs = self
            .session
            .run(ort::inputs![tensor])
            .map_err(|e| fail(&e))?;
        let mut all = Vec::with_capacity(outputs.len());
        for value in outputs.values() {
            let (shape, data) = value.try_extract_tensor::<f32>().map_err(|e| fail(&e))?;
            if data.iter().any(|v| !v.is_finite()) {
                return Err(fail(&"an output is not a finite number"));
            }
            all.push(Output {
                shape: shape
                    .iter()
                    .map(|&d| usize::try_from(d).unwrap_or(0))
                    .collect(),
                data: data.to_vec(),
            });
        }
        Ok(all)
    }
}

/// A model and one input, nothing else: for benchmarks.
pub struct BareModel {
    session: Session,
    input: Tensor<f32>,
}

impl BareModel {
    pub fn new(
        runtime: &Runtime,
        model: &ModelFile,
        shape: &[usize],
        data: Vec<f32>,
    ) -> Result<Self, ort::Error> {
        let session = runtime
            .session(model)
            .map_err(|e| ort::Error::new(e.to_string()))?
            .session;
        let input = Tensor::from_array((shape.to_vec(), data))?;
        Ok(Self { session, input })
    }

    /// Runs the network; what comes out stays where it is.
    pub fn run(&mut self) -> Result<(), ort::Error> {
        self.session.run(ort::inputs![&self.input]).map(drop)
    }
}
