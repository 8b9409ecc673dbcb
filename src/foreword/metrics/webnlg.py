"""The metrics of the WebNLG challenge 2017: its normalized texts, at most three references.

Comes in:  Texts, raw or already normalized.      Goes out: Statistics of multi-bleu, METEOR 1.5 and tercom on them.

Source: the challenge's evaluation scripts and its published files of references and outputs: lower case, accents
stripped, every sign a token of its own. Normalizing those files changes nothing; normalizing the raw test references
gives all of those files' lines, which is a test. multi-bleu.perl counts an absent third reference as one of length 0;
here it is just absent, and the published figures come out the same.
"""

import re
import unicodedata

from foreword.metrics import ngrams
from foreword.metrics.meteor import meteor as meteor_statistics
from foreword.metrics.statistics import Statistics
from foreword.metrics.ter import ter as ter_statistics
from foreword.metrics.texts import Texts

MAX_REFERENCES = 3

# Letters and signs that Unicode does not decompose into ASCII and something to strip.
_ASCII = str.maketrans(
    {"–": "-", "—": "-", "−": "-", "’": "'", "‘": "'", "“": '"', "”": '"', "ı": "i", "ø": "o", "Ø": "O"}
    | {
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ß": "ss",
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
        "þ": "th",
        "ð": "d",
    }
)


def normalize(text: str) -> str:
    """Lower case without accents, every sign apart: "Suárez (1954)." -> "suarez ( 1954 ) ."."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_ASCII))
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(re.findall(r"\w+|[^\w\s]", plain.lower()))


def normalized(texts: Texts) -> Texts:
    """The same texts as the challenge scores them."""
    references = [[normalize(text) for text in of_one[:MAX_REFERENCES]] for of_one in texts.references]
    return Texts([normalize(text) for text in texts.hypotheses], references)


def bleu(texts: Texts) -> Statistics:
    return _marked(ngrams.bleu(normalized(texts), lowercase=False, tokenize="none", smooth="none"))


def meteor(texts: Texts) -> Statistics:
    texts = normalized(texts)
    return _marked(meteor_statistics(texts.hypotheses, texts.references, tokens="none"))


def ter(texts: Texts) -> Statistics:
    return _marked(ter_statistics(normalized(texts)))


def _marked(statistics: Statistics) -> Statistics:
    traits = f"text:webnlg2017|maxrefs:{MAX_REFERENCES}|{statistics.traits}"
    return Statistics(statistics.rows, statistics.aggregate, traits)
