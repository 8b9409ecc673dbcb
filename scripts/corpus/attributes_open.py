"""Attributes without end: a pattern of phrases filled with a noun from a long list, or with a word made up on the spot.

Comes in:  a random.Random, whether the thing is a person, whether it is a place to visit.
Goes out:  one Attribute.
They teach the pattern rather than the field: `films : Danish` -> "shows Danish films", `terrace : no` -> "has no
terrace", `velmark : 32` -> "its velmark is 32". The field's own name is part of the phrase, so it has to be copied too.
"""

# ruff: noqa: E501  (the phrase blocks are data: one role a line)

from random import Random

from scripts.corpus import amounts, lexicon
from scripts.corpus.amounts import count, measure, named, oneof
from scripts.corpus.attribute import Attribute, attribute
from scripts.corpus.attributes_people import NATIONS
from scripts.corpus.lexicon import pick

MANNERS = ", modern, traditional, vintage, second-hand, handmade, contemporary, classic, experimental, local, antique, international, medieval, rare"
OFFERS = """
films: shows, screens; music: plays, presents; books: sells, stocks; furniture: sells, makes; clothes: sells, stocks; plants: grows, keeps
art: shows, exhibits; toys: sells, makes; dances: teaches, presents; lessons: gives, provides; fabrics: sells, weaves; instruments: sells, repairs
magazines: stocks, provides; plays: stages, performs; carpets: sells, repairs; jewellery: makes, sells; bicycles: rents out, repairs
theatre: presents, provides; pottery: makes, sells; treatments: offers, provides; crafts: teaches, shows; games: stocks, provides
architecture: shows, has; entertainment: provides, puts on; fashion: sells, shows; poetry: presents, hosts
"""
AMENITIES = (
    "terrace, garden, lift, playground, gift shop, sauna, roof terrace, cloakroom, lecture hall, private beach, tennis court, fireplace, stage, "
    "picnic area, reading room, balcony, sun deck, workshop, heated pool, jetty, helipad, basement, viewing platform, visitor centre, library, "
    "laundry room, ticket office, waiting room, clock tower, courtyard, bicycle shed, climbing wall, orchestra pit, night bus stop, first-aid room"
).split(", ")
STATES = (
    "heated, lit at night, air conditioned, open to the public, protected, smoke-free, staffed, free of charge, open all year, signposted, "
    "listed, insured, haunted, run by volunteers, covered, fenced, privately owned, suitable for beginners, easy to reach, quiet, "
    "open to everyone, sold out, recommended, well known, under construction"
).split(", ")
HOLDERS = (
    "chief engineer, main sponsor, honorary president, previous owner, caretaker, head gardener, patron saint, spokesperson, house artist, official supplier, "
    "main contractor, landlord, partner institution, rival, artistic director, insurer, technical adviser, treasurer, first keeper, twin town, sister site"
).split(", ")
SELF_HOLDERS = "mentor, agent, manager, main rival, closest friend, pen name, stage name, first teacher, business partner, publicist, patron, sponsor, predecessor, successor, favourite composer, doctoral student".split(
    ", "
)
FIGURES = (
    "annual budget, membership, water level, floor space, age limit, serial number, step count, noise level, air pressure, tank volume, "
    "energy use, bed count, maximum load, clearance, frequency, waiting time, deposit, discount, salinity, slope, exposure time, insurance value, tonnage"
).split(", ")
SELF_FIGURES = "jersey size, world ranking, personal best, shoe size, yearly income, follower count, contract length".split(", ")


def _offers() -> tuple[Attribute, ...]:
    """`films : Danish` -> 'shows Danish films'."""
    made = []
    for entry in OFFERS.replace("\n", ";").split(";"):
        if not entry.strip():
            continue
        noun, verbs = entry.strip().split(": ")
        first, second = verbs.split(", ")
        block = f"""
            v  {first} {{v}} {noun} ; {second} {{v}} {noun} ; offers {{v}} {noun} ; specialises in {{v}} {noun} ; has {{v}} {noun} ; provides {{v}} {noun} ; is the place for {{v}} {noun}
            p  with {{v}} {noun} ; offering {{v}} {noun} ; that {first} {{v}} {noun} ; that {second} {{v}} {noun} ; specialising in {{v}} {noun} ; providing {{v}} {noun}
            s  {{v}} {noun} can be found at {{n}} ; {{S}} is known for {{v}} {noun} ; On offer you find {{v}} {noun}
            y  Go there for {{v}} {noun} ; You can enjoy {{v}} {noun} there ; If you like {{v}} {noun}, you will like {{o}} ; You can expect {{v}} {noun}
            """
        keys = f"{noun}, {noun}, {noun}, type of {noun}, {noun}Type, kind of {noun}"
        made.append(
            attribute(noun, oneof(NATIONS + MANNERS + ", Italian, French, Chinese, Japanese, English, Indian"), keys, block)
        )
    return tuple(made)


def _amenities() -> tuple[Attribute, ...]:
    """`terrace : no` -> 'has no terrace'."""
    made = []
    for noun in AMENITIES:
        block = f"""
            v@yes  has @ {noun} ; comes with @ {noun} ; offers @ {noun} ; boasts @ {noun}
            p@yes  with @ {noun} ; that has @ {noun}
            s@yes  There is @ {noun} ; There is @ {noun} at {{n}}
            y@yes  You can use the {noun} ; You will find @ {noun} there
            v@no  has no {noun} ; does not have @ {noun} ; lacks @ {noun} ; is without @ {noun}
            p@no  without @ {noun} ; with no {noun}
            s@no  There is no {noun} ; There is no {noun} at {{n}}
            y@no  You will not find @ {noun} there
            """
        made.append(
            attribute(noun, amounts.yes_no, f"{noun}, {noun}, has {noun}, {noun} available, {noun} on site", block, judges=True)
        )
    return tuple(made)


def _states() -> tuple[Attribute, ...]:
    """`heated : yes` -> 'is heated'."""
    return tuple(
        attribute(
            state,
            amounts.yes_no,
            f"{state}, {state}, is {state}",
            f"""
            v@yes  is {state}
            p@yes  that is {state}
            v@no  is not {state}
            p@no  that is not {state}
            """,
        )
        for state in STATES
    )


def _holder(noun: str) -> Attribute:
    """`chief engineer : Ada Marsh` -> 'has Ada Marsh as its chief engineer'."""
    block = f"""
        v  has {{v}} as {noun} ; has {{v}} as its {noun}
        p  with {{v}} as {noun} ; whose {noun} is {{v}}
        n  {noun}
        s  The {noun} is {{v}} ; {{v}} is {{p}} {noun} ; {{v}} is the {noun}
        """
    return attribute(
        noun, named(lambda rng: pick(rng, (lexicon.full_name, lexicon.full_name, lexicon.company, lexicon.word))(rng)), noun, block
    )


def _self_holder(noun: str) -> Attribute:
    block = f"""
        v  had {{v}} as {noun} ; had the {noun} {{v}}
        n  {noun}
        s  {{v}} was {{p}} {noun} ; The {noun} was {{v}}
        """
    return attribute(noun, named(lambda rng: pick(rng, (lexicon.full_name, lexicon.word))(rng)), noun, block)


def _figure_value(rng: Random) -> amounts.Value:
    return pick(
        rng, (count(13, 9000), amounts.percent, measure(2, 900, "units|points|kg|litres|degrees|years|volts", 1), count(2, 40))
    )(rng)


def _figure(noun: str) -> Attribute:
    """`annual budget : 32` -> 'its annual budget is 32'."""
    block = f"""
        w  @ {noun} of {{v}}
        v  reports @ {noun} of {{v}} ; shows @ {noun} of {{v}}
        n  {noun}
        s  The {noun} is {{v}} ; At {{v}} stands the {noun}
        """
    return attribute(noun, _figure_value, noun, block)


OFFER, AMENITY, STATE = _offers(), _amenities(), _states()
HOLDER, FIGURE = tuple(map(_holder, HOLDERS)), tuple(map(_figure, FIGURES))
SELF = tuple(map(_self_holder, SELF_HOLDERS)) + tuple(map(_figure, SELF_FIGURES))


def open_attribute(rng: Random, person: bool, visit: bool) -> Attribute:
    """An attribute that any thing can have."""
    roll = rng.random()
    if roll < 0.12:
        return pick(rng, (_holder, _figure))(lexicon.word(rng, 2, 2).lower())
    if person:
        return pick(rng, SELF)
    if visit and roll < 0.6:
        return pick(rng, OFFER)
    if visit and roll < 0.8 or roll < 0.2:
        return pick(rng, AMENITY)
    if roll < 0.88 and visit or roll < 0.3:
        return pick(rng, STATE)
    return pick(rng, HOLDER if rng.random() < 0.5 else FIGURE)
