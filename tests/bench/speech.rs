//! What hearing 5 s of sound costs in one thread: the model that ships beside one of the size of
//! OpenAI's tiny (its weights are noise here: the cost does not depend on them), as a table.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark reads the clock, prints, and fails loudly"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use idproof_domain::Language;
use idproof_ports::{Clock, DigitRecogniser, ModelIdentity, SpeechRequest};
use idproof_speech::{SpeechModel, WhisperDigits};

const RATE: usize = 16_000;
const REPEATS: usize = 7;
/// OpenAI's tiny: positions, width, heads, layers; text positions.
const TINY: [i32; 5] = [1_500, 384, 6, 4, 448];
/// The size of OpenAI's multilingual vocabulary.
const WORDS: i32 = 51_865;
const DIGITS: [&str; 10] = [
    " zéro", " un", " deux", " trois", " quatre", " cinq", " six", " sept", " huit", " neuf",
];

/// Never moves: no job runs out of time.
struct Standing;

impl Clock for Standing {
    fn now_ms(&self) -> i64 {
        0
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

fn main() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../digits-fr-en/ggml-digits-fr-en.bin");
    let ours = std::fs::read(path).expect("the model is committed");
    let tiny = sized(&ours, TINY);
    let sound = syllables();
    println!("| Model | 5 s of sound, one thread |\n|---|---|");
    for (name, bytes) in [("digits-fr-en, the default", ours), ("size of tiny", tiny)] {
        println!("| {name} | {:.3} s |", median(bytes, &sound).as_secs_f64());
    }
}

/// Median over several runs, after one that warms up.
fn median(bytes: Vec<u8>, sound: &[f32]) -> Duration {
    let identity = ModelIdentity {
        name: "bench".into(),
        version: String::new(),
        sha256: String::new(),
    };
    let model = SpeechModel { identity, bytes };
    let limit = Duration::from_secs(600);
    let mut ears = WhisperDigits::new(&model, Arc::new(Standing), limit).expect("the model loads");
    let expected = "372".parse().expect("digits");
    let mut took: Vec<Duration> = (0..=REPEATS)
        .map(|_| {
            let began = Instant::now();
            let request = SpeechRequest {
                samples: sound,
                language: Language::Fr,
                expected: &expected,
            };
            ears.recognise(&request).expect("it listens");
            began.elapsed()
        })
        .collect();
    took.remove(0);
    took.sort();
    took[took.len() / 2]
}

/// Five seconds of buzzing syllables, so that nothing is left out as silence.
fn syllables() -> Vec<f32> {
    (0..5 * RATE)
        .map(|n| {
            let at = n as f32 / RATE as f32;
            let buzz: f32 = (1..12)
                .map(|k| (std::f32::consts::TAU * 130.0 * k as f32 * at).sin() / k as f32)
                .sum();
            0.2 * buzz * (std::f32::consts::PI * at * 3.0).sin().abs()
        })
        .collect()
}

/// A general Whisper of this size in ggml's format: the filter bank of `ours`, a vocabulary of single
/// bytes and the French digits, small noise for weights.
fn sized(ours: &[u8], [audio, width, heads, layers, text]: [i32; 5]) -> Vec<u8> {
    let int = |at: usize| i32::from_le_bytes(ours[at..at + 4].try_into().expect("four bytes"));
    // Magic and eleven numbers, then the filter bank.
    let filters = 48;
    let bank = 8 + (int(filters) * int(filters + 4)) as usize * 4;
    let mut out = ours[..4].to_vec();
    for value in [
        WORDS, audio, width, heads, layers, text, width, heads, layers, 80, 1,
    ] {
        out.extend(value.to_le_bytes());
    }
    out.extend_from_slice(&ours[filters..filters + bank]);
    let bytes = (0..=u8::MAX).map(|byte| vec![byte]);
    let texts: Vec<Vec<u8>> = bytes
        .chain(DIGITS.map(|word| word.as_bytes().to_vec()))
        .collect();
    out.extend((texts.len() as i32).to_le_bytes());
    for text in &texts {
        out.extend((text.len() as i32).to_le_bytes());
        out.extend_from_slice(text);
    }
    let mut noise = Noise(1);
    for (name, shape) in tensors(WORDS, audio, width, layers, text) {
        noise.tensor(&mut out, &name, &shape);
    }
    out
}

/// Names and shapes (innermost first), as whisper.cpp reads them.
fn tensors(words: i32, audio: i32, width: i32, layers: i32, text: i32) -> Vec<(String, Vec<i32>)> {
    let mut all: Vec<(String, Vec<i32>)> = vec![
        ("encoder.positional_embedding".into(), vec![width, audio]),
        ("encoder.conv1.weight".into(), vec![3, 80, width]),
        ("encoder.conv1.bias".into(), vec![1, width]),
        ("encoder.conv2.weight".into(), vec![3, width, width]),
        ("encoder.conv2.bias".into(), vec![1, width]),
        ("encoder.ln_post.weight".into(), vec![width]),
        ("encoder.ln_post.bias".into(), vec![width]),
        ("decoder.positional_embedding".into(), vec![width, text]),
        ("decoder.token_embedding.weight".into(), vec![width, words]),
        ("decoder.ln.weight".into(), vec![width]),
        ("decoder.ln.bias".into(), vec![width]),
    ];
    for (side, kinds) in [
        ("encoder", &["attn"][..]),
        ("decoder", &["attn", "cross_attn"][..]),
    ] {
        for layer in 0..layers {
            let mut add = |part: String, shape: Vec<i32>| {
                all.push((format!("{side}.blocks.{layer}.{part}"), shape));
            };
            for kind in kinds {
                for part in ["query", "key", "value", "out"] {
                    add(format!("{kind}.{part}.weight"), vec![width, width]);
                    if part != "key" {
                        add(format!("{kind}.{part}.bias"), vec![width]);
                    }
                }
                add(format!("{kind}_ln.weight"), vec![width]);
                add(format!("{kind}_ln.bias"), vec![width]);
            }
            add("mlp.0.weight".into(), vec![width, 4 * width]);
            add("mlp.0.bias".into(), vec![4 * width]);
            add("mlp.2.weight".into(), vec![4 * width, width]);
            add("mlp.2.bias".into(), vec![width]);
            add("mlp_ln.weight".into(), vec![width]);
            add("mlp_ln.bias".into(), vec![width]);
        }
    }
    all
}

struct Noise(u32);

impl Noise {
    /// Half precision for matrices, single for the rest: the sizes of the official files.
    fn tensor(&mut self, out: &mut Vec<u8>, name: &str, shape: &[i32]) {
        let single = shape.len() < 2 || name.contains("positional") || shape[0] == 1;
        out.extend((shape.len() as i32).to_le_bytes());
        out.extend((name.len() as i32).to_le_bytes());
        out.extend(i32::from(!single).to_le_bytes());
        shape.iter().for_each(|side| out.extend(side.to_le_bytes()));
        out.extend_from_slice(name.as_bytes());
        let count: i32 = shape.iter().product();
        for _ in 0..count {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if single {
                let value = (self.0 >> 8) as f32 / 1.678e7 - 0.5;
                out.extend((value * 0.1).to_le_bytes());
            } else {
                // A sign, an exponent of 2^-5, ten random bits.
                let half = ((self.0 >> 16) & 0x83ff) | 0x2800;
                out.extend((half as u16).to_le_bytes());
            }
        }
    }
}
