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
    "-c:a libopus -b:a 64k -ar 48000 -map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -live 1"
).split()
# A recorder in a browser writes as it goes: lengths unknown, no index, no tags, its own name.
SEGMENT, CLUSTER, INFO, TRACKS = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75", b"\x15\x49\xa9\x66", b"\x16\x54\xae\x6b"
BROWSER_INFO = INFO + bytes([0x99]) + bytes.fromhex("2ad7b1830f4240") + b"\x4d\x80\x86Chrome" + b"\x57\x41\x86Chrome"


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
    as_recorded(out)


def as_recorded(path: Path) -> None:
    """Gives a WebM written with `-live 1` the head that Chromium's MediaRecorder gives it."""
    data = path.read_bytes()
    at = data.index(SEGMENT) + len(SEGMENT) + 8
    head, kept = data[:at], b""
    while not data.startswith(CLUSTER, at):
        name, first = data[at : at + 4], at
        at += 1 if data[at] >= 0x80 else 4
        width = 9 - data[at].bit_length()
        size = int.from_bytes(data[at : at + width], "big") - (1 << (7 * width))
        at += width + size
        kept += BROWSER_INFO if name == INFO else data[first:at] if name == TRACKS else b""
    path.write_bytes(head + kept + data[at:])


def revoice(video: Path, voice: Path, start: float, seconds: float, out: Path) -> None:
    """The same pictures with another voice."""
    command = ["ffmpeg", *QUIET, "-i", str(video), "-i", str(voice), "-map", "0:v", "-map", "1:a"]
    run([*command, "-filter:a", sound(start, seconds), *ENCODE, "-c:v", "copy", str(out)])
    as_recorded(out)


def sound(start: float, seconds: float) -> str:
    """Filter: the voice after `start` seconds, then silence, over faint room noise, `seconds` in all."""
    delay = round(start * 1000)
    return (
        f"aresample=48000,adelay={delay}:all=1,apad=whole_dur={seconds}[v];"
        f"anoisesrc=r=48000:a=0.0015:c=pink:seed=7:d={seconds}[n];"
        f"[v][n]amix=inputs=2:duration=longest:normalize=0,atrim=end={seconds}"
    )
