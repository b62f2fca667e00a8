"""`cook.py parity`: the written file in whisper.cpp against the weights in PyTorch."""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch

import listen
from measure import clips
from model import LABEL_IDS, ROW
from pool import Pool


@torch.inference_mode()
def run(work, name, ggml, program, count=12):
    """Largest difference of any digit's score over `count` clips; `program` is the crate's example `logits`."""
    model, pool = listen.load(Path(work) / f"{name}.pt"), Pool(Path(work) / "voices")
    speaker = next(p.speaker for p in pool.pieces if p.engine == "espeak")
    worst = 0.0
    for said, wave in clips(pool, "espeak", {speaker}, count, 3):
        with tempfile.NamedTemporaryFile(suffix=".f32") as file:
            Path(file.name).write_bytes(wave.astype("<f4").tobytes())
            rows = listen.PROMPT["fr"] + [ROW[LABEL_IDS[c]] for c in said]
            out = subprocess.run([program, ggml, file.name, *map(str, rows)], capture_output=True, check=True)
        theirs = np.array([[float(x) for x in line.split()] for line in out.stdout.decode().splitlines()])[3:, listen.CHOICES]
        sound = listen.encode(model, [wave])
        ours = model.decoder(torch.tensor([rows]), sound)[0, 3:][:, listen.CHOICES].numpy()
        worst = max(worst, float(np.abs(ours - theirs).max()))
        if (ours.argmax(1) != theirs.argmax(1)).any():
            print("a different choice on", said)
    print(f"largest difference of a logit over {count} clips: {worst:.4f} (spread of the logits: {ours.std():.2f})")
