"""BBC news: the headline of an article, from its folders of text files by topic; other topics in testing if wanted.

Source: Greene and Cunningham (2006). The folders have no splits: of a topic's articles in the order of their files, without those
whose text came before, every fifth is for testing and one in ten for development. Where the topics of training and testing are
apart, as in Li and Liang (2021), section 6.4, for XSum (news to sport; within news), a score is of new topics alone. Some articles
stand there again with a few words changed, and so a few in testing have a twin in training.
"""

from pathlib import Path
from typing import final

from foreword.errors import BadData, BadRecipe, UnknownName
from foreword.tasks.reading import Fault, Faults, read_text
from foreword.tasks.task import Example, Task

WANTED = "task {!r} reads files: give path, a folder with a folder of text files for each topic."


@final
class BBC(Task):
    """A record is a file: headline, blank line, paragraphs. Its topic is its group."""

    name = "bbc"
    metrics = ("rouge1", "rouge2", "rougeL")

    def __init__(self, path: str | Path | None = None, train_topics: str = "", test_topics: str = ""):
        """Topics parted by commas, those of `train_topics` also for dev; "" = all there are."""
        if not path:
            raise BadRecipe(WANTED.format(self.name))
        self.path = Path(path)
        try:
            topics = sorted(folder.name for folder in self.path.iterdir() if any(folder.glob("*.txt")))
        except OSError as error:
            raise BadData(
                path, f"cannot be read ({error.strerror}). Give the folder with a folder for each topic."
            ) from None
        if not topics:
            raise BadData(path, "no folder with text files is in it. Give the folder with a folder for each topic.")
        chosen = {split: named(given, topics) for split, given in (("train", train_topics), ("test", test_topics))}
        self.topics = {"train": chosen["train"], "dev": chosen["train"], "test": chosen["test"]}
        super().__init__(self.topics)

    def read(self, split: str) -> list[Example]:
        faults, records = Faults(self.path, unit="file"), []
        for topic in self.topics[split]:
            seen: set[str] = set()
            for file in sorted((self.path / topic).glob("*.txt")):
                with faults.at(f"{topic}/{file.name}"):
                    headline, _, rest = read_text(file).strip().partition("\n")
                    text = " ".join(rest.split())
                    if not text:
                        raise Fault(
                            "a headline and nothing else. Give the article in the lines after it, or drop the file."
                        )
                    if text in seen:
                        continue
                    if split_of(len(seen)) == split:
                        records.append(Example(text, (headline.strip(),), topic))
                    seen.add(text)
        return faults.checked(records)


def named(given: str, topics: list[str]) -> list[str]:
    """The topics that a text names. Raises UnknownName: one that has no folder."""
    names = [name.strip() for name in given.split(",") if name.strip()] or topics
    for name in names:
        if name not in topics:
            raise UnknownName("topic", name, topics)
    return names


def split_of(number: int) -> str:
    """Which split a topic's n-th article is for."""
    return "test" if number % 5 == 0 else "dev" if number % 10 == 1 else "train"
