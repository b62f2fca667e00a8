"""Whisper in PyTorch, with OpenAI's tensor names, over `TOKENS` alone: the few tokens of its vocabulary that are used."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from words import LABELS

# Ids in Whisper's multilingual vocabulary. In ours a token's id is its place in TOKENS.
EOT, SOT, EN, FR, TRANSCRIBE, NO_TIMESTAMPS, TIMESTAMP_0 = 50257, 50258, 50259, 50265, 50359, 50363, 50364
LABEL_IDS = {label: 15 + number for number, label in enumerate("0123456789")} | {"*": 9}
STEP = 0.04  # seconds between the timestamp tokens that are used (every second one)
TIMESTAMPS = tuple(TIMESTAMP_0 + 2 * k for k in range(129))
TOKENS = tuple(LABEL_IDS[label] for label in LABELS) + (EOT, SOT, EN, FR, TRANSCRIBE, NO_TIMESTAMPS) + TIMESTAMPS
ROW = {token: row for row, token in enumerate(TOKENS)}


@dataclass(frozen=True)
class Shape:
    state: int = 512
    heads: int = 8
    audio_layers: int = 6
    text_layers: int = 1
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
            odds = odds + odds.new_full(odds.shape[-2:], -1e4).triu(1)
        odds = odds.softmax(-1)
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


class Encoder(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.conv1 = nn.Conv1d(80, shape.state, 3, padding=1)
        self.conv2 = nn.Conv1d(shape.state, shape.state, 3, stride=2, padding=1)
        self.register_buffer("positional_embedding", torch.zeros(shape.audio_ctx, shape.state))
        self.blocks = nn.ModuleList(Block(shape.state, shape.heads, False) for _ in range(shape.audio_layers))
        self.ln_post = nn.LayerNorm(shape.state)

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
        self.token_embedding = nn.Embedding(len(TOKENS), shape.state)
        self.positional_embedding = nn.Parameter(torch.zeros(shape.text_ctx, shape.state))
        self.blocks = nn.ModuleList(Block(shape.state, shape.heads, True) for _ in range(shape.text_layers))
        self.ln = nn.LayerNorm(shape.state)

    def forward(self, rows, sound):
        """(B, T) rows of TOKENS -> (B, T, rows) logits."""
        x = self.token_embedding(rows) + self.positional_embedding[: rows.shape[1]]
        for block in self.blocks:
            x = block(x, sound)
        return (self.ln(x) @ self.token_embedding.weight.T).float()


class Whisper(nn.Module):
    def __init__(self, shape=Shape()):
        super().__init__()
        self.shape = shape
        self.encoder, self.decoder = Encoder(shape), Decoder(shape)

    def forward(self, mel, rows):
        """(B, 80, 2 T) log-mel, (B, n) rows of TOKENS -> the decoder's logits (B, n, rows)."""
        return self.decoder(rows, self.encoder(mel))
