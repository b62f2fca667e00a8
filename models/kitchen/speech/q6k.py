"""ggml's Q6_K: weights of 6.6 bits, as `quantize_row_q6_K_ref` lays them out.

256 weights share a float16 `d`, each 16 of them an 8-bit scale, and each weight is -32..31 times both.
"""

import numpy as np
import torch

KIND = 14  # ggml's number of the type, and of a file made of it


def _divided(a, b):
    return torch.where(b == 0, 0.0, a / torch.where(b == 0, 1.0, b))


def _parts(weights):
    """(.., a multiple of 256) -> numbers (n, 16, 16) in -32..31, scales (n, 16) in -128..127, d (n,) float16."""
    x = weights.reshape(-1, 16, 16).float()
    scale = x.gather(-1, x.abs().argmax(-1, keepdim=True))[..., 0] / -32
    most = scale.gather(-1, scale.abs().argmax(-1, keepdim=True))[..., 0]
    d = (most / -128).half()
    scale = _divided(scale, d.float()[:, None]).round().clamp(-128, 127)
    number = _divided(x, (d.float()[:, None] * scale)[..., None]).round().clamp(-32, 31)
    return number, scale, d


def rounded(weights):
    """What is left of the weights in the file."""
    number, scale, d = _parts(weights)
    return (d.float()[:, None, None] * scale[..., None] * number).reshape(weights.shape)


def is_matrix(name, value):
    """Whether whisper.cpp keeps this tensor in the file's own type."""
    return value.ndim == 2 and "positional" not in name


def packed(weights):
    """The bytes in the file, 210 a block."""
    number, scale, d = (part.numpy() for part in _parts(weights))
    # (half, quarter, 32) of each block
    number = (number.reshape(len(number), 2, 4, 32) + 32).astype(np.uint8)
    low, high = number & 15, number >> 4
    low = low[:, :, :2] | (low[:, :, 2:] << 4)
    high = (high << (2 * np.arange(4, dtype=np.uint8)[:, None])).sum(2, dtype=np.uint8)
    parts = [low.reshape(-1, 128), high.reshape(-1, 64), scale.astype(np.int8).view(np.uint8), d[:, None].view(np.uint8)]
    return np.concatenate(parts, axis=1).tobytes()
