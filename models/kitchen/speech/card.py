"""`cook.py write`: the card beside the ggml file, from what was kept of the pools, the trainings and the measurements."""

import hashlib
import json
from collections import Counter
from pathlib import Path

from compose import POOLS
from model import TOKENS, Shape
from pool import RATE, Pool

# Who made each engine's voices, and under which licence they are heard.
LICENCES = {
    "espeak": "espeak-ng, formant synthesis (GPL-3)",
    "flite": "flite (BSD-like; CMU)",
    "festival": "festival's voices (as Debian ships them)",
    "pico": "SVOX Pico (Apache-2.0)",
    "mbrola": "MBROLA, diphones each cut from one person's recordings (synthesis and free copying allowed, not sale)",
    "kokoro": "Kokoro-82M (Apache-2.0; hexgrad), also mixtures of two voices",
    "fsdd": "Free Spoken Digit Dataset, people (CC BY-SA 4.0; Z. Jackson and contributors)",
    "recorded-fr": "one French voice, nine recordings, and warped copies",
    "prompts": "announcements that people recorded, and warped copies: Debian's `asterisk-core-sounds-en`, `-fr` (CC BY-SA 3.0; Allison "
    "Smith, June Wallack), `asterisk-prompt-fr-armelle` (BSD-like; Armelle Desjardins, M. Gutierrez), `saytime` (GPL-2+; L. Mamane)",
}
HEAD = """# {title}

`{file}`, {bytes:,} bytes, sha256 `{sha256}`:
OpenAI's Whisper base, cut down to spoken digits in French and English, in the ggml format of whisper.cpp 1.8.3 (Q6_K).
How it is made: `../kitchen/speech`, whose `cook.py write` wrote this card.

**What it is not sure of goes to a human; its word alone refuses nobody.**

| | |
|---|---|
| Architecture | Whisper; width {shape.state}, {shape.heads} heads, {shape.audio_layers} encoder layers and {shape.text_layers} decoder layer (the last of six); audio context {shape.audio_ctx} ({seconds:.2f} s), text context {shape.text_ctx} |
| Vocabulary | {tokens} tokens with ids of their own (`TOKENS` in `../kitchen/speech/model.py`): "0".."9", "*" for speech that is no digit, the end, the prompt, `<\\|en\\|>`, `<\\|fr\\|>`, timestamps 0.04 s apart. Programs that count on OpenAI's ids, such as `whisper-cli`, cannot use the file |
| Begins as | OpenAI's multilingual Whisper base (MIT; 680,000 hours of speech), by Systran's conversion. Convolutions and the lower four layers of the encoder are as OpenAI made them |
"""
TAIL = """
## What it is not for
Refusing anybody. General speech. Recognising who speaks. Children, strong accents, telephone echo and crowds: not
measured. Anything but French and English.
"""


def data(work):
    """Rows of the table of what was heard; neither sound nor voices are in the repository."""
    rows = ["\n## Data\nEach piece clean and twice through rooms, channels and codecs. Neither sound nor voices are in this repository.\n",
            "| From | Language | Voices | Pieces | Minutes |", "|---|---|---|---|---|"]
    pools = [Path(work) / name for name in POOLS if (Path(work) / name / "pieces.json").exists()]
    pieces = [p for pool in pools for p in Pool(pool).pieces]
    groups = Counter((p.engine, p.language) for p in pieces)
    for (engine, language), count in sorted(groups.items()):
        mine = [p for p in pieces if (p.engine, p.language) == (engine, language)]
        minutes = sum(p.length for p in mine) / RATE / 60
        rows.append(f"| {LICENCES[engine]} | {language} | {len({p.speaker for p in mine})} | {count:,} | {minutes:.0f} |")
    seeds = [f"{pool.name}: {what} {seed}" for pool in pools for what, seed in json.loads((pool / "seeds.json").read_text()).items()]
    return [*rows, f"\nSeeds of the pools: {', '.join(seeds)}."]


def record(work, name):
    return json.loads((Path(work) / f"{name}.json").read_text())


def history(work, name):
    """What led to the weights, oldest first: [(name, record)]."""
    path = Path(work) / f"{name}.json"
    if not path.exists():  # the base
        return []
    mine = record(work, name)
    before = dict(step for each in mine["start"] for step in history(work, each))
    return [*before.items(), (name, mine)]


def training(work, name):
    rows = ["\n## Training\n", "| Weights | Begin as | Clips | Steps | Rate | Seed | On | Recordings | Never heard |", "|---|---|---|---|---|---|---|---|---|"]
    for key, what in history(work, name):
        if "clips" not in what:
            rows.append(f"| {key} | the mean of {', '.join(what['start'])} | | | | | | | |")
            continue
        heard = "yes" if what["recordings"] else "announcements only"
        rows.append(f"| {key} | {', '.join(what['start'])} | {what['clips']:,} | {what['steps']:,} | {what['rate']:g} | {what['seed']} "
                    f"| {what['on']} | {heard} | {', '.join(what['exclude']) or 'none'} |")
    return rows


def share(figure):
    low, high = (100 * x for x in figure["ci95"])
    return f"{round(figure['value'] * figure['n']):,} of {figure['n']:,} ({100 * figure['value']:.2f} %; {low:.2f} to {high:.2f})"


def figures(report):
    rows = ["\n## Figures\nThree digits a clip, joined from single recordings of one speaker with noise and level drawn by lot. False acceptance is over "
            "altered strings\n(one digit changed, one dropped, two swapped). \"X (W)\": speaker X, heard by weights W; the table above tells whom those have heard.\n",
            "| Speaker (weights) | Strings right | Digits right | Not accepted | Accepted falsely |", "|---|---|---|---|---|"]
    swept = []
    for key, value in report.items():
        if "string_accuracy" in value:
            rows.append(f"| {key} | {share(value['string_accuracy'])} | {100 * value['digit_accuracy']['value']:.1f} % "
                        f"| {share(value['false_reject'])} | {share(value['false_accept'])} |")
        else:
            swept.append((key, value))
    for key, value in swept:
        rows += [f"\n{key} (least log ratio that is accepted):\n", "| From | Not accepted | Accepted falsely |", "|---|---|---|"]
        rows += [f"| {at} | {100 * reject:.1f} % | {100 * accept:.3f} % |" for at, (reject, accept) in value.items()]
    return rows


def write(work, name, file, reports, notes):
    """Writes README.md beside `file`; `reports` are files of `cook.py measure`, `notes` a text to be put in as it is."""
    content = Path(file).read_bytes()
    shape = Shape()
    head = HEAD.format(title=Path(file).resolve().parent.name, file=Path(file).name, bytes=len(content), sha256=hashlib.sha256(content).hexdigest(),
                       shape=shape, seconds=shape.audio_ctx / 50, tokens=len(TOKENS))
    rows = [*data(work), *training(work, name)]
    for report in reports:
        rows += figures(json.loads(Path(report).read_text()))
    if notes:
        rows.append("\n" + Path(notes).read_text().rstrip())
    (Path(file).parent / "README.md").write_text(head + "\n".join(rows) + "\n" + TAIL)
