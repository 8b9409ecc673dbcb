"""The tasks by name. Importing this reads no data and no task; `load_task` imports the one it is asked for.

Comes in:  a name, a path, plain arguments.      Goes out: a Task.
"""

import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast, get_type_hints

from foreword.errors import BadRecipe, UnknownName
from foreword.tasks.task import ALL, Example, Task, subset

__all__ = ["ALL", "ARGUMENTS", "TASKS", "Example", "Task", "check_arguments", "load_task", "subset"]

TASKS = {
    "agnews": "AG's news: the topic of a headline and its first sentences, from its CSV files",
    "bbc": "BBC news: the headline of an article, from its folders by topic; other topics in testing if wanted",
    "bbc-topics": "BBC news: the topic of an article, from its folders by topic",
    "boolq": "BoolQ: yes or no to a question about a passage, from SuperGLUE's or FewGLUE's JSON lines",
    "bulletins": "the demo's own: weather at sea, told in a voice (plain, radio, captain, poet); needs no files",
    "cb": "CommitmentBank: does a premise entail a hypothesis, from SuperGLUE's or FewGLUE's JSON lines",
    "classes": "your own JSON lines with labels; the classes are named in task.classes",
    "control": "texts of a wanted class, from a labelled task turned round; eval.classifier says how well they obey",
    "csv": "your own CSV files, source and target columns by name",
    "dart": "DART v1.1.1: triples from open domains, from its JSON or XML files",
    "dialogsum": "DialogSum: a summary of a dialogue, from its JSON lines",
    "e2e": "E2E NLG challenge: restaurant tables, from its CSV files",
    "hub": "a data set by its name on the hub, or a local folder in the hub's format",
    "imdb": "IMDB: good or bad film reviews, from its folders of text files",
    "jsonl": "your own JSON lines of texts, tables or triples with references",
    "multirc": "MultiRC: is an answer to a question about a passage right, from SuperGLUE's or FewGLUE's JSON lines",
    "parallel": "two files of lines that belong together, in two languages, say: train.en and train.de",
    "pretext": "tasks that plain texts set by themselves (next sentence, six choices), to pretrain prompts on",
    "rte": "RTE: does a premise entail a hypothesis, from SuperGLUE's or FewGLUE's JSON lines",
    "sst2": "SST-2: good or bad sentences of film reviews, from GLUE's tab-separated files",
    "tags": "your own words with a tag each (names, parts of speech): CoNLL's columns or JSON lines",
    "webnlg": "WebNLG 2017: triples of seen and unseen categories, from its JSON files",
}

ARGUMENTS = {
    "classes": "labels or tags as the files have them, parted by commas",
    "config": "name of the data set's configuration",
    "dev": "file of the dev data, in place of the folder's; for hub the data set's name of that split, for parallel without ending",
    "field": "which of a record's fields is written",
    "group": "column whose values are scored apart; none if empty",
    "kind": "pairs (is it the next sentence) or choices (which of six is)",
    "of": "the labelled task that is turned round: sst2, imdb, agnews or classes",
    "revision": "commit of the data set on the hub",
    "seed": "of the records of every split",
    "size": "examples to train on; dev has a twentieth of them",
    "source": "column of what the model is given (translation.en: en within translation); for parallel, a file's ending",
    "target": "column of what it should write (translation.de), or a file's ending",
    "template": "how a record becomes a text: its fields in braces, and {mask} where the answer goes",
    "test": "file of the test data, in place of the folder's; for hub and parallel as task.dev",
    "test_topics": "topics that are tested, parted by commas; all if empty",
    "train": "file of the training data, in place of the folder's; for hub and parallel as task.dev",
    "train_topics": "topics that are trained on, parted by commas; all if empty",
    "words": "the words that stand for the classes, in their order, parted by commas",
    "voice": "who tells the weather: plain, radio, captain or poet",
}

_CLASSES = {
    "agnews": ("agnews", "AGNews"),
    "bbc": ("bbc", "BBC"),
    "bbc-topics": ("bbc_topics", "BBCTopics"),
    "classes": ("classes", "Classes"),
    "pretext": ("pretext", "Pretext"),
    "control": ("control", "Control"),
    "boolq": ("boolq", "BoolQ"),
    "cb": ("cb", "CB"),
    "imdb": ("imdb", "IMDB"),
    "multirc": ("multirc", "MultiRC"),
    "parallel": ("parallel", "Parallel"),
    "rte": ("rte", "RTE"),
    "sst2": ("sst2", "SST2"),
    "tags": ("tags", "Tags"),
    "bulletins": ("bulletins", "Bulletins"),
    "csv": ("csv_table", "CSVTable"),
    "dart": ("dart", "DART"),
    "dialogsum": ("dialogsum", "DialogSum"),
    "e2e": ("e2e", "E2E"),
    "hub": ("hub", "Hub"),
    "jsonl": ("jsonl", "Jsonl"),
    "webnlg": ("webnlg", "WebNLG"),
}


def load_task(name: str, path: str | Path | None = None, instruction: str = "", **arguments: str | int) -> Task:
    """A task by name, ready to be read.

    Args:
        name: one of TASKS.
        path: where its files are; the demo has none.
        instruction: words in front of every source.
        arguments: what the task's class takes, as plain values, e.g. voice="poet" or target="summary".

    Raises:
        UnknownName: no such task, or the task takes no such argument.
        BadRecipe: an argument of the wrong type, or a path that is missing or not wanted.
        BadData: the path leads to no data.
    """
    made = cast(Callable[..., Task], check_arguments(name, path, **arguments))  # each class takes arguments of its own
    task = made(**arguments) if path is None else made(path=path, **arguments)
    if instruction:
        task.instruct(instruction)
    return task


def check_arguments(name: str, path: str | Path | None = None, **arguments: str | int) -> type[Task]:
    """The task's class, once its arguments are found to be ones it takes; no file is looked at. Raises as `load_task`."""
    if name not in TASKS:
        raise UnknownName("task", name, TASKS)
    module, class_name = _CLASSES[name]
    task_class = getattr(import_module(f"foreword.tasks.{module}"), class_name)
    taken = inspect.signature(task_class).parameters
    if path is not None and "path" not in taken:
        raise BadRecipe(f"task {name!r} makes its own data and takes no path, got {str(path)!r}. Leave path out.")
    hints = get_type_hints(task_class.__init__)
    for argument, value in arguments.items():
        if argument not in taken:
            raise UnknownName(f"argument of task {name!r}", argument, taken)
        if not isinstance(value, hints[argument]) or isinstance(value, bool):
            wanted = hints[argument].__name__
            raise BadRecipe(f"argument {argument!r} of task {name!r} wants {wanted}, got {value!r}.")
    return task_class
