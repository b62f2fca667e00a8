"""`cook.py train`: short drawn pieces with known places first, labelled lines beside them, on one thread."""

import collections
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F

import degrade
import lines
from model import STEP, Lines, greedy


def classes(kind, text):
    return [kind.SYMBOLS.index(c) + 1 for c in text]


def piece(kind, rng, hard):
    """A drawn piece: (picture [32, PIECE], classes, column of each symbol's centre, columns of each symbol)."""
    image, text, centres, widths = kind.piece(rng, hard)
    return lines.normal(image), classes(kind, text), np.array(centres), np.array(widths)


def places(centres, widths, wanted, steps):
    """The class of each step: the symbol near its centre, the blank between two, -100 where either may be."""
    out = np.zeros(steps, np.int64)
    middle = (np.arange(steps) + 0.5) * STEP
    for centre, width in zip(centres, widths):
        out[np.abs(middle - centre) < 0.4 * width] = -100
    for centre, width, label in zip(centres, widths, wanted):
        off = np.abs(middle - centre)
        out[off < 0.2 * width] = label
        out[int(off.argmin())] = label
    return out


class Labelled:
    """Labelled lines that were not kept out, made harder in their own way."""

    def __init__(self, kind, folder):
        self.kind = kind
        self.all = [(name, text) for name, text in lines.files(folder, kind.SYMBOLS) if not lines.kept_out(name.name)]
        pictures = [(lines.grey(name), text, "font_generate" in name.name) for name, text in self.all]
        self.hard = [(p, t) for p, t, made in pictures if not made]
        self.easy = [(p, t) for p, t, made in pictures if made]

    def draw(self, rng, count, hard):
        """`count` lines of one width: (pictures, classes, widths)."""
        out = []
        for _ in range(count):
            of = self.hard if rng.random() < 0.75 or not self.easy else self.easy
            image, text = of[int(rng.integers(len(of)))]
            if rng.random() < 0.75:
                image = self.worn(rng, image, hard)
            width = round(len(text) * rng.uniform(11.5, 19))
            out.append((lines.normal(lines.to_height(image, width)), classes(self.kind, text), width))
        return out

    @staticmethod
    def worn(rng, image, hard):
        margin = int(rng.uniform(0, 14))
        image = np.pad(image, ((margin, int(rng.uniform(0, 14))), (int(rng.uniform(0, 12)), int(rng.uniform(0, 12)))),
                       constant_values=1.0)
        kind = rng.random()
        if kind < 0.35:
            k = degrade.kernel(rng, 2, 5)
            image = (cv2.erode if rng.random() < 0.5 else cv2.dilate)(image, k)
        ink = cv2.GaussianBlur(1 - image, (0, 0), rng.uniform(0.4, 1.6))
        if kind < 0.6:
            return degrade.photographed(rng, ink, 0, 0.5 * hard)
        image = degrade.bent(rng, 1 - ink, 1.0, 1.0)
        return degrade.binarised(rng, image) if rng.random() < 0.5 else image


class Pieces:
    """The latest pieces, each seen several times, a pixel or two aside."""

    def __init__(self, kind, size=6000):
        self.kind = kind
        self.kept = collections.deque(maxlen=size)

    def draw(self, rng, count, fresh, hard):
        self.kept.extend(piece(self.kind, rng, hard) for _ in range(fresh if self.kept else 40 * fresh))
        out = []
        for k in rng.integers(len(self.kept), size=count):
            picture, wanted, centres, widths = self.kept[k]
            aside = centres[0] > widths[0] and centres[-1] < lines.PIECE - widths[-1]
            across = int(rng.integers(-2, 3)) if aside else 0
            picture = np.roll(picture, (int(rng.integers(-1, 2)), across), (0, 1))
            out.append((picture, wanted, centres + across, widths))
        return out


def batch_of_pieces(pieces):
    count = len(pieces)
    steps = lines.PIECE // STEP
    where = np.stack([places(c, widths, w, steps) for _, w, c, widths in pieces])
    pictures = torch.from_numpy(np.stack([p[0] for p in pieces]))[:, None]
    return pictures, [p[1] for p in pieces], np.full(count, steps), torch.from_numpy(where)


def some(kind, seed, count=96):
    """Drawn pieces as the network is fed them, [count, 1, 32, PIECE]."""
    rng = np.random.default_rng([seed, 9])
    return torch.from_numpy(np.stack([piece(kind, rng, 1.0)[0] for _ in range(count)]).astype(np.float32))[:, None]


def batch_of_lines(found):
    widest = -(-max(w for _, _, w in found) // STEP) * STEP
    padded = [np.pad(p, ((0, 0), (0, widest - w)), mode="edge") for p, _, w in found]
    pictures = torch.from_numpy(np.stack(padded).astype(np.float32))[:, None]
    return pictures, [c for _, c, _ in found], np.array([-(-w // STEP) for _, _, w in found]), None


def loss_of(kind, model, batch, frame_weight, half):
    pictures, wanted, steps, where = batch
    pictures = pictures.to(memory_format=torch.channels_last)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
        scores = model(pictures)
    log_p = F.log_softmax(scores.float(), -1)
    loss = F.ctc_loss(log_p.transpose(0, 1), torch.tensor([c for w in wanted for c in w]),
                      torch.tensor(steps), torch.tensor([len(w) for w in wanted]), zero_infinity=True)
    if where is not None:
        loss = loss + frame_weight * F.nll_loss(log_p.flatten(0, 1), where.flatten(), ignore_index=-100)
    with torch.no_grad():
        texts_read = [greedy(s[:n], kind.SYMBOLS) for s, n in zip(scores, steps)]
        right = np.mean([classes(kind, t) == w for t, w in zip(texts_read, wanted)])
    return loss, float(right)


def run(kind, work, name, folder, seed, steps, minutes, rate, start, half, batch=48):
    """Trains `steps` steps (or `minutes`) and writes <work>/<name>.pt: the running mean of the weights."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rng = np.random.default_rng([seed, 3])
    work = Path(work)
    work.mkdir(parents=True, exist_ok=True)
    model = Lines(kind)
    if start:
        model.load_state_dict(torch.load(work / f"{start}.pt", weights_only=True))
    model.to(memory_format=torch.channels_last)
    mean = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9), use_buffers=True)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.02)
    labelled, pieces = Labelled(kind, folder) if folder else None, Pieces(kind)
    began, step, shown, gone = time.monotonic(), 0, {"pieces": [0, 0, 0], "lines": [0, 0, 0]}, 0.0
    while gone < 1:
        gone = step / steps if steps else (time.monotonic() - began) / 60 / minutes
        # One cycle: up over the first twentieth, down along a cosine.
        now = rate * min(1, (step + 1) / 150) * (0.5 + 0.5 * np.cos(np.pi * min(1, gone)) + 0.01)
        for group in optimiser.param_groups:
            group["lr"] = now
        hard = 1.0 if start else float(min(1, 0.2 + 2.5 * gone))
        use_lines = labelled and step % 2 == 1 and (start or gone > 0.12)
        batch_now = (batch_of_lines(labelled.draw(rng, batch // 4, hard)) if use_lines
                     else batch_of_pieces(pieces.draw(rng, batch, batch // 5, hard)))
        loss, right = loss_of(kind, model, batch_now, 1.0 if gone < 0.5 else 0.3, half)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimiser.step()
        step += 1
        about = shown["lines" if use_lines else "pieces"]
        about[:] = [about[0] + 1, about[1] + loss.item(), about[2] + right]
        if step % 8 == 0:
            mean.update_parameters(model)
        if step % 100 == 0 or gone >= 1:
            said = " ".join(f"{k}: loss {a[1] / a[0]:.4f} right {a[2] / a[0]:.3f}" for k, a in shown.items() if a[0])
            print(f"step {step} {(time.monotonic() - began) / 60:.1f} min rate {now:.5f} {said}", flush=True)
            shown = {"pieces": [0, 0, 0], "lines": [0, 0, 0]}
            torch.save({k: v.contiguous() for k, v in mean.module.state_dict().items()}, work / f"{name}.pt")
