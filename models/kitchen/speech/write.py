"""`cook.py write`: the trained weights as a ggml file that whisper.cpp loads."""

import base64
import hashlib
import io
import struct
import tarfile
import urllib.request
from pathlib import Path

import numpy as np
import torch

from listen import load
from mel import filters
from model import N_VOCAB, TOKENS, UNUSED

# OpenAI's own package: its vocabulary file is written into every ggml Whisper.
PACKAGE = ("https://files.pythonhosted.org/packages/f5/77/952ca71515f81919bd8a6a4a3f89a27b09e73880cebf90957eda8f2f8545/"
           "openai-whisper-20240930.tar.gz")
PACKAGE_SHA256 = "b7178e9c1615576807a300024f4daa6353f7e1a815dac5e38c33f1ef055dd2d2"
MEMBER = "openai-whisper-20240930/whisper/assets/multilingual.tiktoken"
F32, F16 = 0, 1


def vocabulary(work):
    """The 50,257 byte strings of Whisper's multilingual vocabulary, by id (MIT, OpenAI)."""
    kept = Path(work) / "openai-whisper-20240930.tar.gz"
    if not kept.exists():
        with urllib.request.urlopen(PACKAGE, timeout=120) as answer:
            kept.write_bytes(answer.read())
    data = kept.read_bytes()
    if hashlib.sha256(data).hexdigest() != PACKAGE_SHA256:
        raise SystemExit(f"{kept} is not the package that was pinned")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        lines = archive.extractfile(MEMBER).read().splitlines()
    ranked = {int(rank): base64.b64decode(token) for token, rank in (line.split() for line in lines if line)}
    return [ranked[k] for k in range(len(ranked))]


def tensors(model):
    """(name, array) in whisper.cpp's names and shapes; the token table at full size."""
    for name, value in model.state_dict().items():
        if name.startswith("frames."):
            continue
        array = value.float().numpy()
        if name == "decoder.token_embedding.weight":
            full = np.repeat(array[UNUSED : UNUSED + 1], N_VOCAB, axis=0)
            full[list(TOKENS)] = array[: len(TOKENS)]
            array = full
        if name in ("encoder.conv1.bias", "encoder.conv2.bias"):
            array = array[:, None]
        yield name, array


def write(work, name, out):
    """Writes `out` and prints its size and sha256."""
    model = load(Path(work) / f"{name}.pt")
    shape, words = model.shape, vocabulary(work)
    with open(out, "wb") as file:
        file.write(struct.pack("<i", 0x67676D6C))
        file.write(struct.pack("<11i", N_VOCAB, shape.audio_ctx, shape.state, shape.heads, shape.audio_layers,
                               shape.text_ctx, shape.state, shape.heads, shape.text_layers, 80, F16))
        bank = filters()
        file.write(struct.pack("<2i", *bank.shape) + bank.tobytes())
        file.write(struct.pack("<i", len(words)))
        for word in words:
            file.write(struct.pack("<i", len(word)) + word)
        for key, array in tensors(model):
            single = array.ndim < 2 or "positional" in key or array.shape[-1] == 1
            array = array.astype(np.float32 if single else np.float16)
            file.write(struct.pack("<3i", array.ndim, len(key), F32 if single else F16))
            file.write(struct.pack(f"<{array.ndim}i", *reversed(array.shape)) + key.encode() + array.tobytes())
    data = Path(out).read_bytes()
    print(f"{out}: {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")


def read(path):
    """The weights of a file that `write` made, without the parts that only training uses."""
    data, at = Path(path).read_bytes(), 0

    def take(form):
        nonlocal at
        values = struct.unpack_from(form, data, at)
        at += struct.calcsize(form)
        return values

    take("<i11i")
    rows, columns = take("<2i")
    at += rows * columns * 4
    for _ in range(take("<i")[0]):
        (length,) = take("<i")
        at += length
    weights = {}
    while at < len(data):
        dimensions, length, kind = take("<3i")
        shape = tuple(reversed(take(f"<{dimensions}i")))
        key = data[at : at + length].decode()
        array = np.frombuffer(data, np.float32 if kind == F32 else np.float16, int(np.prod(shape)), at + length)
        at += length + array.nbytes
        array = array.reshape(shape).astype(np.float32)
        if key == "decoder.token_embedding.weight":
            unused = next(k for k in range(N_VOCAB) if k not in TOKENS)
            array = np.concatenate([array[list(TOKENS)], array[unused : unused + 1]])
        weights[key] = torch.from_numpy(array.squeeze() if key.startswith("encoder.conv") and "bias" in key else array)
    return weights
