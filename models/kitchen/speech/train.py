"""`cook.py train`: learns from clips composed on the fly, replaying each a few times."""

import collections
import math
import tempfile
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


def frames(clip):
    """(positions,) what is being said at each 20 ms: 0 nothing, else a label's number + 1; IGNORE where unknown."""
    out = np.zeros(clip.positions, dtype=np.int64)
    if len(clip.times) != len(clip.labels):
        out[:] = IGNORE
        return out
    for label, (begin, end) in zip(clip.labels, clip.times):
        out[round(begin / 0.02) : round(end / 0.02)] = LABELS.index(label) + 1
    return out


class Clips(torch.utils.data.IterableDataset):
    """Endless composed clips, ready for the batch; one stream of random numbers a worker."""

    def __init__(self, folder, *about):
        self.folder, self.about = folder, about

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        torch.set_num_threads(1)
        seed, *about = self.about
        composer = compose.Composer(Pool(self.folder), [*seed, worker.id], *about)
        while True:
            clip = composer.clip()
            timed = len(clip.times) == len(clip.labels) > 0 and composer.rng.random() < 0.2
            yield clip.mel.astype(np.float16), target(clip, timed), frames(clip), clip.positions


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
    labels = torch.zeros(len(clips), length, dtype=torch.long)
    labels[:, : clips[0][3]] = torch.from_numpy(np.stack([c[2] for c in clips]))
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


def loss_of(model, batch, frame_weight, smoothing=0.02):
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
    framewise = F.cross_entropy(frames.flatten(0, 1), labels.flatten(), ignore_index=IGNORE)
    return loss + frame_weight * framewise, float(right), float(framewise.detach())


def mean_of(files):
    """The mean of several weights (of models that come from the same one)."""
    all_weights = [torch.load(file, weights_only=True) for file in files]
    return {key: sum(w[key] for w in all_weights) / len(files) for key in all_weights[0]}


def together(model, over):
    """Averages the weights of all learners; true when any of them says it is over."""
    with torch.no_grad():
        flat = torch.cat([torch.nn.utils.parameters_to_vector(model.parameters()), torch.tensor([float(over)])])
        torch.distributed.all_reduce(flat)
        torch.nn.utils.vector_to_parameters(flat[:-1] / torch.distributed.get_world_size(), model.parameters())
        return bool(flat[-1] > 0)


def run(work, name, learners=1, **how):
    """Trains and writes work/<name>.pt: several learners meet every few steps (one thread each)."""
    work = Path(work)
    if learners == 1:
        learn(0, 1, work, name, **how)
        return
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(_learner, (learners, work, name, folder, how), nprocs=learners)


def _learner(rank, learners, work, name, folder, how):
    torch.distributed.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=learners)
    learn(rank, learners, work, name, **how)


def learn(rank, learners, work, name, seed, minutes, rate, stage, recordings, exclude, start, steps=None,
          replay=8, batch=32, meet=16):
    """Trains for `minutes` (or `steps`); what is kept is the running average of the weights."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng([seed, 9, rank])
    model = Whisper(Shape())
    if start:
        model.load_state_dict(mean_of([work / f"{each}.pt" for each in start]))
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.95))
    decay = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim < 2]
    optimiser = torch.optim.AdamW([{"params": decay, "weight_decay": 0.02}, {"params": rest, "weight_decay": 0}],
                                  lr=rate, betas=(0.9, 0.98))
    weights = compose.WITH_RECORDINGS if recordings else compose.SYNTHETIC
    clips = Clips(work / "voices", [seed, rank], weights, stage, exclude)
    fresh = iter(torch.utils.data.DataLoader(clips, batch_size=batch, num_workers=1, collate_fn=list, prefetch_factor=8))
    kept = Replay(5_000, rng)
    for _ in range(8):
        kept.add(next(fresh))
    began, step, shown, over = time.monotonic(), 0, [0.0, 0.0, 0.0], False
    while not over:
        gone = step / steps if steps else (time.monotonic() - began) / 60 / minutes
        now = rate * min(1, (step + 1) / 120) * (0.5 * (1 + math.cos(math.pi * min(1, gone))) * 0.98 + 0.02)
        for group in optimiser.param_groups:
            group["lr"] = now
        if step % replay == 0:
            kept.add(next(fresh))
        mel, *rest = collate(*kept.draw(batch, 0.02 if stage == "words" else 0.05))
        loss, right, heard = loss_of(model, (mel_shift(mel, rng), *rest), 0.5)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        shown = [0.98 * a + 0.02 * b for a, b in zip(shown, (float(loss.detach()), right, heard))]
        if step % meet == 0:
            over = together(model, gone >= 1) if learners > 1 else gone >= 1
            average.update_parameters(model)
        if rank == 0 and (step % 64 == 0 or over):
            minute, fix = (time.monotonic() - began) / 60, 1 - 0.98**step
            print(f"{name} step {step} {minute:.1f} min loss {shown[0] / fix:.3f} "
                  f"tokens right {shown[1] / fix:.4f} frames {shown[2] / fix:.3f}", flush=True)
            torch.save(average.module.state_dict(), work / f"{name}.pt")
