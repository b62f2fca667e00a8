"""`cook.py voices`: makes every synthetic voice, and reads the recordings if given."""

import re
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np

import engines
from pool import PoolWriter
from words import DIGITS, FRENCH_IN_US_PHONES, FRENCH_RESPELT, HESITATIONS, OTHER, OTHERS

# By the names of espeak-ng's own files: behind a language's other name ("fr-fr", "en-gb") a variant is silently left out.
ACCENTS = {
    "fr": ("fr", "fr", "fr-be", "fr-ch"),
    "en": ("en-us", "en-us", "en", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan",
           "en-gb-x-gbcwmd", "en-029"),
}
UNUSABLE_VARIANTS = {"fast", "announcer", "Demonic", "Mr"}


def script(language, rng, strings, others):
    """[(labels, text)] that one voice says: each digit, strings, other words, a hesitation."""
    words = DIGITS[language]
    said = [(digit, text) for digit, texts in words.items() for text in texts]
    for _ in range(strings):
        digits = rng.choice(list("0123456789"), size=rng.integers(2, 5))
        joint = rng.choice([", ", " ", ". "])
        said.append(("".join(digits), joint.join(rng.choice(words[d]) for d in digits)))
    for word in rng.choice(OTHERS[language], size=others, replace=False):
        said.append((OTHER, str(word)))
    said.append(("", str(rng.choice(HESITATIONS[language]))))
    return said


def espeak_voice(job):
    """One formant-synthesis voice: [(labels, sound)] and who it is."""
    language, number, seed, variants = job
    rng = np.random.default_rng([seed, 1, number])
    accent, variant = rng.choice(ACCENTS[language]), rng.choice(variants)
    voice = f"{accent}+{variant}"
    how = (int(rng.integers(10, 90)), int(rng.integers(105, 210)))
    said = [(labels, text) for labels, text in script(language, rng, 2, 8)]
    phonemes = {d: engines.espeak_phonemes(t[0], str(accent)) for d, t in DIGITS[language].items()}
    for _ in range(4):
        digits = rng.choice(list("0123456789"), size=rng.integers(2, 5))
        said.append(("".join(digits), "[[" + " ".join(phonemes[d] for d in digits) + "]]"))
    waves = [(labels, engines.espeak(text, voice, *how)) for labels, text in said]
    return language, "espeak", f"espeak-{voice}", f"espeak-{voice}-{number}", waves


def flite_voice(job):
    voice, stretch, seed = job
    rng = np.random.default_rng([seed, 2, int(stretch * 100)])
    name = f"flite-{voice}"
    english = [(labels, engines.flite(text, voice, stretch)) for labels, text in script("en", rng, 6, 12)]
    french = [(d, engines.flite(f"pau {p} pau", voice, stretch, phones=True))
              for d, p in FRENCH_IN_US_PHONES.items()]
    yield "en", "flite", name, f"{name}-{stretch}", english
    yield "fr", "flite", name, f"{name}-{stretch}", french


def pico_voice(job):
    language, code, pitch, speed, seed = job
    rng = np.random.default_rng([seed, 3, pitch, speed])
    said = script(language, rng, 8, 25)
    waves = [(labels, engines.pico(text, code, pitch, speed)) for labels, text in said]
    yield language, "pico", f"pico-{code}", f"pico-{code}-{pitch}-{speed}", waves


def festival_voice(job):
    voice, language, encoding, stretch, seed = job
    rng = np.random.default_rng([seed, 4, int(stretch * 100)])
    if language == "en":
        said, spoken = script("en", rng, 6, 12), "en"
    else:
        said, spoken = list(FRENCH_RESPELT[language].items()), "fr"
    sounds = engines.festival([text for _, text in said], voice, encoding, stretch)
    waves = [(labels, wave) for (labels, _), wave in zip(said, sounds)]
    yield spoken, "festival", f"festival-{voice}", f"festival-{voice}-{stretch}", waves


# MBROLA's voices (espeak-ng drives them): (language, voice of espeak-ng, the voice that it needs).
MBROLA = (
    *(("fr", f"mb-{name}", name) for name in ("fr1", "fr2", "fr3", "fr4", "fr5", "fr6", "fr7", "ca1", "ca2")),
    *(("en", f"mb-{name}", name) for name in ("en1", "us1", "us2", "us3")),
    *(("en", f"mb-{name}-en", name) for name in ("af1", "de4", "de5", "de6", "fr1", "fr4", "gr2", "hu1", "nl2", "pl1", "ro1", "sw1", "sw2")),
)


def mbrola_voice(job):
    language, voice, number, seed = job
    rng = np.random.default_rng([seed, 9, number])
    how = (int(rng.integers(25, 75)), int(rng.integers(105, 190)))
    said = script(language, rng, 3, 6)
    waves = [(labels, engines.espeak(text, voice, *how)) for labels, text in said]
    yield language, "mbrola", f"mbrola-{voice}", f"mbrola-{voice}-{number}", waves


FESTIVAL = (
    ("kal_diphone", "en", "latin-1"), ("ked_diphone", "en", "latin-1"),
    ("cmu_us_slt_arctic_hts", "en", "latin-1"),
    ("suo_fi_lj_diphone", "finnish", "latin-1"), ("hy_fi_mv_diphone", "finnish", "latin-1"),
    ("czech_dita", "czech", "iso-8859-2"), ("czech_krb", "czech", "iso-8859-2"),
    ("czech_machac", "czech", "iso-8859-2"), ("czech_ph", "czech", "iso-8859-2"),
    ("lp_diphone", "italian", "latin-1"), ("pc_diphone", "italian", "latin-1"),
    ("upc_ca_ona_hts", "catalan", "latin-1"),
)


def human_like(seed):
    """Every voice cut from human recordings, at a few tempi: [(function, job)], each a list of voices."""
    jobs = []
    if engines.available("flite"):
        for voice in ("kal", "kal16", "awb", "rms", "slt"):
            jobs += [(flite_voice, (voice, stretch, seed)) for stretch in (0.85, 1.0, 1.2, 1.45)]
    if engines.available("pico2wave"):
        for language, code in (("fr", "fr-FR"), ("en", "en-US"), ("en", "en-GB")):
            for pitch, speed in ((85, 90), (100, 100), (115, 120), (100, 75)):
                jobs.append((pico_voice, (language, code, pitch, speed, seed)))
    there = engines.mbrola_voices()
    for number, (language, voice, name) in enumerate(MBROLA):
        for take in range((2 if voice.endswith("-en") else 5) if name in there else 0):
            jobs.append((mbrola_voice, (language, voice, 10 * number + take, seed)))
    if engines.available("festival"):
        for voice, language, encoding in FESTIVAL:
            jobs += [(festival_voice, (voice, language, encoding, stretch, seed)) for stretch in (0.9, 1.15)]
    return jobs


def recordings(folder):
    """FSDD (`en-digits/<digit>_<speaker>_<n>.wav`) and the French voice (`fr-digits/<digit>_<voice>.wav`)."""
    for part, language, engine in (("en-digits", "en", "fsdd"), ("fr-digits", "fr", "recorded-fr")):
        by_speaker = {}
        for path in sorted((Path(folder) / part).glob("*.wav")):
            digit, speaker = path.stem.split("_")[:2]
            by_speaker.setdefault(speaker, []).append((digit, engines.read(path)))
        for speaker, waves in by_speaker.items():
            yield language, engine, speaker, speaker, waves


# Announcements that people recorded, in Debian packages unpacked below one folder: (folder of
# the numbers, ending, language, speaker).
PROMPTS = (
    ("usr/share/asterisk/sounds/en_US_f_Allison/digits", "wav", "en", "allison"),
    ("usr/share/asterisk/sounds/fr_CA_f_June/digits", "wav", "fr", "june"),
    ("usr/share/asterisk/sounds/fr/digits", "gsm", "fr", "armelle"),
    ("usr/share/saytime", "au", "en", "saytime"),
)
# What else such a folder says, by the beginning of the file's name: no digit is in it.
PROMPTED_OTHERS = re.compile(r"([1-9][0-9]|day-[0-6]|mon-([0-9]|1[01])|hundred|thousand|million|minutes?|hours?|the_time_is)$")


def prompts(folder):
    """Numbers of telephone exchanges and speaking clocks, as `PROMPTS` names them; what is not there is left out."""
    for place, ending, language, speaker in PROMPTS:
        waves = []
        for path in sorted((Path(folder) / place).glob(f"*.{ending}")):
            digit = path.stem if len(path.stem) == 1 else "0" if path.stem == "oh" else None
            if (digit or "x") in "0123456789":
                waves.append((digit, engines.read_any(path)))
            elif PROMPTED_OTHERS.match(path.stem):
                waves.append((OTHER, engines.read_any(path)))
        if waves:
            yield language, "prompts", speaker, speaker, waves


def _warped(job):
    wave, factors = job
    try:
        return engines.warp(wave, *factors)
    except (ValueError, FloatingPointError):
        return None


# How many warped copies of every piece: most where human-like voices are few.
COPIES = {"flite": 0, "festival": 0, "pico": 1, "mbrola": 0, "fsdd": 0, "prompts": 4, "recorded-fr": 4}
THREADS = 4


def make(out, seed, espeak_fr, espeak_en, speech_data, prompt_data):
    """Writes the pool to `out`; the same seed gives the same voices."""
    warnings.simplefilter("ignore")
    writer = PoolWriter()

    def keep(language, engine, source, speaker, waves):
        for labels, wave in waves:
            if wave is not None:
                writer.add(wave, language=language, labels=labels, engine=engine,
                           source=source, speaker=speaker)

    variants = [v for v in engines.espeak_variants() if v not in UNUSABLE_VARIANTS]
    jobs = [("fr", n, seed, variants) for n in range(espeak_fr)]
    jobs += [("en", 10_000 + n, seed, variants) for n in range(espeak_en)]
    with ThreadPoolExecutor(THREADS) as threads:
        for voice in threads.map(espeak_voice, jobs):
            keep(*voice)
        print(f"espeak-ng: {len(writer.pieces)} pieces", flush=True)
        made = threads.map(lambda job: list(job[0](job[1])), human_like(seed))
        natural = [voice for voices in made for voice in voices]
    print(f"{len(natural)} voices cut from people's recordings", flush=True)
    if speech_data:
        natural += list(recordings(speech_data))
    if prompt_data:
        natural += list(prompts(prompt_data))
    rng = np.random.default_rng([seed, 5])
    with ProcessPoolExecutor(THREADS) as workers:
        for language, engine, source, speaker, waves in natural:
            keep(language, engine, source, speaker, waves)
            waves = [(labels, wave) for labels, wave in waves if wave is not None]
            for copy in range(COPIES[engine]):
                pitch, formant = np.exp(rng.uniform(-0.35, 0.35)), np.exp(rng.uniform(-0.16, 0.16))
                factors = (pitch, formant, np.exp(rng.uniform(-0.2, 0.2)))
                copies = workers.map(_warped, [(w, factors) for _, w in waves], chunksize=16)
                keep(language, engine, source, f"{speaker}~{copy}",
                     [(labels, w) for (labels, _), w in zip(waves, copies)])
    writer.write(out)
    seconds = writer.at / 16_000
    print(f"{len(writer.pieces)} pieces, {len({p.speaker for p in writer.pieces})} voices, "
          f"{seconds / 3600:.2f} h in {out}", flush=True)
