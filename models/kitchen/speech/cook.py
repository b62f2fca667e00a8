"""The kitchen of the digits Whisper: voices, train, measure, write. See README.md."""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the matrices are small: threads cost more than they give


def keep_seed(folder, what, seed):
    """Keeps a pool's seeds for the card."""
    path = folder / "seeds.json"
    seeds = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(seeds | {what: seed}) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("work"), help="where everything is kept")
    steps = parser.add_subparsers(dest="step", required=True)

    voices = steps.add_parser("voices", help="make the synthetic voices")
    voices.add_argument("--seed", type=int, default=7)
    voices.add_argument("--espeak-fr", type=int, default=110)
    voices.add_argument("--espeak-en", type=int, default=80)
    voices.add_argument("--speech-data", type=Path, help="folder with en-digits/ and fr-digits/")
    voices.add_argument("--prompt-data", type=Path, help="folder into which the Debian packages of prompts are unpacked")

    kokoro = steps.add_parser("kokoro", help="a second pool: what Kokoro-82M says")
    kokoro.add_argument("folder", type=Path, help="into which its packages are unpacked")
    kokoro.add_argument("--seed", type=int, default=7)

    features = steps.add_parser("features", help="what training hears of the voices")
    features.add_argument("--pools", nargs="*", default=["voices"], help="voices, kokoro")
    features.add_argument("--seed", type=int, default=7)

    base = steps.add_parser("base", help="what training starts from: the lower part of OpenAI's Whisper base")
    base.add_argument("folder", type=Path, help="where its packages lie")
    base.add_argument("--audio-layers", type=int, nargs="*", default=[*range(6)], help="of the encoder's six, those that are kept")
    base.add_argument("--text-layers", type=int, nargs="*", default=[5], help="of the decoder's six")

    train = steps.add_parser("train", help="train one model")
    train.add_argument("name", help="the weights go to <work>/<name>.pt")
    train.add_argument("--seed", type=int, default=7)
    train.add_argument("--minutes", type=float, default=30)
    train.add_argument("--threads", type=int, default=1)
    train.add_argument("--processes", type=int, default=1, help="that share each step; minutes are those of one")
    train.add_argument("--device", default="cpu", help="cuda where there is one; then give --steps, more --positions and more --makers")
    train.add_argument("--positions", type=int, default=3_072, help="of the encoder, 20 ms each, in a batch")
    train.add_argument("--makers", type=int, default=1, help="processes that put clips together")
    train.add_argument("--steps", type=int, help="instead of minutes: the same steps give the same clips")
    train.add_argument("--rate", type=float, default=2e-4)
    train.add_argument("--start", nargs="*", default=["base"], help="weights to start from, the mean of several")
    train.add_argument("--recordings", action="store_true", help="hear the recordings as well")
    train.add_argument("--exclude", nargs="*", default=[], help="sources never to hear (a speaker's name)")

    mean = steps.add_parser("mean", help="the mean of the weights of models that began as the same one")
    mean.add_argument("name", help="the weights go to <work>/<name>.pt")
    mean.add_argument("models", nargs="+", help="names of weights")

    measure = steps.add_parser("measure", help="figures on recordings that were kept out")
    measure.add_argument("jobs", nargs="+", metavar="WEIGHTS:ENGINE:SPEAKER:LANGUAGE")
    measure.add_argument("--count", type=int, default=400, help="clips a speaker")
    measure.add_argument("--seed", type=int, default=7)
    measure.add_argument("--threshold", type=float, default=0.5, help="least log ratio that is accepted")
    measure.add_argument("--out", type=Path)

    write = steps.add_parser("write", help="write the ggml file and its card, README.md beside it")
    write.add_argument("name", help="weights to write")
    write.add_argument("out", type=Path)
    write.add_argument("--figures", type=Path, nargs="*", default=[], help="what `measure --out` wrote")
    write.add_argument("--notes", type=Path, help="a text that is put into the card as it is")

    parity = steps.add_parser("parity", help="the ggml file in whisper.cpp against PyTorch")
    parity.add_argument("name")
    parity.add_argument("ggml", type=Path)
    parity.add_argument("program", type=Path, help="cargo build --release -p idproof-speech --example logits")

    args = parser.parse_args()
    if args.step == "voices":
        import voices as step

        step.make(args.work / "voices", args.seed, args.espeak_fr, args.espeak_en, args.speech_data, args.prompt_data)
        keep_seed(args.work / "voices", "voices", args.seed)
    elif args.step == "kokoro":
        import kokoro as step

        step.make(args.work / "kokoro", args.folder, args.seed)
        keep_seed(args.work / "kokoro", "voices", args.seed)
    elif args.step == "base":
        import base as step

        step.make(args.work, args.folder, args.audio_layers, args.text_layers)
    elif args.step == "features":
        import features as step

        for name in args.pools:
            step.make(args.work / name, args.seed)
            keep_seed(args.work / name, "features", args.seed)
        if "voices" in args.pools:
            step.make_noises(args.work / "voices", args.seed)
    elif args.step == "train":
        import train as step

        step.run(args.work, args.name, seed=args.seed, minutes=args.minutes, rate=args.rate, recordings=args.recordings,
                 exclude=args.exclude, start=args.start, steps=args.steps,
                 threads=args.threads, processes=args.processes, device=args.device, positions=args.positions, makers=args.makers)
    elif args.step == "mean":
        import train as step

        step.mean(args.work, args.name, args.models)
    elif args.step == "measure":
        import measure as step

        step.run(args.work, [j.split(":") for j in args.jobs], args.count, args.seed, args.threshold, args.out)
    elif args.step == "parity":
        import parity as step

        step.run(args.work, args.name, args.ggml, args.program)
    else:
        import card
        import write as step

        step.write(args.work, args.name, args.out)
        card.write(args.work, args.name, args.out, args.figures, args.notes)


if __name__ == "__main__":
    main()
