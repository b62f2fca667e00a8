"""Muon (K. Jordan, 2024) for the matrices, AdamW for all else: half the steps of AdamW alone."""

import torch


def orthogonal(stack, rounds=5):
    """(n, rows, columns) -> the nearest matrices with equal singular values, by Newton and Schulz."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = stack.bfloat16()
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    turned = x.shape[1] > x.shape[2]
    x = x.transpose(1, 2) if turned else x
    for _ in range(rounds):
        square = x @ x.transpose(1, 2)
        x = a * x + (b * square + c * square @ square) @ x
    return (x.transpose(1, 2) if turned else x).float()


class Muon:
    """Steps that rotate the blocks' matrices; sizes as AdamW's (Liu et al. 2025, 0.2 sqrt(longest side))."""

    def __init__(self, model, rate, momentum=0.95, decay=0.05):
        named = list(model.named_parameters())
        inner = [p for name, p in named if p.ndim == 2 and "blocks" in name]
        rest = [p for name, p in named if not (p.ndim == 2 and "blocks" in name)]
        self.groups = {}
        for p in inner:
            self.groups.setdefault(tuple(p.shape), []).append(p)
        self.speed = {shape: torch.zeros(len(ps), *shape) for shape, ps in self.groups.items()}
        self.momentum, self.decay = momentum, decay
        self.adam = torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.98), weight_decay=0.01)

    @torch.no_grad()
    def step(self, rate):
        for group in self.adam.param_groups:
            group["lr"] = rate
        self.adam.step()
        for shape, parameters in self.groups.items():
            gradient = torch.stack([p.grad for p in parameters])
            speed = self.speed[shape].mul_(self.momentum).add_(gradient)
            turn = orthogonal(gradient + self.momentum * speed) * (0.2 * max(shape) ** 0.5)
            for p, step in zip(parameters, turn):
                p.mul_(1 - rate * self.decay).sub_(step, alpha=rate)
