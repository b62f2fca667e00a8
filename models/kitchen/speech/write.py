"""`cook.py write`: the trained weights as a ggml file that whisper.cpp loads, matrices in Q6_K."""

import hashlib
import struct
from pathlib import Path

import numpy as np
import torch

import q6k
from mel import filters
from model import TOKENS, Whisper

F32, F16 = 0, 1


def tensors(weights):
    """(name, shape, type, bytes) as whisper.cpp wants them."""
    for name, value in weights.items():
        if name in ("encoder.conv1.bias", "encoder.conv2.bias"):
            value = value[:, None]
        if q6k.is_matrix(name, value) and value.shape[1] > 1:
            kind, data = q6k.KIND, q6k.packed(value)
        else:
            kind = F16 if value.ndim == 3 else F32
            data = value.numpy().astype(np.float16 if kind == F16 else np.float32).tobytes()
        yield name, value.shape, kind, data


def write(work, name, out):
    """Writes `out` and prints its size and sha256."""
    shape = Whisper().shape
    weights = torch.load(Path(work) / f"{name}.pt", weights_only=True)
    with open(out, "wb") as file:
        file.write(struct.pack("<i", 0x67676D6C))
        file.write(struct.pack("<11i", len(TOKENS), shape.audio_ctx, shape.state, shape.heads, shape.audio_layers,
                               shape.text_ctx, shape.state, shape.heads, shape.text_layers, 80, q6k.KIND))
        bank = filters()
        file.write(struct.pack("<2i", *bank.shape) + bank.tobytes())
        file.write(struct.pack("<i", 0))  # no texts of tokens: who reads digits goes by their ids
        for key, size, kind, content in tensors(weights):
            file.write(struct.pack("<3i", len(size), len(key), kind))
            file.write(struct.pack(f"<{len(size)}i", *reversed(size)) + key.encode() + content)
    data = Path(out).read_bytes()
    print(f"{out}: {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")
