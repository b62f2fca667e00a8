"""Genuine and impostor cases from real videos of people speaking to a camera.

The card's portrait comes from the first frames, the selfie from the rest. The face and its movement are
real; the card is drawn and the voice is synthesised, so lips and sound do not belong together.
"""

import subprocess
import tempfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

import media
from mrz import Person

# What is kept of a video: the portrait lies before this second, the selfie after it.
SPLIT = 0.8
LONGEST = 10.0
# Three digits need this much selfie.
SHORTEST = 4.0
NAMES = [
    ("MARCHEVENT", ("ALIX",)),
    ("ROCHEBRUNE", ("CAMILLE", "NOA")),
    ("TILLEUL", ("SACHA",)),
    ("HAUTERIVE", ("CLAUDE", "ANDREA")),
    ("PERCENEIGE", ("LOU",)),
    ("VALDOR", ("MAXENCE",)),
    ("BELLEFONTAINE", ("DOMINIQUE",)),
    ("CORDELIER", ("EDEN", "MORGAN")),
    ("LAVANDIER", ("CHARLIE",)),
    ("SOURCEVIVE", ("ANGE",)),
]
DIGITS = ["372", "815", "469", "204", "953", "681", "517", "738", "142", "906"]


def _duration(path: Path) -> float:
    entries = ["-show_entries", "stream=codec_type,duration", "-select_streams", "v:0", "-of", "csv=p=0"]
    text = media.run(["ffprobe", "-v", "error", *entries, str(path)]).stdout.decode()
    try:
        return float(text.strip().split(",")[-1])
    except ValueError:
        return 0.0


def _frame(path: Path, second: float) -> np.ndarray | None:
    command = ["ffmpeg", *media.QUIET, "-ss", f"{second}", "-i", str(path), "-frames:v", "1"]
    done = subprocess.run([*command, "-f", "image2pipe", "-c:v", "png", "-"], capture_output=True, check=False)
    data = np.frombuffer(done.stdout, np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None


def portrait(path: Path) -> Image.Image | None:
    """The face in the proportions 35:45, from the first frames; None where none is found."""
    detector = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    for second in (0.1, 0.4, 0.7, 0.0):
        frame = _frame(path, second)
        if frame is None:
            continue
        grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        smallest = min(grey.shape) // 6
        faces = detector.detectMultiScale(grey, 1.1, 6, minSize=(smallest, smallest))
        if len(faces) == 0:
            continue
        x, y, w, h = max(faces, key=lambda f: f[2] * f[3])
        height = 1.75 * h
        width = height * 35 / 45
        left, top = x + w / 2 - width / 2, y + 0.46 * h - height / 2
        centre = (left + width / 2, top + height / 2)
        size = (round(width), round(height))
        cut = cv2.getRectSubPix(frame, size, centre)
        return Image.fromarray(cv2.cvtColor(cut, cv2.COLOR_BGR2RGB))
    return None


def selfie(path: Path, seconds: float, digits: str, language: str, out: Path) -> None:
    """The rest of the video, its short side 720, with a voice reading the digits."""
    with tempfile.TemporaryDirectory() as scratch:
        voice = Path(scratch) / "voice.wav"
        media.speak(digits, language, voice)
        size = "scale=w='if(lt(iw,ih),720,-2)':h='if(lt(iw,ih),-2,720)',fps=30"
        command = ["ffmpeg", *media.QUIET, "-ss", f"{SPLIT}", "-t", f"{seconds}"]
        command += ["-i", str(path), "-i", str(voice)]
        graph = f"[0:v]{size}[picture];[1:a]{media.sound(0.5, seconds)}[voice]"
        command += ["-filter_complex", graph, "-map", "[picture]", "-map", "[voice]", "-t", f"{seconds}"]
        media.run([*command, *media.ENCODE, str(out)])
        media.as_recorded(out)


def _person(index: int) -> Person:
    surname, given = NAMES[index % len(NAMES)]
    return Person(
        surname=surname,
        given_names=given,
        sex="X",
        birth_date=f"19{70 + index % 25}-0{1 + index % 9}-1{index % 10}",
        birth_place="AMAUROTE",
        number=f"SPC{index:02d}K7M{index % 10}",
        issue_date="2023-10-02",
        expiry_date="2033-10-01",
    )


def make(videos: Path, leave_out: set[str], out: Path, make_card, step) -> list[dict]:
    """One genuine case a usable video, and one with the next person's card."""
    usable = []
    films = sorted(p for p in videos.iterdir() if p.suffix in (".mp4", ".webm", ".mov"))
    for path in (f for f in films if f.name not in leave_out):
        seconds = min(_duration(path) - SPLIT, LONGEST)
        long_enough = seconds >= SHORTEST
        picture = portrait(path) if long_enough else None
        if picture is None:
            step(f"{path.name}: left out, " + ("no frontal face found" if long_enough else "too short"))
        else:
            usable.append((path, seconds, picture))
    cases = []
    for index, (path, seconds, picture) in enumerate(usable):
        name, digits = f"bona-fide-{index + 1}", DIGITS[index % len(DIGITS)]
        language = ("fr", "en")[index % 2]
        step(f"{name}: card and selfie from {path.name}")
        files = make_card(out / name, _person(index), picture, seed=100 + 20 * index)
        selfie(path, seconds, digits, language, out / name / "selfie.webm")
        cases.append(
            {
                "name": name,
                "kind": "bona-fide",
                "what": "a real person's video, portrait from its beginning; card drawn, voice synthesised",
                "folder": name,
                **files,
                "video": "selfie.webm",
                "digits": digits,
                "language": language,
                "never": ["refuse"],
            }
        )
    if len(cases) > 1:
        cases += [_impostor(cases, index) for index in range(len(cases))]
    return cases


def _impostor(cases: list[dict], index: int) -> dict:
    """The case's selfie with the next person's card."""
    own, other = cases[index], cases[(index + 1) % len(cases)]
    return {
        **own,
        "name": f"impostor-{index + 1}",
        "kind": "impostor",
        "what": "a real person's video with another person's card; card drawn, voice synthesised",
        "folder": ".",
        "document": [f"{other['folder']}/{name}" for name in other["document"]],
        "identity": f"{other['folder']}/{other['identity']}",
        "video": f"{own['folder']}/{own['video']}",
        "never": ["accept"],
    }
