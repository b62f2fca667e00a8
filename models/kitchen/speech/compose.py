"""Puts clips together from the pool: digits, gaps, hesitations, other words, then the line."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

import augment
from mel import HOP, log_mel
from pool import RATE
from words import LANGUAGES, OTHER

# How often each engine speaks, by language; engines absent from the pool drop out.
SYNTHETIC = {
    "en": {"espeak": 0.30, "flite": 0.30, "festival": 0.25, "pico": 0.15},
    "fr": {"espeak": 0.45, "pico": 0.33, "festival": 0.10, "flite": 0.12},
}
WITH_RECORDINGS = {
    "en": SYNTHETIC["en"] | {"fsdd": 1.5},
    "fr": SYNTHETIC["fr"] | {"recorded-fr": 0.25},
}


# Odds of the clips' lengths in encoder positions (20 ms each), by stage of the training.
STAGES = {
    "words": {64: 0.75, 128: 0.25},
    "strings": {64: 0.68, 128: 0.26, 176: 0.04, 256: 0.02},
}
# How many pieces are tried, by length: what does not fit is left out.
COUNTS = {64: (1, 1, 2, 2), 128: (2, 3, 3, 3, 4), 176: (3, 3, 4, 4, 5), 256: (3, 4, 5, 6, 7)}


@dataclass
class Clip:
    """One training example: what is heard and what is to be written."""

    mel: np.ndarray  # (80, 2 * positions)
    language: str
    labels: str  # digits and OTHER
    times: list = field(default_factory=list)  # (begin, end) in seconds per label, or empty
    positions: int = 256


class Composer:
    """Draws clips; `exclude` names sources that must not be heard."""

    def __init__(self, pool, seed, weights, stage, exclude=()):
        self.pool, self.rng, self.weights = pool, np.random.default_rng(seed), weights
        self.lengths = STAGES[stage]
        self.rough = 0.5 if stage == "words" else 0.7  # share of clips that get a room and noise
        self.voices = {lang: defaultdict(dict) for lang in LANGUAGES}
        for piece in pool.pieces:
            if piece.source in exclude:
                continue
            voice = self.voices[piece.language][piece.engine].setdefault(piece.speaker, defaultdict(list))
            kind = piece.labels if len(piece.labels) < 2 else "string"
            voice[kind].append(piece)
        self.names = {lang: {e: sorted(v) for e, v in engines.items()} for lang, engines in self.voices.items()}
        self.bank = augment.noise_bank(pool, np.random.default_rng([seed, 1]))

    def voice(self, language):
        engines = [e for e in self.weights[language] if e in self.names[language]]
        odds = np.array([self.weights[language][e] for e in engines])
        engine = engines[self.rng.choice(len(engines), p=odds / odds.sum())]
        names = self.names[language][engine]
        return self.voices[language][engine][names[self.rng.integers(len(names))]]

    def piece(self, voice, kind):
        return voice[kind][self.rng.integers(len(voice[kind]))] if voice.get(kind) else None

    def sequence(self, language, positions):
        """Pieces in the order they are said."""
        rng, voice = self.rng, self.voice(language)
        count = rng.choice(COUNTS[positions])
        pieces = []
        if rng.random() < (0.1 if positions == 64 else 0.22) and voice.get("string"):
            pieces.append(self.piece(voice, "string"))
            count = max(0, count - 2)
        for _ in range(count):
            speaker = self.voice(language) if rng.random() < 0.12 else voice
            pieces.append(self.piece(speaker, str(rng.integers(10))))
        for kind, often in (("", 0.15), (OTHER, 0.16)):
            if rng.random() < often:
                # a voice without such words borrows them: what counts is that they are no digits
                donor = voice if voice.get(kind) else self.voice(language)
                for _ in range(rng.choice([1, 1, 1, 2, 3])):
                    pieces.insert(rng.integers(len(pieces) + 1), self.piece(donor, kind))
        return [p for p in pieces if p is not None]

    def joined(self, pieces, positions):
        """(sound, labels, times, end); pieces that no longer fit are left out."""
        rng, size = self.rng, positions * 2 * HOP
        out = np.zeros(size, dtype=np.float32)
        at = int(rng.choice([rng.uniform(0, 0.1), rng.uniform(0, 0.1), rng.uniform(0, 0.1 * size / RATE)]) * RATE)
        factor, tight = np.exp(rng.normal(0.05, 0.1)), rng.random() < 0.4
        labels, times, last = "", [], 0.0
        for piece in pieces:
            wave = self.pool.wave(piece)
            wave = augment.speed(wave, factor * np.exp(rng.normal(0, 0.02)))
            wave = wave * 10 ** (rng.normal(0, 2) / 20)
            if at + len(wave) > size:
                break
            out[at : at + len(wave)] += wave
            begin, end = at / RATE, (at + len(wave)) / RATE
            last = max(last, end)
            if len(piece.labels) > 1:
                times = None
            if not (piece.labels == OTHER and labels.endswith(OTHER)):
                labels += piece.labels
                if times is not None and piece.labels:
                    times.append((begin, end))
            elif times:
                times[-1] = (times[-1][0], end)
            gap = rng.uniform(-0.03, 0.06) if tight else abs(rng.choice([rng.uniform(0, 0.3), rng.uniform(0, 0.3), rng.normal(0, 0.5)]))
            at = max(0, at + len(wave) + int(gap * RATE))
        return out, labels, times or [], last

    def clip(self):
        rng = self.rng
        language = LANGUAGES[rng.integers(2)]
        positions = int(rng.choice(list(self.lengths), p=list(self.lengths.values())))
        if rng.random() < 0.04:  # nobody speaks
            level = 10 ** (-rng.uniform(5, 70) / 20)
            wave = augment.add_noise(np.zeros(positions * 2 * HOP, np.float32), self.bank[:12], rng, level)
            mel = log_mel(np.clip(wave, -1, 1), positions * 2)
            return Clip(self.spec_augment(mel), language, "", [], positions)
        if rng.random() < 0.04:  # the other language: other words, whatever they are
            other = LANGUAGES[1 - LANGUAGES.index(language)]
            pieces = [p for p in self.sequence(other, positions) if not set(p.labels) & set("06")]
            wave, labels, times, end = self.joined(pieces, positions)
            labels, times = (OTHER if labels else ""), [(times[0][0], times[-1][1])] if times else []
        else:
            wave, labels, times, end = self.joined(self.sequence(language, positions), positions)
        if rng.random() < self.rough:
            wave = augment.through(wave, rng)
        if rng.random() < self.rough:
            wave = augment.add_noise(wave, self.bank, rng)
        wave = augment.end_of_line(wave, rng)
        if rng.random() < 0.4:  # files end soon after the last word
            wave = wave[: int((end + rng.uniform(0.05, 0.6)) * RATE)]
        return Clip(self.spec_augment(log_mel(wave, positions * 2)), language, labels, times, positions)

    def spec_augment(self, mel):
        """Masks up to two bands and two short moments with the floor."""
        rng, floor = self.rng, max(mel.min(), mel.max() - 2)
        if rng.random() < 0.5:
            for _ in range(rng.integers(1, 3)):
                at = rng.integers(0, 72)
                mel[at : at + rng.integers(1, 9)] = floor
        if rng.random() < 0.3:
            for _ in range(rng.integers(1, 3)):
                at = rng.integers(0, mel.shape[1] - 8)
                mel[:, at : at + rng.integers(1, 7)] = floor
        return mel
