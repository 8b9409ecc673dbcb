"""The PTB tokenizer of the COCO and E2E scripts: Stanford's, lower case, punctuation dropped.

Comes in:  texts.      Goes out: as many texts of words with single spaces between them. Needs Java.
"""

from collections.abc import Sequence

from foreword.metrics.java import run_java

_JAR = "tokenizer/stanford-corenlp-3.4.1.jar"
_ARGUMENTS = "-cp {jar} edu.stanford.nlp.process.PTBTokenizer -preserveLines -lowerCase -encoding UTF-8".split()

# What the COCO scripts drop. They mean to drop brackets, too, but look for -LRB- where the tokenizer says -lrb-.
PUNCTUATION = frozenset("'' ' `` ` . ? ! , : - -- ... ;".split())


def tokenize(texts: Sequence[str]) -> list[str]:
    """Each text's words, joined by single spaces.

    Raises MissingTool: there is no Java.
    """
    lines = [" ".join(text.split()) for text in texts]  # any kind of line end inside a text would shift the rest
    tokenized = run_java("the PTB tokenizer", _JAR, _ARGUMENTS, lines)
    return [" ".join(word for word in line.split(" ") if word and word not in PUNCTUATION) for line in tokenized]
