"""Values that are not names: dates, years, measures, money, ratings, yes/no.

Comes in:  a random.Random.
Goes out:  (as written in the table, as said in the text, variant). The variant chooses among an attribute's phrasings,
           for instance `yes` and `no`; it is empty where the attribute has only one set.
Knows nothing of attributes or sentences.
"""

from collections.abc import Callable
from random import Random

from scripts.corpus.lexicon import pick

Value = tuple[str, str, str]
Maker = Callable[[Random], Value]

MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
SMALL = "zero one two three four five six seven eight nine ten eleven twelve".split()


def year(rng: Random) -> Value:
    made = str(rng.randint(1700, 2024) if rng.random() < 0.8 else rng.randint(1040, 1699))
    return made, made, ""


def recent(rng: Random) -> Value:
    made = str(rng.randint(1950, 2025))
    return made, made, ""


def date(rng: Random) -> Value:
    """A day of the last two centuries; an ISO date is often said as people say it."""
    y, m, d = rng.randint(1801, 2024), rng.randint(1, 12), rng.randint(1, 28)
    long, american = f"{d} {MONTHS[m - 1]} {y}", f"{MONTHS[m - 1]} {d}, {y}"
    roll = rng.random()
    if roll < 0.5:
        iso = f"{y}-{m:02}-{d:02}"
        return iso, pick(rng, (iso, long, long, american)), "day"
    if roll < 0.8:
        return long, long, "day"
    if roll < 0.9:
        return american, american, "day"
    return f"{MONTHS[m - 1]} {y}", f"{MONTHS[m - 1]} {y}", "month"


def grouped(number: int, rng: Random) -> str:
    """A number with or without its thousands comma."""
    return f"{number:,}" if rng.random() < 0.5 else str(number)


def count(low: int, high: int) -> Maker:
    """Whole numbers, said as a word now and then when small."""

    def make(rng: Random) -> Value:
        number = rng.randint(low, high)
        written = grouped(number, rng)
        said = SMALL[number] if number <= 12 and rng.random() < 0.6 else written
        return written, said, "one" if number == 1 else ""

    return make


def measure(low: float, high: float, units: str, decimals: int = 0) -> Maker:
    """A number with a unit; several units are alternatives, `metres|m|feet`."""
    choices = units.split("|")

    def make(rng: Random) -> Value:
        unit = pick(rng, choices)
        if decimals and rng.random() < 0.6:
            written = f"{rng.uniform(low, high):.{decimals}f} {unit}"
        else:
            written = grouped(rng.randint(max(2, int(low)), int(high)), rng) + " " + unit
        return written, written, ""

    return make


def oneof(options: str) -> Maker:
    """One of the options, given as `a, b, c`."""
    values = [option.strip() for option in options.split(",")]

    def make(rng: Random) -> Value:
        made = pick(rng, values)
        return made, made, ""

    return make


def named(name: Callable[[Random], str]) -> Maker:
    """A name as a value."""

    def make(rng: Random) -> Value:
        made = name(rng)
        return made, made, ""

    return make


def several(name: Callable[[Random], str]) -> Maker:
    """One name, or now and then two or three, joined by commas in the table and by `and` in the text."""

    def make(rng: Random) -> Value:
        names = [name(rng) for _ in range(pick(rng, (1, 1, 1, 2, 3)))]
        if len(names) == 1:
            return names[0], names[0], ""
        return ", ".join(names), ", ".join(names[:-1]) + " and " + names[-1], "many"

    return make


def yes_no(rng: Random) -> Value:
    made = pick(rng, ("yes", "no"))
    return made, made, made


def price(rng: Random) -> Value:
    """A price level as a word, a band or a single sum."""
    roll = rng.random()
    if roll < 0.42:
        made = pick(rng, ("low", "modest", "reasonable", "expensive", "steep"))
        return made, made, made
    sign, low = pick(rng, ("$", "€", "CHF ")), 5 * rng.randint(1, 20)
    if roll < 0.56:
        made = pick(rng, ("under ", "below ", "up to ")) + f"{sign}{low}"
        return made, made, "less"
    if roll < 0.7:
        made = pick(rng, ("over ", "above ", "upwards of ")) + f"{sign}{low}"
        return made, made, "more"
    made = f"{sign}{low}-{low + pick(rng, (3, 5, 10, 15))}" if roll < 0.9 else f"{sign}{low}"
    return made, made, "band" if roll < 0.9 else "sum"


def rating(rng: Random) -> Value:
    """A rating as a score, a word, or stars."""
    roll = rng.random()
    if roll < 0.4:
        top = pick(rng, (6, 10, 20))
        made = pick(rng, ("{} out of {}", "{} of {}", "{}/{}")).format(rng.randint(1, top), top)
        return made, made, "score"
    if roll < 0.75:
        made = pick(rng, ("poor", "fair", "mixed", "good", "excellent"))
        return made, made, made
    if roll < 0.9:
        number = rng.randint(1, 5)
        said = f"{number if rng.random() < 0.5 else SMALL[number]} star" + ("" if number == 1 else "s")
        return f"{number} star" + ("" if number == 1 else "s"), said, "stars"
    made = f"{rng.uniform(1, 5):.1f}/5"
    return made, made, "score"


def area(rng: Random) -> Value:
    """A part of a town: one is *in* some and *by* others."""
    if rng.random() < 0.42:
        made = pick(rng, ("waterfront", "seafront", "lakeside", "canalside", "quayside", "beachfront"))
        return made, made, "by"
    made = pick(
        rng,
        "town centre, old town, harbour, market district, university quarter, docklands, suburbs, "
        "northern outskirts, castle quarter, theatre district, upper town, west end, silk quarter, garden district".split(", "),
    )
    return made, made, "in"


def hours(rng: Random) -> Value:
    start, end = rng.randint(6, 11), rng.randint(4, 11)
    made = pick(rng, (f"{start} am to {end} pm", f"{start:02}:00-{end + 12}:30", f"{start}.30am-{end}pm"))
    return made, made, "to" if " to " in made else "dash"


def span(rng: Random) -> Value:
    first = rng.randint(1850, 2015)
    made = f"{first}-{first + rng.randint(1, 30)}"
    return made, made.replace("-", pick(rng, ("-", " to "))), ""


def percent(rng: Random) -> Value:
    made = f"{rng.uniform(1, 99):.1f}%" if rng.random() < 0.5 else f"{rng.randint(2, 98)} per cent"
    return made, made, ""


def month(rng: Random) -> Value:
    made = pick(rng, MONTHS)
    return made, made, ""


def weekday(rng: Random) -> Value:
    made = pick(rng, DAYS)
    return made, made, ""


def coordinates(rng: Random) -> Value:
    made = f"{rng.uniform(1, 89):.2f}° {pick(rng, 'NS')}"
    return made, made, ""


def score(rng: Random) -> Value:
    made = f"{rng.randint(0, 6)}-{rng.randint(0, 6)}"
    return made, made, ""
