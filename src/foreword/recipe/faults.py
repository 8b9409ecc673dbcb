"""What is wrong with a recipe, in our words: one line for each setting at fault.

Comes in:  Pydantic's findings and the sections there are.      Goes out: an error to be raised.
"""

import json
from collections.abc import Mapping
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from foreword.errors import BadRecipe, UnknownName
from foreword.recipe.methods import method_names, section_of

Sections = Mapping[str, type[BaseModel]]

WANTED = {
    "int": "int",
    "float": "float",
    "bool": "true or false",
    "string": "string",
    "dict": "a table",
    "mapping": "a table",
}


def explained(error: ValidationError, sections: Sections) -> BadRecipe | UnknownName:
    """The error to raise; an unknown key comes first, since it is the commonest slip."""
    findings = error.errors(include_url=False)
    for finding in findings:
        if finding["type"] == "extra_forbidden":
            return unknown_setting(settings_path(finding), sections)
    return BadRecipe("\n".join(one_line(finding, settings_path(finding), sections) for finding in findings))


def unknown_setting(path: list[str], sections: Sections) -> BadRecipe | UnknownName:
    section, *rest = path
    if not rest:
        return UnknownName("section", section, sections)
    if section == "method" and (owners := [n for n in method_names() if rest[0] in section_of(n).model_fields]):
        own = sections[section].model_fields
        return BadRecipe(
            f"method.{rest[0]} is a setting of {', '.join(owners)}, not of {own['name'].default}. "
            f"Its own are {', '.join(sorted(own))}."
        )
    known = [f"{section}.{key}" for key in sections[section].model_fields]
    return UnknownName("setting", f"{section}.{rest[0]}", known)


def settings_path(finding: ErrorDetails) -> list[str]:
    return [str(part) for part in finding["loc"]]


def one_line(finding: ErrorDetails, path: list[str], sections: Sections) -> str:
    name, value, context = ".".join(path), finding["input"], finding.get("ctx", {})
    kind = finding["type"]
    if kind == "greater_than_equal":
        return f"{name} must be at least {context['ge']:g}, got {value}."
    if kind == "greater_than":
        whole = context["gt"] == 0 and takes_whole_numbers(path, sections)
        return f"{name} must be {'at least 1' if whole else 'more than ' + format(context['gt'], 'g')}, got {value}."
    if kind == "less_than":
        return f"{name} must be less than {context['lt']:g}, got {value}."
    if kind == "less_than_equal":
        return f"{name} must be at most {context['le']:g}, got {value}."
    if kind == "finite_number":
        return f"{name} must be a finite number, got {value}."
    if kind == "literal_error":
        return f"{name} must be {context['expected']}, got {value!r}."
    if kind == "value_error":
        return f"{name}: {context['error']}."
    if kind == "missing":
        return f"{name} is missing."
    if kind == "too_short":
        return f"{name} must have at least {context['min_length']}, got {value!r}."
    if kind in ("tuple_type", "list_type"):
        lone = value if isinstance(value, str | int | float) else "one"
        return f"{name} wants a list, e.g. {json.dumps([lone])}, got {value!r}."
    if kind.split("_")[0] in WANTED:
        return f"{name} wants {WANTED[kind.split('_')[0]]}, got {value!r}."
    if kind.startswith("model"):
        return f"{name} is a section, e.g. [{name}], got {value!r}."
    return f"{name}: {finding['msg']}, got {value!r}."


def takes_whole_numbers(path: list[str], sections: Sections) -> bool:
    """Whether a setting takes whole numbers only, so that "more than 0" reads "at least 1"."""
    section, key = path
    annotation = sections[section].model_fields[key].annotation
    return annotation is int or int in get_args(annotation)
