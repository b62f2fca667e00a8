"""What the lines of a machine-readable zone look like, made up (ICAO 9303 parts 3 to 7)."""

SYMBOLS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
"""Class 0 of the network is the blank; symbol k is class k + 1."""

LETTERS = SYMBOLS[10:36]
DIGITS = SYMBOLS[:10]
STATES = ("FRA", "UTO", "D<<", "ESP", "ITA", "GBR", "USA", "CHE", "POL", "ROU", "CZE", "SWE", "NLD", "PRT", "MAR",
          "DZA", "TUN", "CHN", "JPN", "CAN", "AUS", "BRA", "TUR", "UKR", "LTU", "LVA", "HUN", "HRV", "RKS", "XXA")
OFTEN_CONFUSED = "0OQD1I2Z5S6G8B4A7TUVMNHKXY<"


def pick(rng, of):
    return of[int(rng.integers(len(of)))]


def word(rng, of, low, high):
    return "".join(pick(rng, of) for _ in range(int(rng.integers(low, high))))


def date(rng):
    return f"{rng.integers(100):02d}{rng.integers(1, 13):02d}{rng.integers(1, 32):02d}"


def names(rng):
    parts = [word(rng, LETTERS, 2, 13), "<<", word(rng, LETTERS, 2, 11)]
    for _ in range(int(rng.integers(3))):
        parts += ["<", word(rng, LETTERS, 2, 10)]
    return "".join(parts)


def line(rng, length):
    """One line of `length` symbols: of a zone's kind, or any symbols in any order."""
    kind = rng.random()
    if kind < 0.22:
        text = pick(rng, ("P<", "I<", "ID", "V<", "A<", "C<", "IR", "AC", "PP", "")) + pick(rng, STATES) + names(rng)
    elif kind < 0.45:
        text = (word(rng, LETTERS + DIGITS * 3, 6, 11) + pick(rng, DIGITS) + pick(rng, STATES) + date(rng)
                + pick(rng, DIGITS) + pick(rng, "MF<X") + date(rng) + pick(rng, DIGITS))
        if rng.random() < 0.4:
            text += word(rng, LETTERS + DIGITS, 3, 13)
    elif kind < 0.6:
        text = (date(rng) + pick(rng, DIGITS) + pick(rng, "MF<") + date(rng) + pick(rng, DIGITS) + pick(rng, STATES)
                + (word(rng, LETTERS + DIGITS, 3, 12) if rng.random() < 0.3 else ""))
    elif kind < 0.7:
        text = pick(rng, "IAC") + pick(rng, LETTERS + "<") + pick(rng, STATES) + word(rng, LETTERS + DIGITS, 8, 11)
    elif kind < 0.85:
        text = word(rng, OFTEN_CONFUSED, length // 2, length + 1)
    else:
        text = word(rng, SYMBOLS, length // 2, length + 1)
    if len(text) > length:
        first = int(rng.integers(len(text) - length + 1))
        return text[first : first + length]
    text = text.ljust(length, "<")
    if rng.random() < 0.3:  # the end of a line: fillers and the composite digit
        text = text[:-1] + pick(rng, DIGITS)
    return text
