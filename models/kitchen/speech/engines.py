"""Speech engines: espeak-ng (also with MBROLA voices), flite, festival and (where installed) pico.

Each function returns float32 sound at 16 kHz, or None when the engine fails.
Pitch and formant changes of the more human voices are made with WORLD.
"""

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from pool import RATE


def available(program):
    return shutil.which(program) is not None


def to_rate(wave, rate):
    """Mono float32 at 16 kHz."""
    wave = np.asarray(wave, dtype=np.float32)
    if wave.ndim > 1:
        wave = wave.mean(axis=1)
    if rate == RATE:
        return wave
    common = np.gcd(rate, RATE)
    return resample_poly(wave, RATE // common, rate // common).astype(np.float32)


def read(path):
    wave, rate = soundfile.read(path, dtype="float32")
    return to_rate(wave, rate)


def read_any(path):
    """As `read`, through libsndfile also for headerless GSM 6.10 at 8 kHz."""
    if Path(path).suffix != ".gsm":
        return read(path)
    wave, rate = soundfile.read(path, dtype="float32", format="RAW", subtype="GSM610", samplerate=8000, channels=1)
    return to_rate(wave, rate)


def _run(command):
    return subprocess.run(command, capture_output=True, timeout=30, check=False)


def espeak(text, voice, pitch, speed):
    """`voice` as espeak names it, e.g. fr-be+klatt2 or mb-fr1."""
    done = _run(["espeak-ng", "-v", voice, "-p", str(pitch), "-s", str(speed),
                 "--stdout", text])
    if done.returncode or len(done.stdout) < 1000:
        return None
    # The header's length is unset on a pipe: read the samples behind it. MBROLA's come at 16 kHz, its own at 22,050 Hz.
    rate = int.from_bytes(done.stdout[24:28], "little")
    even = len(done.stdout) // 2 * 2
    return to_rate(np.frombuffer(done.stdout[44:even], dtype="<i2").astype(np.float32) / 32768, rate)


@functools.cache
def espeak_phonemes(word, voice):
    """espeak's own phoneme names for a word, for speech without liaison or pause."""
    done = _run(["espeak-ng", "-q", "-x", "-v", voice, word])
    return done.stdout.decode().strip().replace("_|", "").replace("\n", " ")


def espeak_variants():
    lines = _run(["espeak-ng", "--voices=variant"]).stdout.decode().splitlines()[1:]
    return sorted({line.split("!v/")[1].split()[0] for line in lines if "!v/" in line})


def mbrola_voices():
    """The MBROLA voices installed here, each cut from one person's recordings: {"fr1", ...}."""
    return {path.name for path in Path("/usr/share/mbrola").glob("*")} if available("mbrola") else set()


def flite(text, voice, stretch, phones=False):
    with tempfile.NamedTemporaryFile(suffix=".wav") as out:
        done = _run(["flite", "-voice", voice, "--setf", f"duration_stretch={stretch}",
                     "-p" if phones else "-t", text, "-o", out.name])
        return None if done.returncode else read(out.name)


def pico(text, language, pitch, speed):
    with tempfile.NamedTemporaryFile(suffix=".wav") as out:
        marked = f"<pitch level='{pitch}'><speed level='{speed}'>{text}</speed></pitch>"
        done = _run(["pico2wave", "-l", language, "-w", out.name, marked])
        return None if done.returncode else read(out.name)


def festival(texts, voice, encoding, stretch):
    """All texts in one run (festival is slow to start); a list with None for failures."""
    with tempfile.TemporaryDirectory() as folder:
        lines = [f"(voice_{voice})", f"(Parameter.set 'Duration_Stretch {stretch})"]
        for number, text in enumerate(texts):
            lines.append(f'(utt.save.wave (utt.synth (Utterance Text "{text}"))'
                         f' "{folder}/{number}.wav" \'riff)')
        script = Path(folder) / "say.scm"
        script.write_bytes("\n".join(lines).encode(encoding, errors="ignore"))
        subprocess.run(["festival", "-b", str(script)], capture_output=True, timeout=300, check=False)
        waves = [Path(folder) / f"{number}.wav" for number in range(len(texts))]
        return [read(w) if w.exists() and w.stat().st_size > 1000 else None for w in waves]


def warp(wave, pitch, formant, tempo):
    """The same words from another throat: pitch, formants and tempo scaled by WORLD.

    Factors of 1 change nothing; `formant` above 1 is a shorter vocal tract.
    """
    import pyworld

    x = wave.astype(np.float64)
    f0, times = pyworld.dio(x, RATE)
    f0 = pyworld.stonemask(x, f0, times, RATE)
    envelope = pyworld.cheaptrick(x, f0, times, RATE)
    aperiodic = pyworld.d4c(x, f0, times, RATE)
    bins = envelope.shape[1]
    source = np.clip(np.arange(bins) / formant, 0, bins - 1)
    low = source.astype(int)
    high, part = np.minimum(low + 1, bins - 1), source - low
    envelope = np.exp(np.log(envelope[:, low]) * (1 - part) + np.log(envelope[:, high]) * part)
    period = 5.0 / tempo
    out = pyworld.synthesize(f0 * pitch, np.ascontiguousarray(envelope), aperiodic, RATE, period)
    return out.astype(np.float32)
