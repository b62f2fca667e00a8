"""Composes the TD1 zone of a specimen card (ICAO Doc 9303-5)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """A fictitious holder; dates are YYYY-MM-DD, sex is F, M or X."""

    surname: str
    given_names: tuple[str, ...]
    sex: str
    birth_date: str
    birth_place: str
    number: str  # nine characters A-Z0-9
    issue_date: str
    expiry_date: str
    issuer: str = "UTO"

    def identity(self) -> dict:
        """What the applicant declares about themselves."""
        return {
            "surname": self.surname,
            "given_names": list(self.given_names),
            "sex": self.sex,
            "birth_date": self.birth_date,
            "birth_place": self.birth_place,
            "nationality": self.issuer,
            "document_number": self.number,
            "expiry_date": self.expiry_date,
        }


def check_digit(text: str) -> str:
    """Weights 7, 3, 1; digits count themselves, letters 10 to 35, `<` nothing."""
    values = (0 if c == "<" else int(c, 36) for c in text)
    return str(sum(v * (7, 3, 1)[i % 3] for i, v in enumerate(values)) % 10)


def td1(person: Person) -> list[str]:
    """Three lines of 30 characters, every check digit right."""
    number = person.number + check_digit(person.number)
    birth, expiry = (d[2:].replace("-", "") for d in (person.birth_date, person.expiry_date))
    birth += check_digit(birth)
    expiry += check_digit(expiry)
    first = f"ID{person.issuer}{number}".ljust(30, "<")
    sex = {"X": "<"}.get(person.sex, person.sex)
    second = f"{birth}{sex}{expiry}{person.issuer}".ljust(29, "<")
    second += check_digit(first[5:] + birth + expiry + second[18:])
    given = "<".join(person.given_names)
    third = f"{person.surname}<<{given}".replace("-", "<").replace(" ", "<")
    lines = [first, second, third[:30].ljust(30, "<")]
    assert all(len(line) == 30 for line in lines)
    return lines
