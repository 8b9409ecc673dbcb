"""BBC news: the topic of an article, from its folders of text files; the splits are those of the task `bbc`."""

from pathlib import Path
from typing import final

from foreword.errors import BadRecipe
from foreword.tasks.bbc import BBC, WANTED
from foreword.tasks.labelled import checked, chosen, num_soft, question_of, render
from foreword.tasks.task import Example, Task, subset

TOPICS = {
    "business": "business",
    "entertainment": "film",
    "politics": "politics",
    "sport": "sport",
    "tech": "technology",
}
TEMPLATE = "{headline} . {text} This is about {mask} ."


@final
class BBCTopics(Task):
    """A record is an article; its class is its folder."""

    name = "bbc-topics"
    metrics = ("accuracy", "majority", "macro-f1")
    merges = False
    has_places = True

    def __init__(self, path: str | Path | None = None, template: str = "", words: str = ""):
        """`words`: one for each topic, in their order, parted by commas. With `template` of the text alone it asks of any text."""
        if not path:
            raise BadRecipe(WANTED.format(self.name))
        self.articles = BBC(path, ", ".join(TOPICS), ", ".join(TOPICS))
        self.pattern = checked(template or TEMPLATE, ("headline", "text"))
        self.num_soft, self.question = num_soft(self.pattern), question_of(self.pattern)
        self.words = chosen(words, TOPICS)
        super().__init__(self.articles.splits)

    def read(self, split: str) -> list[Example]:
        """In an order drawn once: the folders stand behind each other, and `eval.size` takes the first examples."""
        word_of = dict(zip(TOPICS, self.words, strict=True))
        records = [
            Example(render(self.pattern, {"headline": headline, "text": article.source}), (word_of[article.group],))
            for article in self.articles.read(split)
            for headline in article.references
        ]
        return subset(records, len(records), seed=0)
