#!/usr/bin/env python3
"""Builds presentation and injection attacks from recordings of real people. See README.md."""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "samples"))
import media  # noqa: E402
import scenes  # noqa: E402

FPS = 25
# At which the sources are read: what they repeat at this rate is left out.
SOURCE_FPS = 30
# When the digits are shown, in milliseconds, and how long an answer takes to come.
SHOWN_MS = [1200, 2600, 4000]
ANSWER_MS = 450


def step(text: str) -> None:
    print(f"attacks: {text}", flush=True)


def without_repeats(frames: list[np.ndarray]) -> list[int]:
    """Places of the frames that show something new. Films changed to another rate repeat frames; cameras do not."""
    small = np.stack([f[::8, ::8, 1] for f in frames]).astype(np.int16)
    change = np.abs(np.diff(small, axis=0)).mean((1, 2))
    near = [np.median(np.r_[change[max(0, i - 4) : i], change[i + 1 : i + 5]]) for i in range(len(change))]
    return [0] + [i + 1 for i, (c, usual) in enumerate(zip(change, near)) if usual < 0.15 or c >= 0.35 * usual]


def read(path: Path, seconds: float) -> list[np.ndarray]:
    """The first seconds at FPS, the short side at most 480."""
    size = "scale=w='if(lt(iw,ih),min(480,iw),-2)':h='if(lt(iw,ih),-2,min(480,ih))'"
    probe = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "csv=p=0"]
    command = ["ffmpeg", *media.QUIET, "-t", f"{1.3 * seconds}", "-i", str(path), "-vf", f"fps={SOURCE_FPS},{size}"]
    with tempfile.TemporaryDirectory() as scratch:
        raw = Path(scratch) / "frames.avi"
        media.run([*command, "-an", "-c:v", "ffv1", "-pix_fmt", "bgr0", str(raw)])
        width, height = map(int, media.run([*probe, str(raw)]).stdout.decode().strip().strip(",").split(",")[:2])
        done = media.run(["ffmpeg", *media.QUIET, "-i", str(raw), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
    frames = list(np.frombuffer(done.stdout, np.uint8).reshape(-1, height, width, 3))
    new = without_repeats(frames)
    # Faster sources are thinned out evenly; slower ones are played at FPS, at most a fifth too fast.
    step = max(1.0, len(new) * SOURCE_FPS / FPS / len(frames))
    return [frames[new[int(i * step)]] for i in range(min(int(seconds * FPS), int(len(new) / step)))]


def voice(digits: str, at_ms: list[int], seconds: float, language: str, out: Path) -> None:
    """Each digit at its time."""
    with tempfile.TemporaryDirectory() as scratch:
        inputs, filters = [], []
        for i, (digit, at) in enumerate(zip(digits, at_ms)):
            one = Path(scratch) / f"{i}.wav"
            media.speak(digit, language, one)
            inputs += ["-i", str(one)]
            filters.append(f"[{i}:a]aresample=48000,adelay={max(0, at)}:all=1[d{i}]")
        names = "".join(f"[d{i}]" for i in range(len(digits)))
        graph = ";".join(filters) + f";{names}amix=inputs={len(digits)}:normalize=0,apad=whole_dur={seconds}[v];"
        graph += f"anoisesrc=r=48000:a=0.0015:c=pink:seed=7:d={seconds}[n];"
        graph += f"[v][n]amix=inputs=2:duration=longest:normalize=0,atrim=end={seconds}[out]"
        media.run(["ffmpeg", *media.QUIET, *inputs, "-filter_complex", graph, "-map", "[out]", str(out)])


def write(frames, sound: Path, seed: int, out: Path, jitter: bool = True) -> None:
    """WebM as a browser records it: with `jitter`, times as a camera's driver gives them."""
    frames = iter(frames)
    first = next(frames)
    height, width = first.shape[:2]
    out.parent.mkdir(parents=True, exist_ok=True)
    command = ["ffmpeg", *media.QUIET, "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    command += ["-r", str(FPS), "-i", "pipe:", "-i", str(sound)]
    if jitter:
        # Milliseconds of a random walk that is pulled back to the beat, and a frame lost now and then.
        times = f"setpts='PTS+(4*sin(N*1.7+{seed})+3*sin(N*0.61)+2*sin(N*12.9))/1000/TB'"
        command += ["-vf", f"settb=1/1000,{times},select='not(eq(mod(n+{seed}\\,53)\\,52))'", "-fps_mode", "vfr"]
    command += ["-shortest", *media.ENCODE, "-b:v", "1500k", str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            process.stdin.write(np.ascontiguousarray(first).tobytes())
            for frame in frames:
                process.stdin.write(np.ascontiguousarray(frame).tobytes())
            process.stdin.close()
        except BrokenPipeError:
            pass
        errors = process.stderr.read()
    if process.returncode != 0:
        raise SystemExit(f"ffmpeg failed on {out.name}:\n{errors.decode(errors='replace')}")
    media.as_recorded(out)


def challenge(digits: str, language: str, out: Path) -> None:
    """The challenge file of the recording `out`."""
    steps = [{"kind": "digit", "digit": int(d), "after_ms": at} for d, at in zip(digits, SHOWN_MS)]
    script = {"digits": [int(d) for d in digits], "language": language, "steps": steps, "recorder": "browser"}
    out.with_suffix(".json").write_text(json.dumps(script, indent=2) + "\n", encoding="utf-8")


def holes(frame: np.ndarray) -> list[tuple[float, float, float, float]] | None:
    """Eyes and mouth of the frontal face, as shares of the frame."""
    detector = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    faces = detector.detectMultiScale(grey, 1.1, 5, minSize=(80, 80))
    if len(faces) == 0:
        return None
    x, y, w, h = max(faces, key=lambda f: f[2] * f[3])
    height, width = grey.shape
    return [
        ((x + cx * w) / width, (y + cy * h) / height, a * w / width, b * h / height)
        for cx, cy, a, b in [(0.31, 0.39, 0.13, 0.07), (0.69, 0.39, 0.13, 0.07), (0.5, 0.78, 0.2, 0.11)]
    ]


class Bench:
    def __init__(self, out: Path, seconds: float, only: list[str]):
        self.out, self.seconds, self.only = out, seconds, only

    def wants(self, kind: str) -> bool:
        return not self.only or kind in self.only

    def save(self, kind: str, name: str, frames, sound: Path, digits: str, seed: int, jitter: bool = True) -> Path | None:
        if not self.wants(kind):
            return None
        folder = self.out / ("bona-fide" if kind == "bona-fide" else f"attack/{kind}")
        path = folder / f"{name}.webm"
        write(frames, sound, seed, path, jitter)
        challenge(digits, "en", path)
        return path

    def of_one(self, name: str, frames: list[np.ndarray], digits: str, sounds: dict[str, Path], seed: int) -> None:
        right = sounds["right"]
        bona_fide = self.save("bona-fide", name, frames, right, digits, seed)
        self.save("screen-replay", name, scenes.screen(frames, FPS, seed), right, digits, seed)
        self.save("print", name, scenes.printed(frames, FPS, seed), right, digits, seed)
        eyes = holes(frames[0])
        if eyes and self.wants("cut-out"):
            self.save("cut-out", name, scenes.cut_out(frames, eyes, FPS, seed), right, digits, seed)
        self.save("still", name, scenes.still(frames, seed), right, digits, seed)
        self.save("wrong-digits", name, frames, sounds["wrong"], digits, seed)
        self.save("wrong-times", name, frames, sounds["early"], digits, seed)
        two = 2 * FPS
        loop = [frames[FPS // 2 + i % two] for i in range(len(frames))]
        self.save("looped", name, loop, right, digits, seed)
        fro = [frames[FPS // 2 + min(i % (2 * two), 2 * two - 1 - i % (2 * two))] for i in range(len(frames))]
        self.save("boomerang", name, fro, right, digits, seed)
        frozen = frames[: 2 * FPS] + [frames[2 * FPS]] * two + frames[4 * FPS :]
        self.save("frozen", name, frozen[: len(frames)], right, digits, seed)
        slow = [frames[min(len(frames) - 1, int(i * 4 / 5))] for i in range(len(frames))]
        self.save("virtual-camera", name, slow, right, digits, seed, jitter=False)
        if bona_fide is None or not self.wants("re-encoded"):
            return
        again = self.out / "attack/re-encoded" / f"{name}.mp4"
        again.parent.mkdir(parents=True, exist_ok=True)
        encode = f"-r {FPS} -c:v libx264 -crf 27 -preset veryfast -pix_fmt yuv420p -vf scale=trunc(iw/2)*2:trunc(ih/2)*2"
        media.run(["ffmpeg", *media.QUIET, "-i", str(bona_fide), *encode.split(), "-c:a", "aac", str(again)])
        challenge(digits, "en", again)

    def of_two(self, name: str, one: list[np.ndarray], other: list[np.ndarray], sounds, digits: str, seed: int) -> None:
        height, width = one[0].shape[:2]
        half = len(one) // 2
        rest = [cv2.resize(f, (width, height), interpolation=cv2.INTER_AREA) for f in other[half:]]
        self.save("spliced", name, one[:half] + rest, sounds["right"], digits, seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=Path, required=True, help="recordings of people who face the camera")
    parser.add_argument("--out", type=Path, default=Path("var/attacks"))
    parser.add_argument("--leave-out", nargs="*", default=[], metavar="NAME", help="recordings that show no person")
    parser.add_argument("--seconds", type=float, default=6.5, help="of each recording")
    parser.add_argument("--only", nargs="*", default=[], metavar="TYPE", help="of all types; `re-encoded` needs `bona-fide`")
    parser.add_argument("--most", type=int, default=20, help="recordings at most")
    arguments = parser.parse_args()
    found = (p for p in sorted(arguments.videos.rglob("*")) if p.suffix in (".mp4", ".webm", ".mov"))
    films = [p for p in found if p.name not in arguments.leave_out][: arguments.most]
    if not films:
        sys.exit(f"attacks: no .mp4, .webm or .mov in {arguments.videos}")
    bench, people = Bench(arguments.out, arguments.seconds, arguments.only), []
    for seed, path in enumerate(films):
        frames = read(path, arguments.seconds)
        name = path.stem if path.stem != "selfie" else path.parent.name
        if len(frames) < 5 * FPS:
            step(f"{path.name}: left out, shorter than 5 s")
            continue
        lot = random.Random(seed)
        digits = "".join(str(lot.randrange(10)) for _ in range(3))
        other = "".join(str((int(d) + lot.randrange(1, 10)) % 10) for d in digits)
        people.append((name, frames, digits, other, seed))
    with tempfile.TemporaryDirectory() as scratch:
        ready = []
        for name, frames, digits, other, seed in people:
            answers = [at + ANSWER_MS for at in SHOWN_MS]
            early = [at - 1100 for at in SHOWN_MS]
            sounds = {kind: Path(scratch) / f"{name}-{kind}.wav" for kind in ("right", "wrong", "early")}
            for kind, said, at in [("right", digits, answers), ("wrong", other, answers), ("early", digits, early)]:
                voice(said, at, arguments.seconds, "en", sounds[kind])
            step(f"{name}: one person's attacks")
            bench.of_one(name, frames, digits, sounds, seed)
            ready.append((name, frames, digits, sounds, seed))
        for i, (name, frames, digits, sounds, seed) in enumerate(ready):
            _, others, _, other_sounds, _ = ready[(i + 1) % len(ready)]
            if len(ready) > 1:
                step(f"{name}: two people's attacks")
                bench.of_two(name, frames, others, sounds, digits, seed)
                bench.save("swapped-sound", name, frames, other_sounds["right"], digits, seed)
    step(f"{len(ready)} recordings and their attacks in {arguments.out}")


if __name__ == "__main__":
    main()
