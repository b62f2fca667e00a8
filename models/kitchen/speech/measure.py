"""`cook.py measure`: figures of trained weights on recordings that they have not heard.

Three digits a clip, joined from single recordings of one speaker with seeded
gaps, some noise floor and level; the same clips for every model.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch

import listen
from mel import SAMPLES
from pool import RATE, Pool


def clips(pool, engine, speakers, count, seed):
    """[(digits, sound)] for one speaker's pieces."""
    rng = np.random.default_rng([seed, 77])
    pieces = [p for p in pool.pieces if p.engine == engine and p.speaker in speakers and len(p.labels) == 1]
    by_digit = {d: [p for p in pieces if p.labels == d] for d in "0123456789"}
    digits = [d for d in by_digit if by_digit[d]]
    out = []
    for _ in range(count):
        said = "".join(rng.choice(digits, size=3))
        wave, at = np.zeros(SAMPLES, np.float32), int(rng.uniform(0.1, 0.5) * RATE)
        for digit in said:
            piece = pool.wave(by_digit[digit][rng.integers(len(by_digit[digit]))])
            piece = piece[: SAMPLES - at]
            wave[at : at + len(piece)] += piece
            at = min(SAMPLES, at + len(piece) + int(rng.uniform(0.05, 0.4) * RATE))
        wave = wave[: min(SAMPLES, at + int(0.2 * RATE))]
        level = 10 ** (-rng.uniform(0, 20) / 20)
        floor = 10 ** (-rng.uniform(45, 70) / 20)
        out.append((said, ((wave + rng.standard_normal(len(wave)) * floor) * level).astype(np.float32)))
    return out


def altered(digits):
    """Every string that differs from `digits` in one digit, lacks one, has one more, or two swapped."""
    out = set()
    for k in range(len(digits)):
        out |= {digits[:k] + d + digits[k + 1 :] for d in "0123456789"}
        out.add(digits[:k] + digits[k + 1 :])
    for k in range(len(digits) - 1):
        out.add(digits[:k] + digits[k + 1] + digits[k] + digits[k + 2 :])
    return sorted(out - {digits})


def log_ratio(best, string, score):
    """ln P(string) / P(best other string), from the beam and the string's own score."""
    return score - max((s for other, s in best if other != string), default=-50.0)


def wilson(right, of):
    """95 % interval of a share."""
    if not of:
        return [0.0, 1.0]
    z, p = 1.96, right / of
    centre, half = p + z * z / (2 * of), z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    return [(centre - half) / (1 + z * z / of), (centre + half) / (1 + z * z / of)]


def one(model, said_and_waves, language):
    """Per clip: what was heard, the ratio of the truth, the best ratio of any altered string."""
    sound = listen.encode(model, [w for _, w in said_and_waves], level=True)
    rows = []
    for (said, _), clip in zip(said_and_waves, sound):
        best = listen.hear(model, clip, language)
        strings = [said, *altered(said)]
        ratios = [log_ratio(best, s, x) for s, x in zip(strings, listen.scores(model, clip, language, strings))]
        rows.append({"said": said, "heard": best[0][0], "true": ratios[0], "altered": ratios[1:]})
    return rows


def figures(rows, threshold):
    """Shares at one threshold of the log ratio, with counts."""
    exact = sum(r["said"] == r["heard"] for r in rows)
    same = sum(a == b for r in rows for a, b in zip(r["said"], r["heard"]) if len(r["said"]) == len(r["heard"]))
    wrong = [x for r in rows for x in r["altered"]]
    accepted = sum(x >= threshold for x in wrong)
    rejected = sum(r["true"] < threshold for r in rows)
    refused = sum(r["true"] <= -threshold for r in rows)
    return {
        "clips": len(rows),
        "string_accuracy": {"value": exact / len(rows), "n": len(rows), "ci95": wilson(exact, len(rows))},
        "digit_accuracy": {"value": same / (3 * len(rows)), "n": 3 * len(rows), "ci95": wilson(same, 3 * len(rows))},
        "false_reject": {"value": rejected / len(rows), "n": len(rows), "ci95": wilson(rejected, len(rows))},
        "of_these_to_a_human": {"value": (rejected - refused) / len(rows), "n": len(rows)},
        "false_accept": {"value": accepted / max(1, len(wrong)), "n": len(wrong), "ci95": wilson(accepted, len(wrong))},
        "clips_with_a_false_accept": sum(max(r["altered"]) >= threshold for r in rows),
    }


def confusions(rows):
    """How often which digit was heard as which other, where the lengths agree."""
    out = {}
    for row in rows:
        if len(row["said"]) == len(row["heard"]):
            for a, b in zip(row["said"], row["heard"]):
                if a != b:
                    out[f"{a}>{b}"] = out.get(f"{a}>{b}", 0) + 1
        else:
            out["length"] = out.get("length", 0) + 1
    return dict(sorted(out.items(), key=lambda x: -x[1]))


def run(work, jobs, count, seed, threshold, out):
    """`jobs`: [(weights, engine, speaker, language)]; prints and writes the figures."""
    torch.set_num_threads(1)
    pool, report, everything = Pool(Path(work) / "voices"), {}, {}
    for name, engine, speaker, language in jobs:
        rows = one(listen.load(Path(work) / f"{name}.pt"), clips(pool, engine, {speaker}, count, seed), language)
        report[f"{language} {speaker} ({name})"] = figures(rows, threshold) | {"confusions": confusions(rows)}
        everything.setdefault(language, []).extend(rows)
    for language, rows in everything.items():
        report[f"{language} all"] = figures(rows, threshold)
        sweep = {t: figures(rows, t) for t in (0, 0.5, 1, 1.5, 2, 3, 4)}
        report[f"{language} by threshold"] = {
            t: [f["false_reject"]["value"], f["false_accept"]["value"]] for t, f in sweep.items()}
    text = json.dumps(report, indent=1)
    if out:
        Path(out).write_text(text + "\n")
    for key, value in report.items():
        if "string_accuracy" in value:
            print(f"{key}: strings {value['string_accuracy']['value']:.3f} digits {value['digit_accuracy']['value']:.4f} "
                  f"FR {value['false_reject']['value']:.3f} FA {value['false_accept']['value']:.5f} "
                  f"of {value['clips']} {value.get('confusions', '')}")
        else:
            print(key, {t: [round(x, 5) for x in v] for t, v in value.items()})
