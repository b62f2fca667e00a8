//! Which adapter stands behind which port.

pub mod insides;
pub mod judgement;
pub mod labelled;
pub mod tools;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use idproof_inference::{ModelFile, Runtime, face, outline, text};
use idproof_media::{Decoder, DecoderConfig};
use idproof_models::{Manifest, Store, StoreConfig};
use idproof_ports::{
    Capability, CarefulFinder, Clock, FaceEmbedder, MeshFinder, ModelError, ModelIdentity,
    SealReader, Unavailable,
};
use idproof_seal::{Certificates, MatrixReader};
use idproof_speech::{SpeechModel, WhisperDigits};
use idproof_worker::{Analysers, FaceTools};

use crate::config::Config;

/// What each capability needs from the store, and the checks that are unavailable without.
pub struct Need<'a> {
    pub checks: &'static str,
    pub models: Vec<&'a str>,
}

pub fn needs(config: &Config) -> [Need<'_>; 6] {
    [
        Need {
            checks: "every check but video_integrity and spoken_digits",
            models: vec!["onnxruntime"],
        },
        Need {
            checks: "document_portrait, single_face, face_match, liveness, face_motion, lip_sync",
            models: vec!["blazeface", "face_landmarks_68", "face_recognition"],
        },
        Need {
            checks: "lip_sync",
            models: vec!["facemesh"],
        },
        Need {
            checks: "liveness",
            models: vec!["minifasnet_v2_2.7_80", "minifasnet_v1se_4.0_80"],
        },
        Need {
            checks: "document_mrz, document_validity, declared_identity",
            models: vec!["text_detection", "text_recognition", "mrz_lines"],
        },
        Need {
            checks: "spoken_digits",
            models: vec![&config.models.speech],
        },
    ]
}

/// Longest wait for the speech model over one recording.
const SPEECH_LIMIT: Duration = Duration::from_secs(60);

pub fn store(config: &Config) -> anyhow::Result<Store> {
    let mut settings = StoreConfig::new(config.models.dir.clone());
    settings.mirror.clone_from(&config.models.mirror);
    settings.repository = Some(config.models.repository.clone());
    settings.network = config.models.network;
    let manifest = Manifest::embedded().context("the built-in model manifest")?;
    Ok(Store::new(settings, manifest))
}

/// The decoder's program: configured, else beside this one.
pub fn decoder_program(config: &Config) -> anyhow::Result<PathBuf> {
    if let Some(program) = &config.decoder.program {
        return Ok(program.clone());
    }
    let own = std::env::current_exe().context("cannot tell where this program lies")?;
    Ok(own.with_file_name("idproof-decoder"))
}

pub fn decoder(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Decoder> {
    let mut settings = DecoderConfig::new(decoder_program(config)?);
    let still = settings.program.with_file_name("idproof-still-decoder");
    if settings.program.ends_with("idproof-decoder") && still.is_file() {
        settings.still_program = still;
    }
    let limit = Duration::from_secs(config.decoder.time_limit_s);
    settings.video_timeout = limit;
    settings.image_timeout = settings.image_timeout.min(limit);
    Ok(Decoder::new(settings, clock))
}

/// Loads every model; one that cannot be had makes its capability unavailable, not the program.
pub fn analysers(config: &Config, store: &Store, clock: Arc<dyn Clock>) -> Analysers {
    analysers_on(runtime(store), config, store, clock)
}

/// As [`analysers`], on a runtime that is loaded already.
pub fn analysers_on(
    runtime: Result<Runtime, String>,
    config: &Config,
    store: &Store,
    clock: Arc<dyn Clock>,
) -> Analysers {
    let loader = Loader {
        store,
        runtime,
        clock,
    };
    Analysers {
        faces: loader.faces(),
        liveness: loader.liveness(),
        text: loader.text(),
        seals: seals(config),
        outlines: Mutex::new(Box::new(outline::OutlineFinder)),
        speech: loader.speech(&config.models.speech),
    }
}

/// The speech model of that name.
pub fn recogniser(
    store: &Store,
    name: &str,
    clock: Arc<dyn Clock>,
) -> Result<WhisperDigits, String> {
    let file = store.read(name).map_err(|e| e.to_string())?;
    let model = SpeechModel {
        identity: ModelIdentity {
            name: file.name,
            version: file.version,
            sha256: file.sha256,
        },
        bytes: file.bytes,
    };
    WhisperDigits::new(&model, clock, SPEECH_LIMIT).map_err(text_of)
}

fn seals(config: &Config) -> Capability<Mutex<Box<dyn SealReader>>> {
    // Test authorities never count: this is the program that production runs.
    let certificates = match &config.decide.seal_certificates {
        Some(directory) => Certificates::load(directory, false).map_err(|e| e.to_string()),
        None => Ok(Certificates::default()),
    };
    let reader = certificates.map(|c| Box::new(MatrixReader::new(c)) as Box<dyn SealReader>);
    capability("seals", reader.map(Mutex::new))
}

/// ONNX Runtime from the store; once per process.
pub fn runtime(store: &Store) -> Result<Runtime, String> {
    let library = store.locate("onnxruntime").map_err(|e| e.to_string())?;
    Runtime::load(&library.path).map_err(|e| e.to_string())
}

struct Loader<'a> {
    store: &'a Store,
    runtime: Result<Runtime, String>,
    clock: Arc<dyn Clock>,
}

impl Loader<'_> {
    fn file(&self, name: &str) -> Result<ModelFile, String> {
        let model = self.store.read(name).map_err(|e| e.to_string())?;
        Ok(ModelFile {
            identity: ModelIdentity {
                name: model.name,
                version: model.version,
                sha256: model.sha256,
            },
            bytes: model.bytes,
        })
    }

    fn runtime(&self) -> Result<&Runtime, String> {
        self.runtime.as_ref().map_err(Clone::clone)
    }

    /// Finder and landmarks, and every embedder that can be had: one is enough.
    fn faces(&self) -> Capability<Mutex<FaceTools>> {
        let load = || -> Result<FaceTools, String> {
            let runtime = self.runtime()?;
            let [finder, landmarks] =
                ["blazeface", "face_landmarks_68"].map(|name| self.file(name));
            Ok(FaceTools {
                finder: Box::new(face::BlazeFaceFinder::new(runtime, &finder?).map_err(text_of)?),
                landmarks: Box::new(face::Landmarks68::new(runtime, &landmarks?).map_err(text_of)?),
                mesh: self.mesh(runtime),
                careful: self.careful(runtime),
                embedders: self.embedders(runtime)?,
            })
        };
        capability("faces", load().map(Mutex::new))
    }

    fn mesh(&self, runtime: &Runtime) -> Option<Box<dyn MeshFinder>> {
        let load = || face::FaceMesh::new(runtime, &self.file("facemesh")?).map_err(text_of);
        match load() {
            Ok(finder) => Some(Box::new(finder)),
            Err(why) => {
                tracing::warn!("lips are not held against the voice: {why}");
                None
            }
        }
    }

    fn careful(&self, runtime: &Runtime) -> Option<Box<dyn CarefulFinder>> {
        let load = || face::YuNet::new(runtime, &self.file("yunet")?).map_err(text_of);
        match load() {
            Ok(finder) => Some(Box::new(finder)),
            Err(why) => {
                tracing::info!("faces are aligned without yunet: {why}");
                None
            }
        }
    }

    fn embedders(&self, runtime: &Runtime) -> Result<Vec<Box<dyn FaceEmbedder>>, String> {
        type Loaded = Result<Box<dyn FaceEmbedder>, String>;
        let dlib = || -> Loaded {
            let file = self.file("face_recognition")?;
            let net = face::DlibEmbedder::new(runtime, &file).map_err(text_of)?;
            Ok(Box::new(net))
        };
        let second = || -> Loaded {
            let file = self.file("mobilefacenet_foamliu")?;
            let net = face::MobileFaceNet::new(runtime, &file).map_err(text_of)?;
            Ok(Box::new(net))
        };
        let (mut here, mut missing) = (Vec::new(), Vec::new());
        for loaded in [dlib(), second()] {
            match loaded {
                Ok(net) => here.push(net),
                Err(why) => missing.push(why),
            }
        }
        let why = missing.join("; ");
        if here.is_empty() {
            return Err(why);
        }
        if !missing.is_empty() {
            tracing::warn!("faces are compared by one network instead of two: {why}");
        }
        Ok(here)
    }

    fn liveness(&self) -> Capability<Mutex<Box<dyn idproof_ports::LiveScorer>>> {
        let load = || -> Result<Box<dyn idproof_ports::LiveScorer>, String> {
            let narrow = self.file("minifasnet_v2_2.7_80")?;
            let wide = self.file("minifasnet_v1se_4.0_80")?;
            let pair = face::MiniFasPair::new(self.runtime()?, &narrow, &wide).map_err(text_of)?;
            Ok(Box::new(pair))
        };
        capability("liveness", load().map(Mutex::new))
    }

    fn text(&self) -> Capability<Mutex<Box<dyn idproof_ports::TextReader>>> {
        let load = || -> Result<Box<dyn idproof_ports::TextReader>, String> {
            let detection = self.file("text_detection")?;
            let recognition = self.file("text_recognition")?;
            let reader =
                text::PpOcr::new(self.runtime()?, &detection, &recognition).map_err(text_of)?;
            // Without it PP-OCR reads the zones alone: fewer are read, none wrongly.
            let reader = match self.file("mrz_lines") {
                Ok(lines) => reader
                    .with_mrz_lines(self.runtime()?, &lines)
                    .map_err(text_of)?,
                Err(why) => {
                    tracing::warn!(%why, "zones are read without the network for their rows");
                    reader
                }
            };
            // Without it PP-OCR reads all print, at a third of a photograph's time.
            let reader = match self.file("print_lines") {
                Ok(lines) => reader
                    .with_print_lines(self.runtime()?, &lines)
                    .map_err(text_of)?,
                Err(why) => {
                    tracing::warn!(%why, "print is read without the small network for it, which takes longer");
                    reader
                }
            };
            Ok(Box::new(reader))
        };
        capability("text", load().map(Mutex::new))
    }

    fn speech(&self, name: &str) -> Capability<Mutex<Box<dyn idproof_ports::DigitRecogniser>>> {
        let load = || -> Result<Box<dyn idproof_ports::DigitRecogniser>, String> {
            Ok(Box::new(recogniser(self.store, name, self.clock.clone())?))
        };
        capability("speech", load().map(Mutex::new))
    }
}

fn text_of(e: ModelError) -> String {
    e.to_string()
}

fn capability<T>(what: &str, loaded: Result<T, String>) -> Capability<T> {
    loaded.map_err(|why| Unavailable {
        what: what.to_owned(),
        why,
    })
}
