"""Command lines that we show to people, held against the program that would get them."""

from typer.main import get_command

from foreword.catalogue import shipped_recipes
from foreword.cli.app import app
from foreword.cli.lists import resolve


def check_command(words: list[str]) -> None:
    """The program takes these words (without its own name): the command, its options, the recipe, its overrides."""
    group = get_command(app)
    context = group.make_context("foreword", words)
    rest = [*context._protected_args, *context.args]
    while hasattr(group, "resolve_command"):
        _, group, rest = group.resolve_command(context, rest)  # type: ignore[attr-defined]
        context = group.make_context("command", rest, parent=context)
        rest = [*context._protected_args, *context.args]
    folders = {name.partition("/")[0] for name in shipped_recipes()}
    recipes = [word for word in words if "/" in word and word.partition("/")[0] in folders]
    assert set(recipes) <= set(shipped_recipes())
    overrides = [words[number + 1] for number, word in enumerate(words) if word == "--set"]
    for recipe in recipes:
        resolve(recipe, overrides)
    # What is set later on a run or a stored prefix is held against a recipe too: the default one.
    if overrides and not recipes:
        resolve("embedded/demo", overrides)
