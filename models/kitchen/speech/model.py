"""Whisper in PyTorch, with OpenAI's tensor names, over the few tokens that are used.

The decoder knows `TOKENS` and one more row that stands for each of the other
51,000-odd tokens of the vocabulary; its logit counts that many times in the
softmax, so that the expanded ggml file means exactly what was trained.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from words import LABELS, LANGUAGES

# Token ids of Whisper's multilingual vocabulary.
N_VOCAB = 51_865
EOT, SOT, EN, FR, TRANSCRIBE, NO_TIMESTAMPS, TIMESTAMP_0 = 50257, 50258, 50259, 50265, 50359, 50363, 50364
LABEL_IDS = {label: 15 + number for number, label in enumerate("0123456789")} | {"*": 9}
STEP = 0.04  # seconds between the timestamp tokens that are used (every second one)
TIMESTAMPS = tuple(TIMESTAMP_0 + 2 * k for k in range(129))
TOKENS = tuple(LABEL_IDS[label] for label in LABELS) + (EOT, SOT, EN, FR, TRANSCRIBE, NO_TIMESTAMPS) + TIMESTAMPS
UNUSED = len(TOKENS)
UNUSED_COUNT = N_VOCAB - len(TOKENS)
ROW = {token: row for row, token in enumerate(TOKENS)}
# What training asks of each 20 ms besides: which word (none, ten digits a language, another), which label of the text.
WORDS, ORDINALS = 2 + 10 * len(LANGUAGES), 8


@dataclass(frozen=True)
class Shape:
    state: int = 128
    heads: int = 4
    audio_layers: int = 4
    text_layers: int = 2
    audio_ctx: int = 256
    text_ctx: int = 64


class Attention(nn.Module):
    def __init__(self, state, heads):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(state, state)
        self.key = nn.Linear(state, state, bias=False)
        self.value = nn.Linear(state, state)
        self.out = nn.Linear(state, state)

    def forward(self, x, over=None, causal=False):
        over = x if over is None else over
        q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2)
                   for t in (self.query(x), self.key(over), self.value(over)))
        # Written out: PyTorch's fused attention is slow backwards on a CPU.
        odds = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
        if causal:
            odds = odds + torch.full(odds.shape[-2:], -1e4, dtype=odds.dtype).triu(1)
        odds = odds.softmax(-1)
        self.looked = odds
        return self.out((odds @ v).transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, state, heads, cross):
        super().__init__()
        self.attn, self.attn_ln = Attention(state, heads), nn.LayerNorm(state)
        if cross:
            self.cross_attn, self.cross_attn_ln = Attention(state, heads), nn.LayerNorm(state)
        self.mlp = nn.Sequential(nn.Linear(state, 4 * state), nn.GELU(approximate="tanh"),
                                 nn.Linear(4 * state, state))
        self.mlp_ln = nn.LayerNorm(state)

    def forward(self, x, sound=None):
        x = x + self.attn(self.attn_ln(x), causal=sound is not None)
        if sound is not None:
            x = x + self.cross_attn(self.cross_attn_ln(x), sound)
        return x + self.mlp(self.mlp_ln(x))


def sinusoids(length, channels):
    """(length, channels), as Whisper's encoder has them."""
    scales = torch.exp(-math.log(10_000) / (channels // 2 - 1) * torch.arange(channels // 2))
    angles = torch.arange(length)[:, None] * scales[None]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


@torch.no_grad()
def look_nearby(attention, offsets, frequencies, sharpness):
    """Starts a self-attention as a convolution: head h looks `offsets[h]` positions away.

    With sinusoidal positions, query = key turned by an angle gives sum cos(w (i + offset - j)),
    which is largest at j = i + offset. What training makes of it is free; from a random start
    a transformer needs many times the examples to find out that sound is local.
    """
    state, width = attention.query.weight.shape[0], attention.query.weight.shape[0] // attention.heads
    half, pairs = state // 2, width // 2
    speed = torch.exp(-math.log(10_000) / (half - 1) * torch.arange(half))
    for weight in (attention.query.weight, attention.key.weight):
        weight.mul_(0.3)
    for head, offset in enumerate(offsets):
        for pair in range(pairs):
            k = frequencies[pair * len(frequencies) // pairs]
            sine, cosine = head * width + pair, head * width + pairs + pair
            turn = float(speed[k]) * offset
            attention.key.weight[sine, k] += sharpness
            attention.key.weight[cosine, half + k] += sharpness
            attention.query.weight[sine, k] += sharpness * math.cos(turn)
            attention.query.weight[sine, half + k] += sharpness * math.sin(turn)
            attention.query.weight[cosine, half + k] += sharpness * math.cos(turn)
            attention.query.weight[cosine, k] -= sharpness * math.sin(turn)


class Encoder(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.conv1 = nn.Conv1d(80, shape.state, 3, padding=1)
        self.conv2 = nn.Conv1d(shape.state, shape.state, 3, stride=2, padding=1)
        self.register_buffer("positional_embedding", sinusoids(shape.audio_ctx, shape.state))
        self.blocks = nn.ModuleList(Block(shape.state, shape.heads, False) for _ in range(shape.audio_layers))
        self.ln_post = nn.LayerNorm(shape.state)
        with torch.no_grad():  # sound must not drown in the positions, whose size is 0.7
            self.conv1.weight.mul_(3)
            self.conv2.weight.mul_(4)
        for depth, block in enumerate(self.blocks):
            near = (-4, -1, 1, 4) if depth < 2 else (-12, -4, 4, 12)
            look_nearby(block.attn, near, range(0, 20) if depth < 2 else range(6, 26), 1.5)

    def forward(self, mel):
        """(B, 80, 2 T) -> (B, T, state); T is 256, in training also less."""
        x = F.gelu(self.conv1(mel), approximate="tanh")
        x = F.gelu(self.conv2(x), approximate="tanh").transpose(1, 2)
        x = x + self.positional_embedding[: x.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.ln_post(x)


class Decoder(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.token_embedding = nn.Embedding(UNUSED + 1, shape.state)
        self.positional_embedding = nn.Parameter(torch.randn(shape.text_ctx, shape.state) * 0.02)
        self.blocks = nn.ModuleList(Block(shape.state, shape.heads, True) for _ in range(shape.text_layers))
        self.ln = nn.LayerNorm(shape.state)
        nn.init.normal_(self.token_embedding.weight, std=0.05)

    def forward(self, rows, sound):
        """(B, T) rows of TOKENS -> (B, T, rows + 1) logits; the last is one unused token's."""
        x = self.token_embedding(rows) + self.positional_embedding[: rows.shape[1]]
        for block in self.blocks:
            x = block(x, sound)
        return (self.ln(x) @ self.token_embedding.weight.T).float()


class Whisper(nn.Module):
    def __init__(self, shape=Shape()):
        super().__init__()
        self.shape = shape
        self.encoder, self.decoder = Encoder(shape), Decoder(shape)
        # For training only: what is said when, and in which place, teaches the encoder before the decoder can ask.
        self.frames = nn.Linear(shape.state, WORDS + ORDINALS)

    def forward(self, mel, rows):
        """Logits of the decoder; of the word and the ordinal at each position; the decoder's attention by layer."""
        sound = self.encoder(mel)
        logits, frames = self.decoder(rows, sound), self.frames(sound).float()
        looked = [block.cross_attn.looked for block in self.decoder.blocks]
        return logits, frames[..., :WORDS], frames[..., WORDS:], looked


def log_softmax(logits):
    """Log-probabilities over the whole vocabulary, given (.., rows + 1) logits."""
    unused = torch.zeros(UNUSED + 1)
    unused[UNUSED] = math.log(UNUSED_COUNT)
    return F.log_softmax(logits + unused, dim=-1)
