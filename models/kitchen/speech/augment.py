"""What happens to a voice between the mouth and the file: rooms, noises, phones, codecs.

Every function takes a numpy Generator; nothing here reads a clock or a global seed.
"""

import io

import numpy as np
import scipy.fft
import soundfile

from pool import RATE


def speed(wave, factor):
    """Plays faster (factor > 1): pitch, formants and tempo move together."""
    places = np.arange(0, len(wave) - 1, factor)
    return np.interp(places, np.arange(len(wave)), wave).astype(np.float32)


def colour(size, rng):
    """(size // 2 + 1,) gains of one random channel: tilt, resonances, band limits."""
    hz = np.linspace(0, RATE / 2, 401)
    octave = np.log2(np.maximum(hz, 40) / 1000)
    gain_db = rng.normal(0, 2.0) * octave
    for _ in range(rng.integers(0, 4)):
        centre, width = rng.uniform(-3, 3), rng.uniform(0.2, 1.2)
        gain_db = gain_db + rng.normal(0, 4) * np.exp(-0.5 * ((octave - centre) / width) ** 2)
    gain = 10 ** (gain_db / 20)
    if rng.random() < 0.55:  # most test recordings and telephones stop below 4 kHz
        cut = rng.choice([3400.0, 3800.0, 4000.0, rng.uniform(3000, 7500)])
        gain = gain / (1 + (hz / cut) ** rng.choice([16, 40]))
    if rng.random() < 0.3:
        cut = rng.uniform(80, 350)
        gain = gain * (hz / cut) ** 4 / (1 + (hz / cut) ** 4)
    fine = np.linspace(0, 400, size // 2 + 1)
    return np.interp(fine, np.arange(401), gain).astype(np.float32)


def room(rng):
    """A synthetic room response: direct sound, early reflections, decaying noise."""
    seconds = rng.uniform(0.08, 0.7)
    length = int(min(0.5, seconds) * RATE)
    decay = np.exp(-6.9 * np.arange(length) / (seconds * RATE))
    tail = rng.standard_normal(length) * decay
    tail[: int(0.002 * RATE)] = 0
    for _ in range(rng.integers(2, 8)):
        at = rng.integers(int(0.001 * RATE), int(0.03 * RATE))
        tail[min(at, length - 1)] += rng.normal(0, 4) * decay[min(at, length - 1)]
    level = 10 ** (rng.uniform(-22, 3) / 20)
    tail *= level / max(1e-6, np.sqrt((tail**2).sum()))
    tail[0] += 1.0
    return tail.astype(np.float32)


def through(wave, rng):
    """Sound through a random room and channel; same length."""
    size = scipy.fft.next_fast_len(len(wave) + RATE // 2, real=True)
    spectrum = scipy.fft.rfft(wave, size)
    if rng.random() < 0.6:
        spectrum = spectrum * scipy.fft.rfft(room(rng), size)
    return scipy.fft.irfft(spectrum * colour(size, rng), size)[: len(wave)].astype(np.float32)


def coloured_noise(length, slope, rng):
    """Noise whose power falls with frequency ** slope."""
    spectrum = scipy.fft.rfft(rng.standard_normal(length).astype(np.float32))
    spectrum *= np.maximum(np.arange(len(spectrum)), 20) ** (-slope / 2)
    wave = scipy.fft.irfft(spectrum, length)
    return (wave / wave.std()).astype(np.float32)


def music(length, rng):
    """Chords of decaying harmonic tones over a beat."""
    out, time = np.zeros(length, dtype=np.float32), np.arange(RATE) / RATE
    scale = 220 * 2 ** (np.array([-12, -10, -8, -7, -5, -3, -1, 0, 2, 4, 5, 7, 9, 11, 12]) / 12)
    beat = int(rng.uniform(0.2, 0.6) * RATE)
    for start in range(0, length - RATE, beat):
        for hz in rng.choice(scale, size=rng.integers(1, 4)):
            tone = sum(np.sin(2 * np.pi * hz * k * time) / k ** rng.uniform(1, 2) for k in (1, 2, 3, 4))
            out[start : start + RATE] += (tone * np.exp(-time * rng.uniform(2, 8))).astype(np.float32)
        if rng.random() < 0.5:
            out[start : start + 2000] += rng.normal(0, 0.7, 2000).astype(np.float32)
    return out / max(1e-6, out.std())


def noise_bank(pool, rng, seconds=40):
    """Unit-power noises to cut from: white to brown, hum, music, babble of synthetic voices."""
    talkers = [p for p in pool.pieces if p.engine in ("espeak", "flite", "festival", "pico", "mbrola", "kokoro")]
    length = seconds * RATE
    bank = [coloured_noise(length, slope, rng) for slope in (0, 0, 0.5, 1, 1, 1.5, 2)]
    hum = sum(np.sin(2 * np.pi * 50 * k * np.arange(length) / RATE + k) / k for k in range(1, 9))
    bank.append((hum / hum.std()).astype(np.float32))
    bank += [music(length, rng) for _ in range(4)]
    for voices in (2, 4, 8):
        babble = np.zeros(length, dtype=np.float32)
        for _ in range(voices * seconds):
            wave = pool.wave(talkers[rng.integers(len(talkers))])[: 3 * RATE]
            at = rng.integers(0, length - len(wave))
            babble[at : at + len(wave)] += wave * rng.uniform(0.3, 1)
        bank.append(babble / babble.std())
    return bank


def add_noise(wave, bank, rng, level=None):
    """Noise at 3..45 dB below the speech (or at `level` where there is none)."""
    noise = bank[rng.integers(len(bank))]
    at = rng.integers(0, len(noise) - len(wave))
    if level is None:
        power = np.sqrt(np.mean(wave**2) + 1e-12) * 2  # gaps halve the mean: speech itself is louder
        level = power * 10 ** (-min(45.0, max(3.0, rng.normal(20, 10))) / 20)
    return wave + noise[at : at + len(wave)] * level


CODECS = (("OGG", "OPUS"), ("OGG", "OPUS"), ("WAV", "GSM610"), ("WAV", "ULAW"), ("MP3", "MPEG_LAYER_III"))


def codec(wave, rng):
    """Through a lossy codec and back (telephone ones at 8 kHz)."""
    kind, subtype = CODECS[rng.integers(len(CODECS))]
    phone = subtype in ("GSM610", "ULAW")
    data = io.BytesIO()
    sound = wave[::2] if phone else wave
    level = float(rng.uniform(0.3, 1.0))
    extra = {} if phone else {"compression_level": level}
    try:
        soundfile.write(data, np.clip(sound, -1, 1), RATE // 2 if phone else RATE,
                        format=kind, subtype=subtype, **extra)
        data.seek(0)
        back, _ = soundfile.read(data, dtype="float32")
    except (soundfile.LibsndfileError, ValueError):
        return wave
    if phone:
        back = np.interp(np.arange(len(wave)) / 2, np.arange(len(back)), back).astype(np.float32)
    return np.pad(back, (0, max(0, len(wave) - len(back))))[: len(wave)]


def end_of_line(wave, rng):
    """Gain, clipping, coarse samples, lost packets, codec."""
    wave = wave / max(1e-4, float(np.max(np.abs(wave))))
    if rng.random() < 0.08:
        wave = np.clip(wave, -1 / rng.uniform(1.5, 6), 1 / rng.uniform(1.5, 6))
    wave = wave * 10 ** (-rng.uniform(0, 32) / 20)
    if rng.random() < 0.12:
        wave = codec(wave, rng)
    if rng.random() < 0.05:
        wave = np.round(wave * 127) / 127
    if rng.random() < 0.03:
        for _ in range(rng.integers(1, 4)):
            at = rng.integers(0, max(1, len(wave) - 400))
            wave[at : at + rng.integers(100, 400)] = 0
    return wave.astype(np.float32)
