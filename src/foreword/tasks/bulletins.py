"""The demo's own data: weather at sea, told by a plain speaker, a coast radio, an old captain and a poet.

Comes in:  a voice and a seed; no files.
Goes out:  "station : Cape Morrow | sky : overcast | wind : north-west, 25 knots | ..." and its bulletin in that voice.

All voices tell the same records, so that one model with several prefixes can be shown side by side. Records are
plausible (the sea follows the wind, warnings follow the weather) and no record is in two splits. Half of the test
records come from stations that training never names; the parts of their names it has met, but never together.
"""

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar, final

from foreword.errors import UnknownName
from foreword.tasks.linearize import linearize_fields
from foreword.tasks.task import Example, Task
from foreword.tasks.voices import VOICES, tell

T = TypeVar("T")

PLACES = ("Cape {}", "Port {}", "Isle of {}", "{} Head", "{} Light", "{} Sound")
NAMES = (
    *("Anchor", "Barrow", "Calder", "Ember", "Foxglove", "Gannet", "Harrow", "Heron", "Hollow", "Juniper", "Kestrel"),
    *("Lantern", "Linnet", "Morrow", "Petrel", "Raven", "Selkie", "Silver", "Sparrow", "Thistle", "Thorne", "Whistle"),
    *("Willow", "Winter"),
)
# Every name goes with five places in training; its sixth, another one for each neighbour, is for the test alone.
UNSEEN_STATIONS = tuple(PLACES[i % len(PLACES)].format(name) for i, name in enumerate(NAMES))
SEEN_STATIONS = tuple(
    place.format(name) for name in NAMES for place in PLACES if place.format(name) not in UNSEEN_STATIONS
)

SKIES = ("clear", "bright", "hazy", "cloudy", "overcast", "misty", "foggy", "rainy", "snowy", "stormy")
DIRECTIONS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
SEA_BY_KNOTS = ((5, "calm"), (10, "slight"), (20, "moderate"), (35, "rough"), (60, "high"))

SIZES = {"train": 2000, "dev": 100, "test": 100}
FIRST_SEED = 7


@final
class Bulletins(Task):
    """2,000 records to train on, 100 each for dev and test; the same for every voice."""

    name = "bulletins"
    metrics = ("bleu", "rouge-l", "chrf")

    def __init__(self, voice: str = "plain", seed: int = FIRST_SEED):
        if voice not in VOICES:
            raise UnknownName("voice", voice, VOICES)
        self.voice, self.seed = voice, seed
        super().__init__(SIZES)

    def read(self, split: str) -> list[Example]:
        """Training records in one shape each, dev and test records in every shape; the group is the voice."""
        # A generator of its own, so that the choice of shapes never moves the records.
        shape_rng = random.Random(f"{self.seed} {self.voice} shapes")
        every = range(len(VOICES[self.voice].shapes))
        records = []
        for values in weather_records(self.seed)[split]:
            shapes = [pick(shape_rng, every)] if split == "train" else every
            texts = tuple(tell(values, self.voice, shape) for shape in shapes)
            records.append(Example(as_source(values), texts, self.voice))
        return records


def weather_records(seed: int) -> dict[str, list[dict[str, str]]]:
    """The records of all splits, all different."""
    rng = random.Random(seed)
    known: set[str] = set()
    splits = {}
    for split, size in SIZES.items():
        records = splits[split] = []
        while len(records) < size:
            unseen = split == "test" and len(records) % 2 == 1
            values = weather(rng, UNSEEN_STATIONS if unseen else SEEN_STATIONS)
            if as_source(values) not in known:
                known.add(as_source(values))
                records.append(values)
    return splits


def weather(rng: random.Random, stations: Sequence[str]) -> dict[str, str]:
    """One record; some have no warning, and then no such field."""
    sky = pick(rng, SKIES)
    calm_air = sky in ("misty", "foggy")
    knots = 5 * pick(rng, range(8, 12) if sky == "stormy" else range(1, 4) if calm_air else range(1, 10))
    degrees = pick(rng, range(-6, 3) if sky == "snowy" else range(-3, 25))
    values = {
        "station": pick(rng, stations),
        "sky": sky,
        "direction": pick(rng, DIRECTIONS),
        "speed": f"{knots} knots",
        "temperature": f"{degrees} °C",
        "sea": next(sea for most, sea in SEA_BY_KNOTS if knots <= most),
    }
    warnings = due_warnings(sky, knots, degrees)
    # In a gale there is always some warning; in lesser weather it is left out now and then, so that the record decides.
    if warnings and (knots >= 35 or rng.random() < 0.7):
        values["warning"] = pick(rng, warnings)
    return values


def due_warnings(sky: str, knots: int, degrees: int) -> list[str]:
    """What a coast station would warn of in such weather."""
    causes = {
        "storm": knots >= 50,
        "gale": 35 <= knots < 50,
        "small craft": 25 <= knots < 35,
        "lightning": sky == "stormy",
        "fog": sky == "foggy",
        "ice": degrees < 0,
    }
    return [warning for warning, due in causes.items() if due]


def as_source(values: Mapping[str, str]) -> str:
    """A record as a model reads it: direction and speed are one field there, the warning comes last."""
    fields = {name: values[name] for name in ("station", "sky")}
    fields["wind"] = f"{values['direction']}, {values['speed']}"
    fields |= {name: values[name] for name in ("temperature", "sea", "warning") if name in values}
    return linearize_fields(fields.items())


def pick(rng: random.Random, choices: Sequence[T]) -> T:
    """One of the choices; by random(), whose numbers Python promises not to change between versions."""
    return choices[int(rng.random() * len(choices))]
