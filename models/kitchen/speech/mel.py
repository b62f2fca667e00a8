"""Log-mel features, computed as whisper.cpp 1.8.3 computes them (`log_mel_spectrogram`)."""

import numpy as np
import scipy.fft

from pool import RATE

N_FFT, HOP, N_MELS = 400, 160, 80
FRAMES = 512  # what the encoder sees: 5.12 s, 256 positions after the second convolution
SAMPLES = FRAMES * HOP


def filters():
    """(80, 201) triangular filters on the Slaney scale, area-normalised: Whisper's own."""

    def to_mel(hz):
        hz = np.asarray(hz, dtype=np.float64)
        linear = hz * 3 / 200
        return np.where(hz < 1000, linear, 15 + np.log(np.maximum(hz, 1e-9) / 1000) / (np.log(6.4) / 27))

    def to_hz(mel):
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))

    edges = to_hz(np.linspace(to_mel(0.0), to_mel(RATE / 2), N_MELS + 2))
    bins = np.linspace(0, RATE / 2, N_FFT // 2 + 1)
    rising = (bins[None] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins[None]) / (edges[2:] - edges[1:-1])[:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


_FILTERS = filters()
_HANN = (0.5 * (1 - np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT))).astype(np.float32)


def log_mel(wave, count=FRAMES):
    """float32 sound of at most `count` 10 ms frames at 16 kHz -> (80, count); the rest is silence."""
    wave = np.asarray(wave, dtype=np.float32)[: count * HOP]
    if len(wave) < N_FFT:
        wave = np.pad(wave, (0, N_FFT - len(wave)))
    padded = np.zeros(count * HOP + N_FFT, dtype=np.float32)
    half = N_FFT // 2
    padded[half : half + len(wave)] = wave
    padded[:half] = wave[1 : half + 1][::-1]
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP][:count]
    power = np.abs(scipy.fft.rfft(frames * _HANN, axis=1)) ** 2
    mel = np.log10(np.maximum(power @ _FILTERS.T, 1e-10))
    mel = np.maximum(mel, mel.max() - 8)
    return ((mel + 4) / 4).T.astype(np.float32)
