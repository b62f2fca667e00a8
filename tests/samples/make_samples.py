#!/usr/bin/env python3
"""Makes the sample cases: a specimen card, a presentation attack and, given real videos, genuine cases.

The holder of the card and its state are fictitious. The portrait is the public-domain picture of an
astronaut in the PyPI package scikit-image. Needs ffmpeg, espeak-ng and two font packages; says which is
missing. The same inputs and the same tool versions give the same files.
"""

import argparse
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from PIL import Image

import attack
import card
import genuine
import media
from mrz import Person
from photo import photograph

SCIKIT_IMAGE = "scikit-image==0.26.0"
ASTRONAUT = "skimage/data/astronaut.png"
ASTRONAUT_SHA256 = "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"
# Head and shoulders in the proportions 35:45, and a wider cut for the print.
PORTRAIT_BOX = (143, 2, 305, 210)
PRINT_BOX = (116, 2, 336, 277)

HOLDER = Person(
    surname="DUVAL-LANTERNE",
    given_names=("ORIANE", "IRIS"),
    sex="F",
    birth_date="1988-05-14",
    birth_place="AMAUROTE",
    number="SPC4N27X9",
    issue_date="2023-10-02",
    expiry_date="2033-10-01",
)
DIGITS = "372"


def step(text: str) -> None:
    print(f"samples: {text}", flush=True)


def check_tools() -> None:
    """Stops with the command that installs what is missing."""
    packages = [t for t in ("ffmpeg", "espeak-ng") if shutil.which(t) is None] + card.missing_fonts()
    if packages:
        sys.exit(f"samples: missing; install with: apt-get install -y {' '.join(packages)}")


def astronaut(cache: Path) -> Image.Image:
    """The picture, from the cache or from the package, its sha256 checked."""
    path = cache / "astronaut.png"
    if not path.exists():
        step(f"fetching {SCIKIT_IMAGE} for its astronaut portrait")
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
            done = subprocess.run([*pip, "--dest", folder, SCIKIT_IMAGE], check=False)
            wheels = sorted(Path(folder).glob("*.whl"))
            if done.returncode != 0 or not wheels:
                sys.exit(f"samples: pip could not download {SCIKIT_IMAGE}; is the package index reachable?")
            with zipfile.ZipFile(wheels[0]) as wheel:
                path.write_bytes(wheel.read(ASTRONAUT))
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != ASTRONAUT_SHA256:
        path.unlink()
        sys.exit(f"samples: {ASTRONAUT} has sha256 {found}, expected {ASTRONAUT_SHA256}; removed")
    return Image.open(io.BytesIO(data)).convert("RGB")


def save_photo(picture: Image.Image, path: Path) -> None:
    picture.save(path, quality=90, subsampling=2)


def write_json(path: Path, content) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def make_card(out: Path, person: Person, picture: Image.Image, seed: int) -> dict:
    """Flat and photographed sides of one card in `out`; returns their file names."""
    out.mkdir(parents=True, exist_ok=True)
    front, back = card.front(person, picture, seed), card.back(person, seed)
    front.save(out / "card-front-flat.png")
    back.save(out / "card-back-flat.png")
    card.both(front, back).save(out / "card-both-flat.jpg", quality=92)
    save_photo(photograph(front, seed + 10), out / "card-front.jpg")
    save_photo(photograph(back, seed + 11), out / "card-back.jpg")
    write_json(out / "identity.json", person.identity())
    return {"document": ["card-front.jpg", "card-back.jpg"], "identity": "identity.json"}


def make_attacks(out: Path, cache: Path) -> list[dict]:
    """The portrait held to a camera, with a voice in each language."""
    picture = astronaut(cache)
    folder = out / "attack-photo"
    step("drawing and photographing the specimen card")
    files = make_card(folder, HOLDER, picture.crop(PORTRAIT_BOX), seed=2033)
    cases = []
    first = folder / "attack-photo.webm"
    for language in ("fr", "en"):
        video = first if language == "fr" else folder / f"attack-photo-{language}.webm"
        with tempfile.TemporaryDirectory() as scratch:
            voice = Path(scratch) / "voice.wav"
            media.speak(DIGITS, language, voice)
            if video == first:
                step(f"filming the printed portrait, {attack.FPS * attack.SECONDS} frames")
                frames = attack.frames(picture.crop(PRINT_BOX), seed=37)
                media.encode(frames, (*attack.SIZE, attack.FPS, attack.SECONDS), voice, 2.0, video)
            else:
                step(f"giving it the digits in another language ({language})")
                media.revoice(first, voice, 2.0, attack.SECONDS, video)
        cases.append(
            {
                "name": video.stem,
                "kind": "attack",
                "what": "a printed portrait of the card's holder held to the camera; voice synthesised",
                "folder": folder.name,
                **files,
                "video": video.name,
                "digits": DIGITS,
                "language": language,
                "never": ["accept"],
            }
        )
    return cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("var/samples"), help="directory to write to")
    parser.add_argument("--cache", type=Path, default=None, help="keeps the portrait (default: OUT/.cache)")
    parser.add_argument("--videos", type=Path, default=None, help="real videos for genuine and impostor cases")
    parser.add_argument("--leave-out", nargs="*", default=[], metavar="NAME", help="videos that show no person")
    arguments = parser.parse_args()
    check_tools()
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    cases = make_attacks(out, arguments.cache or out / ".cache")
    if arguments.videos is None:
        step("no --videos: genuine cases are not made")
    elif not arguments.videos.is_dir():
        sys.exit(f"samples: --videos {arguments.videos}: no such directory")
    else:
        cases += genuine.make(arguments.videos, set(arguments.leave_out), out, make_card, step)
    write_json(out / "cases.json", {"cases": cases})
    step(f"{len(cases)} cases in {out}/cases.json")


if __name__ == "__main__":
    main()
