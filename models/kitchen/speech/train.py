"""`cook.py train`: learns from clips that are put together on the fly; none is heard twice."""

import itertools
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F

import compose
import write
from model import (EN, EOT, FR, LABEL_IDS, NO_TIMESTAMPS, ORDINALS, ROW, SOT, STEP, TIMESTAMPS, TRANSCRIBE, WORDS,
                   Shape, Whisper, log_softmax)
from muon import Muon
from words import LABELS, LANGUAGES, OTHER

IGNORE = -100
LANGUAGE_TOKEN = {"en": EN, "fr": FR}
POSITIONS_A_BATCH = 3_072


def target(clip, with_times):
    """(input rows, output rows, label number of each output or -1) of one clip; the prompt's outputs are ignored."""
    prompt = [SOT, LANGUAGE_TOKEN[clip.language], TRANSCRIBE]
    said, which = [], []
    for number, label in enumerate(clip.labels):
        if with_times:
            stamps = [TIMESTAMPS[min(len(TIMESTAMPS) - 1, round(t / STEP))] for t in clip.times[number]]
            said += [stamps[0], LABEL_IDS[label], stamps[1]]
            which += [number] * 3
        else:
            said.append(LABEL_IDS[label])
            which.append(number)
    if not with_times:
        prompt.append(NO_TIMESTAMPS)
    tokens = [ROW[t] for t in prompt + said + [EOT]]
    before = [IGNORE] * (len(prompt) - 1)
    return tokens[:-1], before + tokens[len(prompt):], [-1] * len(before) + which + [-1]


def frames(clip):
    """Two rows of (positions,): the word at each 20 ms (0: none) and the ordinal of its label; IGNORE where unknown."""
    words = np.zeros(clip.positions, dtype=np.int64)
    order = np.full(clip.positions, IGNORE, dtype=np.int64)
    if len(clip.labels) and not clip.words:
        words[:] = IGNORE
    for language, label, begin, end in clip.words:
        kind = 21 if label == OTHER else 1 + 10 * LANGUAGES.index(language) + int(label)
        words[round(begin / 0.02) : round(end / 0.02)] = kind
    if len(clip.times) == len(clip.labels):
        for number, (begin, end) in enumerate(clip.times):
            order[round(begin / 0.02) : round(end / 0.02)] = min(number, ORDINALS - 1)
    return words, order


class Batches(torch.utils.data.IterableDataset):
    """Endless batches; one stream of random numbers a worker."""

    def __init__(self, young, *about):
        self.young, self.about = young, about

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        torch.set_num_threads(1)
        work, seed, *about = self.about
        composer = compose.Composer(work, np.hstack([seed, worker.id]), *about)
        for number in itertools.count():
            lengths = compose.lengths(number if self.young else None)
            positions = int(composer.rng.choice(list(lengths), p=list(lengths.values())))
            clips = [composer.clip(positions) for _ in range(POSITIONS_A_BATCH // positions)]
            yield collate(clips, composer.rng)


def collate(clips, rng):
    """Tensors: mel, rows in, rows wanted, (B, rows, 2) positions of each wanted label, words, ordinals."""
    texts = [target(c, len(c.times) == len(c.labels) > 0 and rng.random() < 0.15) for c in clips]
    longest = max(len(t[0]) for t in texts)
    rows = torch.full((len(clips), longest), ROW[EOT])
    wanted = torch.full((len(clips), longest), IGNORE)
    spans = torch.zeros(len(clips), longest, 2, dtype=torch.long)
    for k, (clip, (inputs, outputs, which)) in enumerate(zip(clips, texts)):
        rows[k, : len(inputs)] = torch.tensor(inputs)
        wanted[k, : len(outputs)] = torch.tensor(outputs)
        if len(clip.times) == len(clip.labels):
            for j, number in enumerate(which):
                if number >= 0:
                    begin, end = clip.times[number]
                    spans[k, j] = torch.tensor([round(begin / 0.02), max(1, round(end / 0.02))])
    labels = np.stack([np.stack(frames(c)) for c in clips])
    mel = torch.from_numpy(np.stack([c.mel for c in clips]))
    return mel, rows, wanted, spans, torch.from_numpy(labels)


def attention_loss(weights, spans):
    """How little of the decoder's attention lies on the word that it is to write; half of the heads are taught.

    `weights` (B, heads, rows, positions); `spans` (B, rows, 2), 0 to 0 where unknown.
    """
    taught = weights[:, : weights.shape[1] // 2].float().mean(1)
    place = torch.arange(taught.shape[-1])
    inside = (place >= spans[..., :1] - 1) & (place < spans[..., 1:] + 1)
    known = spans[..., 1] > 0
    mass = (taught * inside).sum(-1).clamp(1e-4)
    return -(mass.log() * known).sum() / known.sum().clamp(1)


def loss_of(model, batch, smoothing=0.02):
    mel, rows, wanted, spans, labels = batch
    # All arithmetic in bfloat16 (fast on CPUs that have it), the weights themselves in float32.
    weights = {k: v.bfloat16() for k, v in (*model.named_parameters(), *model.named_buffers())}
    logits, words, order, looked = torch.func.functional_call(model, weights, (mel.bfloat16(), rows))
    log_p = log_softmax(logits)
    known = wanted != IGNORE
    picked = log_p.gather(-1, wanted.clamp(min=0)[..., None])[..., 0]
    smooth = log_p[..., : len(LABELS) + 1].mean(-1)
    stamps = wanted >= ROW[TIMESTAMPS[0]]
    each = torch.where(stamps, -0.25 * picked, -(1 - smoothing) * picked - smoothing * smooth)
    loss = (each * known).sum() / known.sum()
    right = ((log_p[..., : len(LABELS) + 1].argmax(-1) == wanted) & known & ~stamps).sum() / (known & ~stamps).sum()
    heard = F.cross_entropy(words.flatten(0, 1), labels[:, 0].flatten(), ignore_index=IGNORE)
    counted = F.cross_entropy(order.flatten(0, 1), labels[:, 1].flatten(), ignore_index=IGNORE)
    seen = sum(attention_loss(each, spans) for each in looked)
    parts = [float(x.detach()) for x in (loss, right, heard, counted, seen)]
    return loss + 0.5 * heard + 0.2 * counted + 0.1 * seen, parts


def mean_of(files):
    """The mean of several weights (of models that come from the same one)."""
    all_weights = [torch.load(file, weights_only=True) for file in files]
    return {key: sum(w[key] for w in all_weights) / len(files) for key in all_weights[0]}


def together(model, more):
    """Averages the gradients over the processes that train together, and `more`, a number; a no-op where there is one."""
    if not dist.is_initialized():
        return more
    gradients = [p.grad for p in model.parameters()]
    flat = torch.cat([*(g.flatten() for g in gradients), torch.tensor([float(more)])])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for gradient, part in zip(gradients, flat[:-1].split([g.numel() for g in gradients])):
        gradient.copy_(part.view_as(gradient))
    return float(flat[-1])


def _joined(rank, size, meeting, arguments):
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=size)
    learn(**arguments, rank=rank)
    dist.destroy_process_group()


def run(work, name, processes=1, **arguments):
    """Trains (see `learn`) in several processes that hear different clips and step together."""
    if processes == 1:
        return learn(work, name, **arguments)
    with tempfile.TemporaryDirectory() as folder:
        arguments |= {"work": work, "name": name}
        torch.multiprocessing.spawn(_joined, (processes, f"{folder}/meeting", arguments), processes)


def learn(work, name, seed, minutes, rate, recordings, exclude, start, steps=None, threads=1, warmup=60, rank=0):
    """Trains for `minutes` of the processor's time (or `steps`) and writes <work>/<name>.pt: the running average of the weights."""
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    work = Path(work)
    model = Whisper(Shape())
    if start and start[0].endswith(".bin"):
        model.load_state_dict(write.read(start[0]), strict=False)  # the heads of training alone begin anew
    elif start:
        model.load_state_dict(mean_of([work / f"{each}.pt" for each in start]))
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9))
    optimiser = Muon(model, rate)
    sources = compose.WITH_RECORDINGS if recordings else compose.SYNTHETIC
    batches = Batches(not start, work, seed if rank == 0 else [seed, rank], sources, exclude)
    fresh = iter(torch.utils.data.DataLoader(batches, batch_size=None, num_workers=1, prefetch_factor=6))
    began, step, clips, shown, over, ends = time.process_time(), 0, 0, np.zeros(5), False, steps
    while not over:
        spent = (time.process_time() - began) / 60
        # A file asks for the end: how much time a shared machine gives is not known before.
        enough = rank == 0 and (spent > 0.7 * minutes or (work / f"{name}.down").exists())
        # Warm-up, a plateau, and a way down over the last 28 % of the steps.
        left = 1.0 if ends is None else (ends - step) / max(1, 0.28 * ends)
        now = rate * min(1, (step + 1) / warmup) * min(1.0, max(0.02, left))
        batch = next(fresh)
        loss, parts = loss_of(model, batch)
        model.zero_grad(set_to_none=True)
        loss.backward()
        if together(model, enough) > 0 and ends is None:
            ends = int(step * 1.4) + 40
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step(now)
        step, clips = step + 1, clips + len(batch[0])
        shown = 0.97 * shown + 0.03 * np.array(parts)
        over = ends is not None and step >= ends
        if step % 8 == 0 or over:
            average.update_parameters(model)
        if rank == 0 and (step % 50 == 0 or over):
            parts = shown / (1 - 0.97**step)
            print(f"{name} step {step} {spent:.1f} min {clips} clips: text {parts[0]:.3f} right {parts[1]:.4f} "
                  f"words {parts[2]:.3f} order {parts[3]:.3f} attention {parts[4]:.3f}", flush=True)
            torch.save(average.module.state_dict(), work / f"{name}.pt")
