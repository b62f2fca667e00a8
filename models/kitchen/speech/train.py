"""`cook.py train`: learns from clips composed on the fly, replaying each a few times."""

import collections
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import compose
from model import EN, EOT, FR, NO_TIMESTAMPS, ROW, SOT, STEP, TIMESTAMPS, TRANSCRIBE, LABEL_IDS, Shape, Whisper, log_softmax
from pool import Pool
from words import LABELS

IGNORE = -100
LENGTHS = (64, 128, 176, 256)  # encoder positions of a batch
LANGUAGE_TOKEN = {"en": EN, "fr": FR}


def target(clip, with_times):
    """(input rows, output rows) of one clip; the prompt's outputs are ignored."""
    prompt = [SOT, LANGUAGE_TOKEN[clip.language], TRANSCRIBE]
    said = []
    if with_times:
        for label, (begin, end) in zip(clip.labels, clip.times):
            stamp = [TIMESTAMPS[min(len(TIMESTAMPS) - 1, round(t / STEP))] for t in (begin, end)]
            said += [stamp[0], LABEL_IDS[label], stamp[1]]
    else:
        prompt.append(NO_TIMESTAMPS)
        said = [LABEL_IDS[label] for label in clip.labels]
    tokens = [ROW[t] for t in prompt + said + [EOT]]
    outputs = [IGNORE] * (len(prompt) - 1) + tokens[len(prompt):]
    return tokens[:-1], outputs


class Clips(torch.utils.data.IterableDataset):
    """Endless composed clips, ready for the batch; one stream of random numbers a worker."""

    def __init__(self, folder, *about):
        self.folder, self.about = folder, about

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        torch.set_num_threads(1)
        seed, *about = self.about
        composer = compose.Composer(Pool(self.folder), [seed, worker.id], *about)
        while True:
            clip = composer.clip()
            timed = len(clip.times) == len(clip.labels) > 0 and composer.rng.random() < 0.35
            yield clip.mel.astype(np.float16), target(clip, timed), [LABELS.index(x) + 1 for x in clip.labels], clip.positions


class Replay:
    """Keeps the latest clips by length, so that each is seen several times."""

    def __init__(self, size, rng):
        self.rng = rng
        self.clips = {n: collections.deque(maxlen=size) for n in LENGTHS}

    def add(self, clips):
        for clip in clips:
            self.clips[clip[3]].append(clip)

    def draw(self, count, full):
        """Clips, the length to pad them to (with odds `full` all of it, as at use), their place."""
        odds = np.array([len(self.clips[n]) for n in LENGTHS], dtype=float)
        length = LENGTHS[self.rng.choice(len(LENGTHS), p=odds / odds.sum())]
        kept = self.clips[length]
        clips = [kept[k] for k in self.rng.integers(len(kept), size=count)]
        if self.rng.random() < full:
            length = LENGTHS[-1]
        return clips, length, 2 * int(self.rng.integers((LENGTHS[-1] - length) // 2 + 1))


def collate(clips, length=256, first=0):
    """A batch of `length` positions that sits at position `first`: timestamps move along."""
    mel = torch.from_numpy(np.stack([c[0] for c in clips])).float()
    if mel.shape[2] < 2 * length:  # silence up to the length, as whisper.cpp pads
        silence = mel.amax((1, 2), keepdim=True) - 2
        mel = torch.cat([mel, silence.expand(-1, 80, 2 * length - mel.shape[2])], dim=2)
    longest = max(len(c[1][0]) for c in clips)
    rows = torch.full((len(clips), longest), ROW[EOT])
    wanted = torch.full((len(clips), longest), IGNORE)
    for k, (_, (inputs, outputs), _, _) in enumerate(clips):
        rows[k, : len(inputs)] = torch.tensor(inputs)
        wanted[k, : len(outputs)] = torch.tensor(outputs)
    for table in (rows, wanted):
        table[table >= ROW[TIMESTAMPS[0]]] += first // 2
    labels = [c[2] for c in clips]
    return mel, rows, wanted, labels, first


def mel_shift(mel, rng):
    """Shifts a clip's mel bands by up to three (a longer or shorter vocal tract) and its level."""
    shift = int(rng.integers(-2, 3))
    if shift:
        mel = torch.roll(mel, shift, dims=1)
        if shift > 0:
            mel[:, :shift] = mel[:, shift : shift + 1]
        else:
            mel[:, shift:] = mel[:, shift - 1 : shift]
    return mel + float(rng.normal(0, 0.1))


def loss_of(model, batch, ctc_weight, smoothing=0.02):
    mel, rows, wanted, labels, first = batch
    # All arithmetic in bfloat16 (fast on CPUs that have it), the weights themselves in float32.
    weights = {k: v.bfloat16() for k, v in (*model.named_parameters(), *model.named_buffers())}
    logits, frames = torch.func.functional_call(model, weights, (mel.bfloat16(), rows, first))
    log_p = log_softmax(logits)
    known = wanted != IGNORE
    picked = log_p.gather(-1, wanted.clamp(min=0)[..., None])[..., 0]
    smooth = log_p[..., : len(LABELS) + 1].mean(-1)
    stamps = wanted >= ROW[TIMESTAMPS[0]]
    each = torch.where(stamps, -0.25 * picked, -(1 - smoothing) * picked - smoothing * smooth)
    loss = (each * known).sum() / known.sum()
    right = ((log_p[..., : len(LABELS) + 1].argmax(-1) == wanted) & known & ~stamps).sum() / (known & ~stamps).sum()
    if ctc_weight:
        lengths = torch.tensor([len(x) for x in labels])
        flat = torch.tensor([x for each in labels for x in each])
        ctc = F.ctc_loss(frames.log_softmax(-1).transpose(0, 1), flat,
                         torch.full((len(labels),), frames.shape[1]), lengths, zero_infinity=True)
        return loss + ctc_weight * ctc, float(right), float(ctc.detach())
    return loss, float(right), 0.0


def run(work, name, seed, minutes, rate, stage, recordings, exclude, start, replay=8, batch=64, steps=None, threads=1):
    """Trains for `minutes` (or `steps`) and writes work/<name>.pt; averages the last weights."""
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    rng = np.random.default_rng([seed, 9])
    model = Whisper(Shape())
    if start:
        model.load_state_dict(torch.load(Path(work) / f"{start}.pt", weights_only=True))
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.997))
    decay = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim < 2]
    optimiser = torch.optim.AdamW([{"params": decay, "weight_decay": 0.02}, {"params": rest, "weight_decay": 0}],
                                  lr=rate, betas=(0.9, 0.98))
    weights = compose.WITH_RECORDINGS if recordings else compose.SYNTHETIC
    data = torch.utils.data.DataLoader(Clips(Path(work) / "voices", seed, weights, stage, exclude), batch_size=batch,
                                       num_workers=1, collate_fn=list, prefetch_factor=8)
    kept, fresh = Replay(5_000, rng), iter(data)
    for _ in range(8):
        kept.add(next(fresh))
    began, step, shown = time.monotonic(), 0, [0.0, 0.0, 0.0]
    while True:
        gone = step / steps if steps else (time.monotonic() - began) / 60 / minutes
        if gone >= 1:
            break
        now = rate * min(1, (step + 1) / 120) * (0.5 * (1 + math.cos(math.pi * gone)) * 0.98 + 0.02)
        for group in optimiser.param_groups:
            group["lr"] = now
        if step % replay == 0:
            kept.add(next(fresh))
        clips = collate(*kept.draw(batch, 0.02 if stage == "words" else 0.12))
        loss, right, ctc = loss_of(model, (mel_shift(clips[0], rng), *clips[1:]), 0.3 if gone < 0.8 else 0.1)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        average.update_parameters(model)
        step += 1
        if step in (5, 20):
            print(f"{name} step {step} {(time.monotonic() - began):.0f} s", flush=True)
        shown = [0.98 * a + 0.02 * b for a, b in zip(shown, (float(loss.detach()), right, ctc))]
        if step % 50 == 0:
            minute = (time.monotonic() - began) / 60
            fix = 1 - 0.98**step
            print(f"{name} step {step} {minute:.1f} min loss {shown[0] / fix:.3f} "
                  f"tokens right {shown[1] / fix:.4f} ctc {shown[2] / fix:.3f}", flush=True)
            torch.save(average.module.state_dict(), Path(work) / f"{name}.pt")
    torch.save(average.module.state_dict(), Path(work) / f"{name}.pt")
    print(f"{name}: {step} steps", flush=True)
