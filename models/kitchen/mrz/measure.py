"""`cook.py measure`: lines read exactly and characters wrong, on the lines that were kept out."""

from pathlib import Path

import numpy as np
import torch

import lines
from model import greedy, load


def distance(a, b):
    """Levenshtein."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


@torch.no_grad()
def read(model, image):
    """Twice: at its own width, then at the best width for as many symbols as were seen."""
    first = greedy(model(torch.from_numpy(lines.normal(lines.to_height(image)))[None, None])[0])
    if not first:
        return first
    width = -(-round(len(first) * lines.PITCH) // 4) * 4
    return greedy(model(torch.from_numpy(lines.normal(lines.to_height(image, width)))[None, None])[0])


def run(work, name, folder, show):
    torch.set_num_threads(1)
    model = load(Path(work) / f"{name}.pt")
    sums = {}
    for file, text in lines.files(folder):
        if not lines.kept_out(file.name):
            continue
        said = read(model, lines.grey(file))
        group = "made" if "font_generate" in file.name else "real"
        sums.setdefault(group, []).append((said == text, distance(said, text), len(text)))
        if show and said != text:
            print(f"{file.name}\n  is   {text}\n  read {said}")
    for group, all_of in [*sorted(sums.items()), ("all", [x for g in sums.values() for x in g])]:
        exact, wrong, symbols = np.array(all_of).sum(0)
        print(f"{group}: lines exact {exact} of {len(all_of)}, characters wrong {wrong} of {symbols}")
