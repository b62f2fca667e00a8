"""`cook.py train`: learns from clips that are put together on the fly; none is heard twice."""

import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

import compose
from model import EN, EOT, FR, LABEL_IDS, NO_TIMESTAMPS, ROW, SOT, STEP, TIMESTAMPS, TRANSCRIBE, Whisper
from words import LABELS

IGNORE = -100
LANGUAGE_TOKEN = {"en": EN, "fr": FR}
POSITIONS = 3_072  # of the encoder, in a batch; a GPU takes more
# What stays as OpenAI made it: the lower ear, which has heard more voices than we have.
KEPT = ("encoder.conv", *(f"encoder.blocks.{layer}." for layer in range(4)))


def target(clip, with_times):
    """(input rows, output rows) of one clip; the prompt's outputs are ignored."""
    prompt = [SOT, LANGUAGE_TOKEN[clip.language], TRANSCRIBE]
    said = []
    for number, label in enumerate(clip.labels):
        if with_times:
            stamps = [TIMESTAMPS[min(len(TIMESTAMPS) - 1, round(t / STEP))] for t in clip.times[number]]
            said += [stamps[0], LABEL_IDS[label], stamps[1]]
        else:
            said.append(LABEL_IDS[label])
    if not with_times:
        prompt.append(NO_TIMESTAMPS)
    tokens = [ROW[t] for t in prompt + said + [EOT]]
    before = [IGNORE] * (len(prompt) - 1)
    return tokens[:-1], before + tokens[len(prompt):]


class Batches(torch.utils.data.IterableDataset):
    """Endless batches of so many positions; one stream of random numbers a worker."""

    def __init__(self, room, *about):
        self.room, self.about = room, about

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        torch.set_num_threads(1)
        work, seed, *about = self.about
        composer = compose.Composer(work, np.hstack([seed, worker.id]), *about)
        lengths, odds = list(compose.LENGTHS), list(compose.LENGTHS.values())
        while True:
            positions = int(composer.rng.choice(lengths, p=odds))
            clips = [composer.clip(positions) for _ in range(self.room // positions)]
            yield collate(clips, composer.rng)


def collate(clips, rng):
    """Tensors: mel, rows in, rows wanted."""
    texts = [target(c, len(c.times) == len(c.labels) > 0 and rng.random() < 0.15) for c in clips]
    longest = max(len(inputs) for inputs, _ in texts)
    rows = torch.full((len(clips), longest), ROW[EOT])
    wanted = torch.full((len(clips), longest), IGNORE)
    for k, (inputs, outputs) in enumerate(texts):
        rows[k, : len(inputs)] = torch.tensor(inputs)
        wanted[k, : len(outputs)] = torch.tensor(outputs)
    return torch.from_numpy(np.stack([c.mel for c in clips])), rows, wanted


def loss_of(model, batch, smoothing=0.02):
    """The loss, and (loss, share of labels that are right)."""
    mel, rows, wanted = batch
    # All arithmetic in bfloat16 (fast on CPUs that have it), the weights themselves in float32.
    weights = {k: v.bfloat16() for k, v in (*model.named_parameters(), *model.named_buffers())}
    log_p = torch.func.functional_call(model, weights, (mel.bfloat16(), rows)).log_softmax(-1)
    known = wanted != IGNORE
    picked = log_p.gather(-1, wanted.clamp(min=0)[..., None])[..., 0]
    smooth = log_p[..., : len(LABELS) + 1].mean(-1)
    stamps = wanted >= ROW[TIMESTAMPS[0]]
    each = torch.where(stamps, -0.25 * picked, -(1 - smoothing) * picked - smoothing * smooth)
    loss = (each * known).sum() / known.sum()
    right = ((log_p[..., : len(LABELS) + 1].argmax(-1) == wanted) & known & ~stamps).sum() / (known & ~stamps).sum()
    return loss, torch.stack([loss.detach(), right])


def mean_of(files):
    """The mean of several weights (of models that come from the same one)."""
    all_weights = [torch.load(file, weights_only=True) for file in files]
    return {key: sum(w[key] for w in all_weights) / len(files) for key in all_weights[0]}


def mean(work, name, models):
    """Writes <work>/<name>.pt, the mean of several weights."""
    torch.save(mean_of([work / f"{each}.pt" for each in models]), work / f"{name}.pt")
    keep(work, name, {"start": models})


def keep(work, name, record):
    """Keeps how weights came about, for the card."""
    (work / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")


def together(parameters, more):
    """Averages the gradients over the processes that train together, and `more`, a number; a no-op where there is one."""
    if not dist.is_initialized():
        return more
    gradients = [p.grad for p in parameters]
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


def learn(work, name, seed, minutes, rate, recordings, exclude, start, steps=None, threads=1, device="cpu", positions=POSITIONS, makers=1,
          warmup=60, rank=0):
    """Trains for `minutes` of the processor's time (or `steps`) and writes <work>/<name>.pt: the running average of the weights."""
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    work = Path(work)
    model = Whisper().to(device)
    model.load_state_dict(mean_of([work / f"{each}.pt" for each in start]))
    for key, parameter in model.named_parameters():
        parameter.requires_grad_(not key.startswith(KEPT))
    learning = [p for p in model.parameters() if p.requires_grad]
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9))
    optimiser = torch.optim.AdamW(learning, lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
    sources = compose.WITH_RECORDINGS if recordings else compose.SYNTHETIC
    batches = Batches(positions, work, seed if rank == 0 else [seed, rank], sources, exclude)
    fresh = iter(torch.utils.data.DataLoader(batches, batch_size=None, num_workers=makers, prefetch_factor=6))
    began, step, clips, shown, over, ends = time.process_time(), 0, 0, torch.zeros(2, device=device), False, steps
    while not over:
        spent = (time.process_time() - began) / 60
        # A file asks for the end: how much time a shared machine gives is not known before.
        enough = rank == 0 and (spent > 0.7 * minutes or (work / f"{name}.down").exists())
        # Warm-up, a plateau, and a way down over the last 28 % of the steps.
        left = 1.0 if ends is None else (ends - step) / max(1, 0.28 * ends)
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1, (step + 1) / warmup) * min(1.0, max(0.02, left))
        batch = [part.to(device, non_blocking=True) for part in next(fresh)]
        loss, parts = loss_of(model, batch)
        model.zero_grad(set_to_none=True)
        loss.backward()
        if together(learning, enough) > 0 and ends is None:
            ends = int(step * 1.4) + 40
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimiser.step()
        step, clips = step + 1, clips + len(batch[0])
        shown = 0.97 * shown + 0.03 * parts
        over = ends is not None and step >= ends
        if step % 8 == 0 or over:
            average.update_parameters(model)
        if rank == 0 and (step % 25 == 0 or over):
            parts = (shown / (1 - 0.97**step)).tolist()
            print(f"{name} step {step} {spent:.1f} min {clips} clips: loss {parts[0]:.3f} right {parts[1]:.4f}", flush=True)
            torch.save({key: value.cpu() for key, value in average.module.state_dict().items()}, work / f"{name}.pt")
            on = torch.cuda.get_device_name() if device == "cuda" else "CPU"
            keep(work, name, {"start": start, "seed": seed, "rate": rate, "steps": step, "clips": clips * (dist.get_world_size() if dist.is_initialized() else 1),
                              "recordings": recordings, "exclude": exclude, "on": on})
