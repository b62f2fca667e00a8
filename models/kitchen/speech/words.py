"""What is said: the words behind each label, in both languages.

A label is a digit "0".."9", or OTHER for speech that is not a digit (numbers
above nine, ordinary words, digits of the language that was not asked for).
Hesitations carry no label at all: the model learns to pass over them.
"""

OTHER = "*"
LABELS = tuple("0123456789") + (OTHER,)
LANGUAGES = ("en", "fr")

DIGITS = {
    "en": {
        "0": ("zero", "oh"), "1": ("one",), "2": ("two",), "3": ("three",), "4": ("four",),
        "5": ("five",), "6": ("six",), "7": ("seven",), "8": ("eight",), "9": ("nine",),
    },
    "fr": {
        "0": ("zéro",), "1": ("un",), "2": ("deux",), "3": ("trois",), "4": ("quatre",),
        "5": ("cinq",), "6": ("six",), "7": ("sept",), "8": ("huit",), "9": ("neuf",),
    },
}

HESITATIONS = {
    "en": ("um", "uh", "er", "hmm", "erm", "ah"),
    "fr": ("euh", "heu", "hmm", "hum", "ben euh", "euh euh"),
}

# Nothing here may sound like a digit (no "for", "to", "won", "ate", "cette"), nor rhyme with one ("heaven", "feu"):
# taught that, the model took many a speaker's "seven" or "deux" for another word.
OTHERS = {
    "en": (
        "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
        "eighteen", "nineteen", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty",
        "ninety", "hundred", "thousand", "twenty-one", "twenty-three", "thirty-five", "forty-seven",
        "fifty-two", "sixty-eight", "seventy-six", "eighty-four", "ninety-nine", "sixty-three",
        "three hundred", "two thousand", "yes", "no", "hello", "please", "okay", "thank you",
        "my name is", "the code is", "water", "stop", "again", "sorry", "good morning", "what",
        "today", "forest", "evening", "number",
    ),
    "fr": (
        "dix", "onze", "douze", "treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit",
        "dix-neuf", "vingt", "trente", "quarante", "cinquante", "soixante", "soixante-dix",
        "quatre-vingts", "quatre-vingt-dix", "cent", "mille", "vingt et un", "vingt-deux",
        "vingt-trois", "trente-quatre", "trente-six", "quarante-cinq", "cinquante-sept",
        "soixante-huit", "soixante-neuf", "soixante-dix-sept", "quatre-vingt-trois",
        "quatre-vingt-dix-neuf", "cent deux", "deux cents", "trois mille", "oui", "non", "bonjour",
        "merci", "s'il vous plaît", "je m'appelle", "le code est", "voilà", "alors", "d'accord",
        "pardon", "encore", "chiffre", "maman", "monsieur", "septembre", "janvier", "lundi",
    ),
}

# US phones with which English voices say the French digits: an accent, but a human timbre.
FRENCH_IN_US_PHONES = {
    "0": "z ey r ow", "2": "d ah", "3": "t r w aa", "4": "k ae t r", "5": "s ae ng k",
    "6": "s iy s", "7": "s eh t", "8": "w iy t", "9": "n er f",
}

# The same with the spelling of other languages' festival voices; what a language
# has no sound for is left out.
FRENCH_RESPELT = {
    "finnish": {"2": "döö", "3": "trua", "4": "katr", "5": "sänk", "6": "siis", "7": "set",
                "8": "yit", "9": "nöf"},
    "czech": {"0": "zeró", "3": "trua", "4": "katr", "5": "senk", "6": "sís", "7": "set",
              "8": "vít"},
    "italian": {"3": "truà", "4": "catr", "6": "sis", "7": "set", "8": "uit"},
    "catalan": {"3": "truà", "4": "catr", "6": "sis", "7": "set", "8": "uit"},
}
