"""The kitchen of the networks that read lines: train, measure, write. See README.md."""

import argparse
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["zones", "print"], help="what the network reads")
    parser.add_argument("--work", type=Path, default=Path("work"), help="where everything is kept")
    steps = parser.add_subparsers(dest="step", required=True)

    train = steps.add_parser("train", help="train one model")
    train.add_argument("name", help="the weights go to <work>/<name>.pt")
    train.add_argument("--lines", type=Path, help="folder of labelled lines; nine tenths of them are read")
    train.add_argument("--seed", type=int, default=7)
    train.add_argument("--steps", type=int, help="the same steps give the same pictures in the same order")
    train.add_argument("--minutes", type=float, default=30)
    train.add_argument("--rate", type=float, default=3e-3)
    train.add_argument("--start", help="weights to start from")
    train.add_argument("--bfloat16", action="store_true", help="where the processor computes with it")

    measure = steps.add_parser("measure", help="figures on what was kept out")
    measure.add_argument("name")
    measure.add_argument("--lines", type=Path, help="folder of labelled lines (zones)")
    measure.add_argument("--show", action="store_true", help="print each line that was misread")

    take = steps.add_parser("take", help="the weights of an ONNX file, to start from")
    take.add_argument("name")
    take.add_argument("source", type=Path)
    take.add_argument("--seed", type=int, default=7)

    write = steps.add_parser("write", help="write the ONNX file")
    write.add_argument("name")
    write.add_argument("out", type=Path)

    args = parser.parse_args()
    if args.kind == "zones":
        import zones as kind
    else:
        import print as kind
    if args.step == "train":
        import train as step

        step.run(kind, args.work, args.name, args.lines, args.seed, args.steps, args.minutes, args.rate, args.start,
                 args.bfloat16)
    elif args.step == "take":
        import take as step
        import train

        step.take(kind, args.work, args.name, args.source, train.some(kind, args.seed))
    elif args.step == "measure":
        import measure as step

        step.run(kind, args.work, args.name, args.lines, args.show)
    else:
        import write as step

        step.write(kind, args.work, args.name, args.out)


if __name__ == "__main__":
    main()
