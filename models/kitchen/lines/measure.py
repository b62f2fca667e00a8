"""`cook.py measure`: lines read exactly and characters wrong, on what was kept out of training."""

from pathlib import Path

import numpy as np
import torch

import lines
from model import greedy, load

DRAWN = 400
"""Lines drawn for each hardness."""


def distance(a, b):
    """Levenshtein."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


@torch.no_grad()
def read(kind, model, image):
    """Twice: at its own width, then at the best width for as many symbols as were seen."""
    first = greedy(model(torch.from_numpy(lines.normal(lines.to_height(image)))[None, None])[0], kind.SYMBOLS)
    if not first:
        return first
    width = -(-round(len(first) * lines.PITCH) // 4) * 4
    return greedy(model(torch.from_numpy(lines.normal(lines.to_height(image, width)))[None, None])[0], kind.SYMBOLS)


@torch.no_grad()
def read_as_is(kind, model, image):
    return greedy(model(torch.from_numpy(lines.normal(image).astype(np.float32))[None, None])[0], kind.SYMBOLS)


def labelled(kind, model, folder):
    """(group, name, text, reading) of each line kept out."""
    for file, text in lines.files(folder, kind.SYMBOLS):
        if lines.kept_out(file.name):
            group = "made" if "font_generate" in file.name else "real"
            yield group, file.name, text, read(kind, model, lines.grey(file))


def drawn(kind, model):
    """The same of lines drawn in faces kept out, at three hardnesses of the photograph."""
    rng = np.random.default_rng(99)
    for hard in (0.3, 0.6, 1.0):
        for n in range(DRAWN):
            image, text = kind.whole(rng, hard)
            yield f"hardness {hard}", n, text, read_as_is(kind, model, image)


def run(kind, work, name, folder, show):
    torch.set_num_threads(1)
    model = load(kind, Path(work) / f"{name}.pt")
    sums = {}
    for group, which, text, said in labelled(kind, model, folder) if folder else drawn(kind, model):
        sums.setdefault(group, []).append((said == text, distance(said, text), len(text)))
        if show and said != text:
            print(f"{which}\n  is   {text}\n  read {said}")
    for group, all_of in [*sorted(sums.items()), ("all", [x for g in sums.values() for x in g])]:
        exact, wrong, symbols = np.array(all_of).sum(0)
        print(f"{group}: lines exact {exact} of {len(all_of)}, characters wrong {wrong} of {symbols}")
