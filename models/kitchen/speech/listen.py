"""Listens with a trained model: the scores that the Rust crate computes, in PyTorch."""

import numpy as np
import torch

import q6k
from mel import log_mel
from model import EN, EOT, FR, LABEL_IDS, NO_TIMESTAMPS, ROW, SOT, TRANSCRIBE, Whisper
from words import LABELS

PROMPT = {"en": [ROW[t] for t in (SOT, EN, TRANSCRIBE, NO_TIMESTAMPS)],
          "fr": [ROW[t] for t in (SOT, FR, TRANSCRIBE, NO_TIMESTAMPS)]}
CHOICES = [ROW[LABEL_IDS[label]] for label in LABELS] + [ROW[EOT]]
LONGEST = 8


def load(path):
    """The model as the file holds it, its matrices rounded."""
    model = Whisper()
    weights = torch.load(path, weights_only=True)
    model.load_state_dict({name: q6k.rounded(p) if q6k.is_matrix(name, p) else p for name, p in weights.items()})
    return model.eval()


def gain(wave):
    """Brings the peak to 0.3, as the Rust crate does before it listens."""
    return 0.3 / max(1e-4, float(np.max(np.abs(wave))))


@torch.inference_mode()
def encode(model, waves, batch=32, level=False):
    """[(n,) sound] -> (B, 256, state)."""
    mels = torch.from_numpy(np.stack([log_mel(w * (gain(w) if level else 1)) for w in waves]))
    return torch.cat([model.encoder(mels[k : k + batch]) for k in range(0, len(mels), batch)])


def logits(model, rows, sound):
    """(n, T) rows -> (n, T, rows) of one clip's (256, state)."""
    return model.decoder(rows, sound.expand(len(rows), -1, -1))


@torch.inference_mode()
def scores(model, sound, language, strings):
    """log P(string and nothing more | sound, digits only) for one clip's (256, state)."""
    longest = max(map(len, strings))
    rows = torch.full((len(strings), 4 + longest), ROW[EOT])
    rows[:, :4] = torch.tensor(PROMPT[language])
    for k, string in enumerate(strings):
        for j, label in enumerate(string):
            rows[k, 4 + j] = ROW[LABEL_IDS[label]]
    log_p = logits(model, rows, sound)[:, 3:, CHOICES].log_softmax(-1)
    out = []
    for k, string in enumerate(strings):
        places = [LABELS.index(label) for label in string] + [len(LABELS)]
        out.append(sum(float(log_p[k, j, place]) for j, place in enumerate(places)))
    return out


@torch.inference_mode()
def hear(model, sound, language, width=8):
    """The likeliest strings of one clip, best first: [(string, log probability)]."""
    beams, done = [("", 0.0)], []
    for length in range(LONGEST + 1):
        rows = torch.tensor([PROMPT[language] + [ROW[LABEL_IDS[c]] for c in s] for s, _ in beams])
        log_p = logits(model, rows, sound)[:, -1, CHOICES].log_softmax(-1).numpy()
        longer = []
        for (string, score), odds in zip(beams, log_p):
            done.append((string, score + float(odds[-1])))
            longer += [(string + LABELS[j], score + float(odds[j])) for j in range(len(LABELS))]
        beams = sorted(longer, key=lambda b: -b[1])[:width]
        best = max(score for _, score in done)
        if beams[0][1] < best - 12:
            break
    return sorted(done, key=lambda d: -d[1])
