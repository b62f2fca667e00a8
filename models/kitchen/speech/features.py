"""`cook.py features`: the pool's pieces as mel power, clean and through a room, a channel and a codec.

Clips are put together from these (`compose.py`): adding power, warping the mel axis and stretching
time cost a thousandth of what the same costs in the wave, so that no clip need be heard twice.
"""

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

import augment
from mel import HOP, N_FFT, _FILTERS, _HANN
from pool import Pool

TAKES = 3  # the clean one and two rough ones
THREADS, STRETCH = 4, 500


def mel_power(wave):
    """float32 sound at 16 kHz -> (80, frames) log10 of the mel power, a frame each 10 ms."""
    count = max(1, len(wave) // HOP)
    padded = np.zeros(count * HOP + N_FFT, dtype=np.float32)
    half = N_FFT // 2
    body = wave[: len(padded) - half]
    padded[half : half + len(body)] = body
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP][:count]
    power = np.abs(np.fft.rfft(frames * _HANN, axis=1).astype(np.complex64)) ** 2
    return np.log10(np.maximum(power @ _FILTERS.T, 1e-9)).T.astype(np.float16)


def rough(wave, rng):
    """The piece from another place: room and channel, then clipping, coarse samples or a codec."""
    wave = augment.through(np.pad(wave, (0, 1_600)), rng)
    wave = wave / max(1e-4, float(np.max(np.abs(wave)))) * 0.7
    if rng.random() < 0.12:
        wave = np.clip(wave, -0.7 / rng.uniform(1.5, 6), 0.7 / rng.uniform(1.5, 6))
    if rng.random() < 0.4:
        wave = augment.codec(wave, rng)
    if rng.random() < 0.05:
        wave = np.round(wave * 127) / 127
    return wave.astype(np.float32)


def _takes(job):
    """The features of a stretch of the pool: [one of each take] a piece."""
    folder, first, last, seed = job
    pool, rng = Pool(folder), np.random.default_rng([seed, 6, first])
    waves = [pool.wave(piece) for piece in pool.pieces[first:last]]
    return [[mel_power(wave if take == 0 else rough(wave, rng)) for take in range(TAKES)] for wave in waves]


def make(folder, seed):
    """Writes <folder>/mel.npy ((80, all frames) float16) and mel-index.npy ((pieces, TAKES, 2)) beside its pool."""
    folder = Path(folder)
    count = len(Pool(folder).pieces)
    parts, index, at = [], np.zeros((count, TAKES, 2), dtype=np.int64), 0
    with ProcessPoolExecutor(THREADS) as workers:
        jobs = [(folder, first, min(count, first + STRETCH), seed) for first in range(0, count, STRETCH)]
        for number, takes in enumerate(takes for stretch in workers.map(_takes, jobs) for takes in stretch):
            for take, part in enumerate(takes):
                parts.append(part)
                index[number, take] = at, part.shape[1]
                at += part.shape[1]
    np.save(folder / "mel.npy", np.concatenate(parts, axis=1).T)  # (frames, 80): a piece lies together
    np.save(folder / "mel-index.npy", index)
    print(f"{count} pieces, {TAKES} takes each, {at / 360_000:.2f} h", flush=True)


def make_noises(folder, seed):
    """Writes <folder>/mel-noise.npy; the babble is of the pool's voices."""
    folder, pool = Path(folder), Pool(folder)
    noises = [mel_power(noise) for noise in augment.noise_bank(pool, np.random.default_rng([seed, 1]))]
    np.save(folder / "mel-noise.npy", np.stack(noises))
