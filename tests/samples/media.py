"""ffmpeg and espeak-ng: a voice reading digits, frames to WebM as a browser records it."""

import subprocess
from pathlib import Path

import numpy as np

WORDS = {
    "fr": ["zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"],
    "en": ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
}
VOICES = {"fr": "fr-fr", "en": "en-gb"}
QUIET = ["-nostdin", "-hide_banner", "-loglevel", "error", "-y"]
# VP8 with Opus (not in real time: that mode adapts to the machine's speed), and nothing in the file that changes from run to run.
ENCODE = (
    "-c:v libvpx -b:v 2500k -deadline good -cpu-used 5 -threads 1 -g 120 -pix_fmt yuv420p "
    "-c:a libopus -b:a 64k -ar 48000 -map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact"
).split()


def run(command: list[str], **more) -> subprocess.CompletedProcess:
    """A command that must succeed; its own words are part of the error."""
    done = subprocess.run(command, capture_output=True, check=False, **more)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed ({done.returncode}):\n{done.stderr.decode(errors='replace')}")
    return done


def speak(digits: str, language: str, path: Path) -> None:
    """The digits one by one with pauses, WAV, 22.05 kHz mono."""
    words = '<break time="350ms"/>'.join(WORDS[language][int(d)] for d in digits)
    run(["espeak-ng", "-m", "-v", VOICES[language], "-s", "125", "-w", str(path), f"<speak>{words}</speak>"])


def encode(frames, shape: tuple[int, int, int, int], voice: Path, start: float, out: Path) -> None:
    """Writes RGB frames (uint8, height x width x 3) and the voice from `start` seconds on.

    `shape`: width, height, frames a second, seconds.
    """
    width, height, fps, seconds = shape
    command = ["ffmpeg", *QUIET, "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    command += ["-r", str(fps), "-i", "pipe:", "-i", str(voice)]
    command += ["-filter:a", sound(start, seconds), *ENCODE, str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        for frame in frames:
            process.stdin.write(np.ascontiguousarray(frame).tobytes())
        process.stdin.close()
        errors = process.stderr.read()
    if process.returncode != 0:
        raise SystemExit(f"ffmpeg failed on {out.name}:\n{errors.decode(errors='replace')}")


def revoice(video: Path, voice: Path, start: float, seconds: float, out: Path) -> None:
    """The same pictures with another voice."""
    command = ["ffmpeg", *QUIET, "-i", str(video), "-i", str(voice), "-map", "0:v", "-map", "1:a"]
    run([*command, "-filter:a", sound(start, seconds), *ENCODE, "-c:v", "copy", str(out)])


def sound(start: float, seconds: float) -> str:
    """Filter: the voice after `start` seconds, then silence, over faint room noise, `seconds` in all."""
    delay = round(start * 1000)
    return (
        f"aresample=48000,adelay={delay}:all=1,apad=whole_dur={seconds}[v];"
        f"anoisesrc=r=48000:a=0.0015:c=pink:seed=7:d={seconds}[n];"
        f"[v][n]amix=inputs=2:duration=longest:normalize=0,atrim=end={seconds}"
    )
