"""What stands on documents: labels and titles in French and English, and made-up values."""

SYMBOLS = (
    " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    "ÀÂÄÅÇÉÈÊËÎÏÍÑÓÔÖØÙÛÜŒŁŠŽàâäåçéèêëîïíñóôöøùûüœłšžß"
    "'-.,/:;°()<>&+*\"=?!_#@%[]"
)
"""Class 0 of the network is the blank; symbol k is class k + 1."""

FRENCH = (
    "Nom", "Nom d’usage", "Nom de famille", "Nom de naissance", "Prénom", "Prénoms", "Prénom(s)", "Épouse", "Usage",
    "Sexe", "Nationalité", "Né(e) le", "Né le", "Née le", "à", "Date de naissance", "Date de naiss.", "Naissance",
    "Lieu de naissance", "N° du document", "N° de document", "Numéro", "Numéro du document", "N° de la carte",
    "N° étranger", "N° personnel", "Date de délivrance", "Délivré(e) le", "Délivré le", "Délivrée par", "Lieu de délivrance",
    "Date d’expiration", "Date d’expir.", "Expire le", "Valable jusqu’au", "Carte valable jusqu’au", "Valable du", "Validité",
    "Date limite de validité", "Adresse", "Domicile", "Taille", "Couleur des yeux", "Autorité", "Signature",
    "Signature du titulaire", "Signature de l’autorité", "Type", "Code du pays", "Passeport n°", "Passeport", "Pays",
    "Carte nationale d’identité", "Carte nationale d’identité N°", "Carte d’identité", "République française",
    "Titre de séjour", "Carte de séjour", "Carte de résident", "Permis de séjour", "Type de titre", "Catégorie", "Remarques",
    "Union européenne", "Ministère de l’intérieur", "Préfecture", "Date d’entrée en France", "Motif du séjour",
    "Document fictif, sans valeur", "Numéro d’accès", "Permis de conduire", "Accompagnement", "Observations",
)
ENGLISH = (
    "Surname", "Name", "Alternate name", "Name at birth", "Given names", "Given name(s)", "First names", "Forenames",
    "Sex", "Gender", "Nationality", "Citizenship", "Date of birth", "Birth", "Place of birth", "Document No", "Document No.",
    "Document number", "Card No", "Personal No", "Personal number", "Passport No", "Passport No.", "Passport",
    "Date of issue", "Issue date", "Place of issue", "Issuing authority", "Authority", "Date of expiry", "Expiry date",
    "Valid until", "Expires", "Address", "Residence", "Height", "Colour of eyes", "Eye colour", "Signature",
    "Holder’s signature", "Signature of holder", "Signature of bearer", "Type", "Country code", "Code of issuing State",
    "Identity card", "National identity card", "French Republic", "Residence permit", "Type of permit", "Category", "Remarks",
    "European Union", "Card access number", "Fictitious, no value", "Specimen", "Observations", "Driving licence",
)
PAIRS = (
    ("Nom", "Surname"), ("Nom", "Surname"), ("Prénoms", "Given names"), ("Prénom(s)", "Given name(s)"), ("Sexe", "Sex"),
    ("Nationalité", "Nationality"), ("Date de naissance", "Date of birth"), ("Date de naiss.", "Date of birth"),
    ("Date de naiss.", "Birth"), ("Lieu de naissance", "Place of birth"), ("Nom d’usage", "Alternate name"),
    ("N° du document", "Document No"), ("Date d’expir.", "Expiry date"), ("Date d’expiration", "Date of expiry"),
    ("Date d’expiration", "Expiry date"), ("Date de délivrance", "Date of issue"), ("Adresse", "Address"),
    ("Taille", "Height"), ("Autorité", "Authority"), ("Signature du titulaire", "Holder’s signature"),
    ("Couleur des yeux", "Colour of eyes"), ("Domicile", "Residence"), ("Passeport n°", "Passport No."),
    ("Code du pays", "Country code"), ("Type", "Type"), ("Carte nationale d’identité", "Identity card"),
    ("Carte d’identité", "Identity card"), ("Titre de séjour", "Residence permit"), ("Type de titre", "Type of permit"),
    ("Remarques", "Remarks"), ("Lieu de délivrance", "Place of issue"), ("Signature", "Signature"),
    ("République française", "French Republic"), ("Document fictif, sans valeur", "fictitious, no value"),
)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ACCENTED = "ÀÂÄÅÇÉÈÊËÎÏÍÑÓÔÖØÙÛÜŒŁŠŽÉÈÉÈÉÇ"
MONTHS = ("JAN", "FEV", "MAR", "AVR", "MAI", "JUIN", "JUIL", "AOÛT", "SEPT", "OCT", "NOV", "DÉC", "FEB", "MAY", "AUG", "DEC")
NAMES = ("Marie", "Jean", "Maëlys", "Gaëlle", "Hélène", "François", "Zoé", "Chloé", "Léa", "Émilie", "André", "Benoît",
         "Jérôme", "Cécile", "Noël", "Anaïs", "Loïc", "Inès", "Raphaël", "Stéphane", "Camille", "Natacha", "Corinne", "Pierre",
         "Paul", "Louise", "Gabriel", "Emma", "Hugo", "Jade", "Arthur", "Alice", "Jules", "Rose", "Adam", "Mohamed", "Fatima",
         "Søren", "Jürgen", "Łukasz", "Žofia", "Íñigo", "Zoë", "Kévin", "Théo", "Martin", "Bernard", "Dubois", "Thomas",
         "Robert", "Richard", "Petit", "Durand", "Leroy", "Moreau", "Simon", "Laurent", "Lefèvre", "Garcia", "Roux", "Müller",
         "Lévêque", "Gonçalves", "D'Arc", "Le Goff", "de la Tour", "Saint-Étienne", "Paris", "Lyon", "Marseille", "Orléans",
         "Besançon", "Nîmes", "Brest", "Rennes", "Toulouse", "Châteauroux", "Béziers", "L'Haÿ-les-Roses", "Préfecture de Police",
         "Sous-préfecture", "Mairie de Nantes", "Française", "FRA", "Espagnole", "Italienne", "Marocaine", "Algérienne")
STREETS = ("RUE", "AVENUE", "BD", "PLACE", "Chemin", "Impasse", "Allée", "rue de la", "RUE DES", "QUAI", "Route de")


def pick(rng, of):
    return of[int(rng.integers(len(of)))]


def plain(text):
    """With one sign where type has several."""
    text = text.replace("’", "'").replace("º", "°").replace("ÿ", "y").replace("–", "-")
    return "".join(c for c in text if c in SYMBOLS)


def cased(rng, text):
    how = rng.random()
    return text.upper() if how < 0.35 else text.lower() if how < 0.42 else text


def label(rng):
    how = rng.random()
    if how < 0.65:
        french, english = pick(rng, PAIRS)
        if rng.random() < 0.08:
            french, english = pick(rng, FRENCH), pick(rng, ENGLISH)
        numbered = f" ({rng.integers(1, 15)})" if rng.random() < 0.12 else ""
        between = pick(rng, (" / ", " / ", "/", " /", " "))
        text = cased(rng, french) + between + cased(rng, english) + numbered
    else:
        text = cased(rng, pick(rng, FRENCH if how < 0.87 else ENGLISH))
        if rng.random() < 0.2:
            text = f"{rng.integers(1, 15)}. {text}"
    return text + pick(rng, (":", " :", ".", " *")) if rng.random() < 0.2 else text


def word(rng, low, high):
    letters = LETTERS * 5 + ACCENTED + "-'"
    text = "".join(pick(rng, letters) for _ in range(int(rng.integers(low, high))))
    return text if rng.random() < 0.6 else text.capitalize() if rng.random() < 0.7 else text.lower()


def syllables(rng):
    text = "".join(pick(rng, "BCDFGHJKLMNPRSTVWXYZ") + pick(rng, "AEIOUYÉÈ") + pick(rng, ("", "", "N", "R", "L", "S", "LL", "TT"))
                   for _ in range(int(rng.integers(1, 5))))
    return text if rng.random() < 0.6 else text.capitalize()


def name(rng):
    text = pick(rng, NAMES) if rng.random() < 0.5 else syllables(rng)
    return text.upper() if rng.random() < 0.45 else text


def value(rng):
    how = rng.random()
    if how < 0.34:
        return pick(rng, (" ", ", ", "-", " ")).join(name(rng) for _ in range(int(rng.integers(1, 4))))
    if how < 0.46:
        return " ".join(word(rng, 2, 11) for _ in range(int(rng.integers(1, 4))))
    if how < 0.63:
        parts = [f"{rng.integers(1, 32):02d}", f"{rng.integers(1, 13):02d}", f"{rng.integers(1920, 2040)}"]
        if rng.random() < 0.2:
            parts[1] = pick(rng, MONTHS)
        return pick(rng, (" ", " ", ".", "/", "-", "")).join(parts)
    if how < 0.76:
        return "".join(pick(rng, LETTERS + "0123456789" * 4) for _ in range(int(rng.integers(5, 13))))
    if how < 0.86:
        return f"{rng.integers(1, 200)} {pick(rng, STREETS)} {name(rng)}{pick(rng, (' ', ', '))}{rng.integers(1000, 99000):05d} {name(rng)}"
    if how < 0.90:
        return pick(rng, (f"{rng.integers(1, 3)},{rng.integers(10, 99)} m", f"{rng.integers(140, 210)} cm", "M", "F", "FRA", "M / M", "X"))
    if how < 0.94:
        return "".join(pick(rng, SYMBOLS) for _ in range(int(rng.integers(3, 14)))).strip() or "-"
    return f"{label(rng)} {name(rng)}"


def line(rng):
    return label(rng) if rng.random() < 0.35 else value(rng)
