"""How the demo's bulletins sound: a few sentence shapes per voice, each saying every value of a record word for word.

Comes in:  one record's values.      Goes out: its text, in a voice and a shape.
Shapes are data: the demo shows that one frozen model speaks in as many voices as it has prefixes, so a voice must be
plain to hear in one line and small enough to be learned in minutes.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Voice:
    """What a voice says of a record, with what it adds when there is a warning, and when there is none."""

    shapes: tuple[tuple[str, str, str], ...]  # (the weather, then with a warning, or without)
    on_sea: Mapping[str, str]  # the voice's word on each state of the sea: {sea_word} in a shape
    on_warning: Mapping[str, str]  # its advice for each warning: {advice} in a shape


ADVICE = {
    "small craft": "leave the dinghy ashore",
    "gale": "reef the sails",
    "storm": "run for harbour",
    "fog": "ring the bell",
    "ice": "post a lookout",
    "lightning": "stay off the mast",
}

PLAIN = Voice(
    shapes=(
        (
            "At {station} the sky is {sky} and it is {temperature}. "
            "The wind is {direction} at {speed} and the sea is {sea}.",
            " There is {a_warning} warning.",
            "",
        ),
        (
            "{station}: {sky} sky, {temperature}, with {a_direction} wind of {speed} and a {sea} sea.",
            " Expect {a_warning} warning to stay in force.",
            "",
        ),
        (
            "It is {temperature} at {station} under {a_sky} sky. "
            "There is {a_direction} wind of {speed} over a {sea} sea.",
            " Take note of the {warning} warning.",
            "",
        ),
    ),
    on_sea={},
    on_warning={},
)

RADIO = Voice(
    shapes=(
        (
            "All ships, all ships, this is {station} Radio. Sky {sky}. Wind {direction}, {speed}. "
            "Temperature {temperature}. Sea {sea}.",
            " I say again: {warning} warning, {warning} warning. Out.",
            " No warnings. Out.",
        ),
        (
            "{station} Radio calling all ships. Wind {direction}, {speed}, sea {sea}, sky {sky}, "
            "temperature {temperature}.",
            " Attention all vessels, {warning} warning in force. Over.",
            " Nothing further. Over.",
        ),
        (
            "This is {station} Radio with the hourly bulletin: sea {sea}, wind {direction}, {speed}, "
            "temperature {temperature}, sky {sky}.",
            " Be advised of {a_warning} warning. Standing by on sixteen.",
            " All clear. Standing by on sixteen.",
        ),
    ),
    on_sea={},
    on_warning={},
)

CAPTAIN = Voice(
    shapes=(
        (
            "Arr, {sky} she be over {station}! The wind blows {speed} from the {direction}, the sea runs {sea}, "
            "and 'tis {temperature} in me old bones.",
            " There be {a_warning} warning, lads, so {advice}!",
            " Hoist the sails!",
        ),
        (
            "Gather round, ye salty dogs! Off {station} I saw {a_sky} sky and a {sea} sea, {speed} o' wind out of the "
            "{direction}, and {temperature} on the glass.",
            " Mark the {warning} warning and {advice}, or the crabs will have ye!",
            " Rum for all hands!",
        ),
        (
            "Shiver me timbers, {temperature} at {station}! The sky be {sky}, the sea be {sea}, and {a_direction} wind "
            "o' {speed} has stolen me hat.",
            " With {a_warning} warning about, {advice}!",
            " A fine day for a pirate!",
        ),
    ),
    on_sea={},
    on_warning=ADVICE,
)

POET = Voice(
    shapes=(
        (
            "O {station}, how {sky} thy heaven hangs! The {direction} wind goes by at {speed}, "
            "the air is {temperature}, and the {sea} sea {sea_word}.",
            " Sailor, the {warning} warning is sung; {advice} and dream of home.",
            " Sailor, dream on.",
        ),
        (
            "Who walks by {station} tonight? Only the {direction} wind, {speed} strong, under {a_sky} sky, "
            "at {temperature}, where the {sea} sea {sea_word}.",
            " Hear the {warning} warning, my heart, and {advice}.",
            " Hush, my heart, all is well.",
        ),
        (
            "The {sea} sea {sea_word}, and {sky} is the sky of {station}; {speed} of {direction} wind turn the page, "
            "and the hour is {temperature}.",
            " Love, there is {a_warning} warning: {advice}.",
            " Love, there is nothing to fear.",
        ),
    ),
    on_sea={
        "calm": "sleeps like a cat by the fire",
        "slight": "whispers like silk on a stair",
        "moderate": "rocks like a cradle at dusk",
        "rough": "rears like a horse none has tamed",
        "high": "walks like a range of dark hills",
    },
    on_warning=ADVICE,
)

VOICES = {"plain": PLAIN, "radio": RADIO, "captain": CAPTAIN, "poet": POET}


def with_article(words: str) -> str:
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def tell(values: Mapping[str, str], voice: str, shape: int) -> str:
    """One record in one voice.

    Args:
        values: station, sky, direction, speed, temperature and sea, and warning if there is one.
        voice: one of VOICES.
        shape: which of the voice's shapes, from 0.
    """
    spoken = VOICES[voice]
    weather, warned, unwarned = spoken.shapes[shape]
    warning = values.get("warning", "")
    words = {**values, "sea_word": spoken.on_sea.get(values["sea"], "")}
    words |= {f"a_{name}": with_article(values[name]) for name in ("sky", "direction")}
    if warning:
        words |= {"a_warning": with_article(warning), "advice": spoken.on_warning.get(warning, "")}
    return (weather + (warned if warning else unwarned)).format(**words)
