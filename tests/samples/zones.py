"""Made-up holders and their machine-readable zones, of every format that idproof reads."""

from dataclasses import dataclass

from mrz import check_digit

SURNAMES = ("MARTIN", "LEFEVRE", "NGUYEN", "DUPONT", "KOWALSKI", "OCONNOR", "GARCIA", "MUELLER", "SOERENSEN", "VAN DER BERG",
            "DE LA TOUR", "BENALI", "IVANOVA", "ROSSI", "DIALLO", "CHEVALLIER", "SAINT MARTIN", "TRAORE", "FERREIRA", "YILMAZ")
GIVEN = ("MAELYS", "ANNE MARIE", "JEAN PIERRE", "LUCAS", "INES", "ADAM", "ZOE", "FATIMA", "PAUL", "CLAIRE", "HUGO", "LEA",
         "YANIS", "CHARLOTTE", "QUENTIN", "EWA", "OLIVIER", "JADE")
PLACES = ("PARIS", "LYON", "AMAUROTE", "BREST", "LILLE", "FORT DE FRANCE", "NANTES")
STATES = ("UTO", "D", "ESP", "ITA", "CHE", "POL", "ROU", "SWE", "NLD", "PRT", "MAR", "TUN", "JPN", "CAN", "BRA", "TUR", "HUN")
SYMBOLS = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"


@dataclass(frozen=True)
class Kind:
    """A kind of document; `size` in millimetres."""

    name: str
    size: tuple[float, float]
    code: str
    format: str
    title: str
    french: bool


CARD, LARGE, PAGE, VISA_A, VISA_B = (85.6, 53.98), (105.0, 74.0), (125.0, 88.0), (120.0, 80.0), (105.0, 74.0)
KINDS = (
    Kind("french-card-2021", CARD, "ID", "TD1", "CARTE NATIONALE D’IDENTITÉ", True),
    Kind("french-card-1995", LARGE, "ID", "FRENCH", "CARTE NATIONALE D’IDENTITÉ", True),
    Kind("french-passport", PAGE, "P<", "TD3", "PASSEPORT / PASSPORT", True),
    Kind("french-permit", CARD, "IR", "TD1", "TITRE DE SÉJOUR", True),
    Kind("other-td1", CARD, "I<", "TD1", "IDENTITY CARD", False),
    Kind("other-td2", LARGE, "I<", "TD2", "IDENTITY CARD", False),
    Kind("other-passport", PAGE, "P<", "TD3", "PASSPORT", False),
    Kind("visa-a", VISA_A, "V<", "MRV-A", "VISA", False),
    Kind("visa-b", VISA_B, "V<", "MRV-B", "VISA", False),
)


@dataclass(frozen=True)
class Holder:
    surname: str
    given: tuple[str, ...]
    sex: str
    birth: str  # YYMMDD, as are the other dates
    expiry: str
    issue: str
    place: str
    number: str
    state: str


def _day(rng, first: int, last: int) -> str:
    return f"{int(rng.integers(first, last)) % 100:02d}{int(rng.integers(1, 13)):02d}{int(rng.integers(1, 29)):02d}"


def holder(rng, kind: Kind) -> Holder:
    pick = lambda of: of[int(rng.integers(len(of)))]
    given = tuple(dict.fromkeys(pick(GIVEN) for _ in range(int(rng.integers(1, 4)))))
    number = "".join(pick(SYMBOLS) for _ in range(9))
    if kind.name == "french-passport":
        number = f"{rng.integers(100):02d}{pick('ABCDEFHKLPRTVX')}{pick('ABCDEFHKLPRTVX')}{rng.integers(100000):05d}"
    if kind.format == "FRENCH":
        number = f"{int(rng.integers(8, 21)):02d}{int(rng.integers(1, 13)):02d}" + pick(("751", "102", "69A", "2A1", "GVA")) + \
            f"{rng.integers(100000):05d}"
    return Holder(pick(SURNAMES), given, pick("MF"), _day(rng, 45, 107), _day(rng, 26, 36), _day(rng, 16, 26),
                  pick(PLACES), number, "FRA" if kind.french else pick(STATES))


def _name(h: Holder, length: int) -> str:
    text = h.surname.replace(" ", "<") + "<<" + "<".join(h.given).replace(" ", "<")
    return text[:length].ljust(length, "<")


def lines(kind: Kind, h: Holder) -> list[str]:
    """The zone's lines, every check digit right."""
    c = check_digit
    state = h.state.ljust(3, "<")
    number = h.number[:9] + c(h.number[:9])
    dates = h.birth + c(h.birth) + h.sex + h.expiry + c(h.expiry)
    if kind.format == "FRENCH":
        first = f"IDFRA{h.surname.replace(' ', '<')}".ljust(30, "<")[:30] + "<<<<<<"
        given = "<<".join(h.given).replace(" ", "<")[:14].ljust(14, "<")
        second = h.number + c(h.number) + given + h.birth + c(h.birth) + h.sex
        return [first, second + c(first + second)]
    if kind.format == "TD1":
        first = f"{kind.code}{state}{number}".ljust(30, "<")
        second = f"{dates}{state}".ljust(29, "<")
        second += c(first[5:] + dates[:7] + dates[8:15] + second[18:])
        return [first, second, _name(h, 30)]
    width = 44 if kind.format in ("TD3", "MRV-A") else 36
    first = f"{kind.code}{state}{_name(h, width - 5)}"
    start = f"{number}{state}{dates}"
    if kind.format == "TD2":
        body = start.ljust(35, "<")
        return [first, body + c(body[:10] + body[13:20] + body[21:35])]
    if kind.format == "TD3":
        body = start.ljust(42, "<") + "0"
        return [first, body + c(body[:10] + body[13:20] + body[21:43])]
    return [first, start.ljust(width, "<")]


def printed(iso: str, past: bool) -> str:
    """YYMMDD as documents print it."""
    year = int(iso[:2])
    century = 1900 if past and year > 26 else 2000
    return f"{iso[4:]} {iso[2:4]} {century + year}"
