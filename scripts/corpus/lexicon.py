"""Invented names: places, people, landmarks, works, companies, codes.

Comes in:  a random.Random.    Goes out: one name as a string (people: a name and the pronoun that fits it).
Knows nothing of tables or sentences. About a third of the names are built from syllables, so that a reader of the
table cannot guess them and has to copy them piece by piece.
"""

# ruff: noqa: E501  (the word lists are data)

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


def pick(rng: Random, items: Sequence[T]) -> T:
    """One item; several times faster than rng.choice, which matters at this number of draws."""
    return items[int(rng.random() * len(items))]


ONSETS = "b br bl c ch cr d dr f fl fr g gl gr h j k kl kr l m n p pr qu r s sc sh sk sl sm st str t th tr v vr w y z".split()
NUCLEI = "a e i o u a e i o ai au ea ei ia io ou ae y".split()
CODAS = "- - - - n r l s m nd rn lm st th sk ck x rt ng v d".split()
ENDINGS = "dale mar ia en os ara ith um ova eth ine or ana ell ach is ow ana berg holm stad grad vik moor by".split()
ACCENTS = {"a": "áãâàä", "e": "éèêë", "i": "íî", "o": "óôöø", "u": "úü", "n": "ñń", "c": "ç", "s": "š", "z": "ž"}
STEMS = (
    "Har Wex Brack Thorn Ash Elm Wind Hart Marl Pend Stan Oak Lang Wether Cald Fern Hazel Hather Kings Queens Long Mill "
    "North South East West Nether Upper Old New Red White Black Green Stone Clay Copper Silver Iron Raven Swan Heron Otter "
    "Fox Wolf Crow Lark Wren Birch Rowan Alder Willow Ever Sum Winter Hollow Brim Dun Dray Els Fair Gar Hel Ing Kel Lor "
    "Mor Nor Ox Pem Ros Sed Tam Ux Ver Wal Yar"
).split()
TAILS = (
    "low ham ton bury ford wick mouth dale field stead worth ley combe den well bridge haven port gate hurst mere moor "
    "minster pool shaw thorpe wood by burn cliffe cott garth holm more ness over stoke water"
).split()
WOMEN = (
    "Ada Agnes Alma Anouk Beatrix Bettina Bryony Carla Cecily Clara Delia Dora Edith Elena Elsa Emilia Enid Esme Eva Faye "
    "Fiona Flora Freya Gemma Greta Hana Hannah Helga Ida Ines Ingrid Irene Iris Isolde Jana Joan Judith Karin Kira Lara Leila "
    "Lena Lina Lotte Lucia Lydia Mabel Maja Marta Maud Mila Mina Miriam Nadia Nell Nina Noor Nora Odette Olga Ottilie Pilar "
    "Petra Rhea Rosa Ruth Saoirse Selma Sigrid Silvia Sofia Sunniva Tamsin Thea Tilda Una Ursula Vera Vilma Wanda Yara Ysolde "
    "Zadie Zelda Zoë Chloé Renée Inés Zofia Amina Akari Mei Priya Folasade Ngozi"
).split()
MEN = (
    "Aaron Abel Alaric Albin Anders Anton Arlo Axel Basil Bernard Bram Bruno Caspar Cedric Clement Conrad Cormac Cyril Dario "
    "Dirk Edgar Edmund Elias Emil Enzo Erik Ernest Ewan Felix Fergus Fritz Gareth Gideon Gustav Hamish Harald Hector Henrik "
    "Hugo Igor Ingmar Ivan Ivo Jasper Joakim Jonas Julian Karl Kaspar Kofi Lars Leif Leon Lorcan Lucian Magnus Marco Matteo "
    "Milo Morten Nils Oleg Orson Oscar Otto Pablo Pavel Piers Quentin Rafael Ralph Ramon Reinhard Rolf Rufus Rupert Samuel "
    "Silas Stellan Sven Tariq Theo Tobias Ulrich Victor Viggo Walter Wilfred Xavier Yusuf Zoran José André Jürgen Søren Kenji Ravi Chidi Wei"
).split()
SURNAMES = (
    (
        "Abbot Almqvist Ambler Arkwright Ashdown Bancroft Barlow Beck Bellweather Bergström Birdsall Blackwood Bonnard Brandt "
        "Brightwell Bruun Calloway Cardew Castellan Clough Coldwell Corrigan Cravensworth Dahl Danvers Delacroix-Roy Dimitrov Draper "
        "Dunmore Eastlake Eklund Ellery Fairweather Farrow Fenwick Ferreira Fitzalan Forsythe Garrick Gauthier Goldring Granger "
        "Greaves Halloran Hargrave Haverford Hedlund Holloway Horvat Ibarra Ilves Jarrow Jovanić Kallas Keane Kestrel Kirchner "
        "Kovář Lachance Langford Larkin Leclerc Lindqvist Lockhart Lovell Macready Marchetti Marsh Meadows Mercer Moreau Morland "
        "Nakagawa Navarro Nightingale Nordin Oakes O'Dowd Okafor Olsen Ormond Osei Pascoe Pelletier Penrose Petrov Pickering "
        "Quayle Quennell Radcliffe Ramsey Rasmussen Redfern Ridgeway Rosetti Rowntree Sáez Salinger Sandoval Schreiber Selwyn "
        "Shaw Sinclair Skov Sørensen St. Clair Stroud Sundberg Tanaka Tennant Thackray Tolliver Toth Trevelyan Underhill Vance Varga "
        "Vasquez Voss Wainwright Wakefield Weston Whitlock Winterbourne Wray Yardley Yilmaz Zabala Zeller"
    )
    .replace("St. Clair", "StClair")
    .split()
)
MODIFIERS = (
    "Amber Blue Green Red White Black Golden Silver Crimson Grey Violet Ivory Copper Scarlet Emerald Little Old Grand Royal "
    "Crooked Quiet Hidden Twin Lucky Merry Wandering Singing Sleeping Dancing Laughing Painted Broken Rising Falling Winter "
    "Summer Autumn Northern Southern Western Eastern Upper Lower Crown King's Queen's Bishop's Miller's Sailor's Weaver's "
    "Seven Three Five Long Windy Sunny Salty Stone Iron Wooden Glass Paper Velvet"
).split()
THINGS = (
    "Kettle Harbour Lantern Hall Mill Bell Anchor Compass Crown Swan Heron Fox Badger Otter Stag Raven Owl Falcon Lion Bear "
    "Horse Whale Dolphin Rose Thistle Lily Oak Elm Willow Orchard Garden Meadow Bridge Gate Tower Wharf Lamp Clock Wheel "
    "Feather Pearl Star Moon Sun Cloud River Ferry Barge Arrow Shield Sword Key Drum Fiddle Harp Mirror Candle Ladder Window "
    "Corner Court House Yard Square Terrace Passage Arcade Sparrow Cricket Vine Acorn Barrel Loom Spindle Quill Atlas Globe"
).split()
HALLS = "Hall House Court Mill Tower Gate Square Park Station Bridge Wharf Abbey Arcade Lodge Pavilion Gardens Chapel Market Quay Green Palace Works Place Manor Exchange".split()
VENUES = "Casa Villa Palais Hôtel Plaza Château Studio Club Galerie Piazza Théâtre Haus Kiosk".split()
TITLE_NOUNS = (
    "Tide Winter Letter Orchard Silence Map Garden Stranger Lighthouse River Clockmaker Promise Shadow Island Daughter Journey "
    "Harvest Voice Mirror Border Station Summer Empire Bridge Song Machine Season Country Window Archive Horizon Witness Salt Ember"
).split()
TITLE_ADJS = "Last Quiet Long Distant Burning Hollow Second Borrowed Silver Hidden Broken Endless Northern Forgotten Slow Secret First Pale Restless Narrow".split()
FIRMS = "Works Systems Group Industries Partners Brothers Motors Shipyard Holdings Dynamics Instruments Foundry Press Labs Energy Logistics Media Textiles Marine Robotics".split()


def word(rng: Random, least: int = 2, most: int = 3) -> str:
    """A pronounceable nonsense word, capitalised; one in eight carries an accent."""
    parts = []
    for _ in range(least - 1 + int(rng.random() * (most - least + 1))):
        coda = pick(rng, CODAS)
        parts.append(pick(rng, ONSETS) + pick(rng, NUCLEI) + ("" if coda == "-" else coda))
    made = "".join(parts) + (pick(rng, ONSETS) if parts[-1][-1] in "aeiouy" else "") + pick(rng, ENDINGS)
    if rng.random() < 0.12:
        made = accent(rng, made)
    return made[0].upper() + made[1:]


def accent(rng: Random, plain: str) -> str:
    """The word with one of its letters accented, where it has one that can be."""
    spots = [i for i, letter in enumerate(plain) if letter in ACCENTS]
    if not spots:
        return plain
    i = pick(rng, spots)
    return plain[:i] + pick(rng, ACCENTS[plain[i]]) + plain[i + 1 :]


def place(rng: Random) -> str:
    """A town or village."""
    roll = rng.random()
    if roll < 0.36:
        return pick(rng, STEMS) + pick(rng, TAILS)
    if roll < 0.72:
        return word(rng)
    if roll < 0.78:
        return word(rng, 2, 2) + "-" + word(rng, 2, 2)
    if roll < 0.86:
        return (
            pick(rng, ("Port", "Saint", "São", "New", "Great", "Little", "Bad", "El", "Fort", "Upper", "Santa", "Mount"))
            + " "
            + word(rng)
        )
    if roll < 0.92:
        return (
            pick(rng, STEMS)
            + pick(rng, TAILS)
            + pick(rng, ("-on-Sea", " Bay", " Heath", "-under-Wold", " Green", " St Mary", "-by-the-Water"))
        )
    return pick(rng, ("Zürich", "Bél", "Côte", "Åker", "Örn", "Großen", "Vila", "Château")) + pick(
        rng, ("berg", "dal", "mont", "stadt", "vik")
    )


def spot(rng: Random) -> str:
    """A town, now and then with its country: 'Harlow, Vordania'."""
    return place(rng) if rng.random() < 0.87 else f"{place(rng)}, {country(rng)}"


def country(rng: Random) -> str:
    """A country or region."""
    roll = rng.random()
    if roll < 0.6:
        return word(rng, 2, 2) + pick(rng, ("ia", "land", "stan", "mark", "ana", "ora"))
    if roll < 0.8:
        return pick(rng, ("North", "South", "West", "East", "Upper", "New")) + " " + word(rng)
    return word(rng)


def surname(rng: Random) -> str:
    """A family name, known-looking or built from syllables."""
    roll = rng.random()
    if roll < 0.5:
        return pick(rng, SURNAMES)
    if roll < 0.72:
        return pick(rng, STEMS) + pick(rng, TAILS)
    if roll < 0.95:
        return word(rng)
    return pick(rng, ("van ", "de ", "Mac", "O'", "von ", "Fitz", "della ")) + word(rng)


def person(rng: Random) -> tuple[str, str]:
    """A full name and its pronoun: she, he, or they where the name does not tell."""
    roll = rng.random()
    if roll < 0.42:
        first, pronoun = pick(rng, WOMEN), "she"
    elif roll < 0.86:
        first, pronoun = pick(rng, MEN), "he"
    else:
        first, pronoun = (word(rng, 2, 2) if roll < 0.94 else pick(rng, "ABCDEFGHJKLMNPRSTVW") + "."), "they"
    roll = rng.random()
    if roll < 0.1:
        first += " " + pick(rng, "ABCDEFGHJKLMNPRSTVW") + "."
    elif roll < 0.15:
        first += " " + pick(rng, WOMEN if pronoun == "she" else MEN)
    return first + " " + surname(rng), pronoun


def full_name(rng: Random) -> str:
    """A person's name where no pronoun is needed."""
    return person(rng)[0]


def landmark(rng: Random) -> str:
    """The name of something one can be near: a hall, a square, a sign over a door."""
    roll = rng.random()
    if roll < 0.3:
        return ("The " if rng.random() < 0.55 else "") + pick(rng, MODIFIERS) + " " + pick(rng, THINGS)
    if roll < 0.48:
        return place(rng) + " " + pick(rng, HALLS)
    if roll < 0.6:
        return pick(rng, VENUES) + " " + (word(rng) if rng.random() < 0.7 else accent(rng, pick(rng, STEMS) + "elle"))
    if roll < 0.68:
        return pick(rng, THINGS) + " " + pick(rng, ("&", "and")) + " " + pick(rng, THINGS)
    if roll < 0.76:
        return surname(rng) + pick(rng, ("'s Corner", "'s Yard", "'s", " & Sons", "'s Landing", "'s Wharf", " House"))
    if roll < 0.84:
        return "The " + word(rng)
    if roll < 0.94:
        return word(rng) + (" " + pick(rng, HALLS) if rng.random() < 0.5 else "")
    return pick(rng, ("Pier", "Dock", "Gate", "Platform", "Studio", "Number")) + f" {rng.randint(2, 99)}"


def title(rng: Random) -> str:
    """The title of a book, film, album or painting."""
    roll = rng.random()
    if roll < 0.3:
        return "The " + pick(rng, TITLE_ADJS) + " " + pick(rng, TITLE_NOUNS)
    if roll < 0.45:
        return "The " + pick(rng, TITLE_NOUNS) + pick(rng, (" of ", " at ", " from ", " beyond ")) + place(rng)
    if roll < 0.55:
        noun = pick(rng, TITLE_NOUNS)
        return (
            ("An " if noun[0] in "AEIOU" else "A ")
            + noun
            + pick(rng, (" for ", " in ", " without "))
            + pick(rng, (pick(rng, WOMEN), pick(rng, MEN), word(rng)))
        )
    if roll < 0.68:
        return pick(rng, TITLE_ADJS) + " " + pick(rng, TITLE_NOUNS) + pick(rng, ("", "s"))
    if roll < 0.8:
        return pick(rng, TITLE_NOUNS) + " and " + pick(rng, TITLE_NOUNS)
    if roll < 0.9:
        return word(rng)
    return (
        pick(rng, ("Seven", "Three", "Nine", "Forty", "No More", "Before the", "After the", "Under the", "Beyond the"))
        + " "
        + pick(rng, TITLE_NOUNS)
        + "s"
    )


def company(rng: Random) -> str:
    """A firm, institute or agency."""
    roll = rng.random()
    if roll < 0.35:
        return pick(rng, (surname, word))(rng) + " " + pick(rng, FIRMS)
    if roll < 0.5:
        return surname(rng) + " & " + pick(rng, ("Sons", "Daughters", "Co.", surname(rng)))
    if roll < 0.65:
        return place(rng) + " " + pick(rng, FIRMS)
    if roll < 0.75:
        return "".join(pick(rng, "ABCDEFGHKLMNOPRSTVX") for _ in range(3 + int(rng.random() * 2)))
    if roll < 0.85:
        return pick(rng, MODIFIERS) + " " + pick(rng, THINGS) + " " + pick(rng, FIRMS)
    return word(rng) + pick(rng, ("", " AG", " Ltd", " plc", " AB", "soft", " Inc."))


def code(rng: Random) -> str:
    """A model or registration code."""
    letters = "".join(pick(rng, "ABCDEFGHJKLMNPRSTVWXZ") for _ in range(1 + int(rng.random() * 3)))
    return letters + pick(rng, ("-", "-", "", " ")) + str(rng.randint(2, 9999)) + pick(rng, ("", "", "", "b", "X", "-T"))


def model(rng: Random) -> str:
    """A product: a maker's word and a code or number."""
    return (
        pick(rng, (word(rng), pick(rng, THINGS)))
        + " "
        + pick(rng, (code(rng), str(rng.randint(2, 900)), "Mk II", "Pro", "Mini", f"{rng.randint(2, 9)}s", "One"))
    )
