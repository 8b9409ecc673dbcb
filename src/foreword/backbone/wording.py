"""How a source and a target become token ids for a backbone, in training and generation alike.

Comes in:  texts.      Goes out: ids, cut to given lengths, and how many were cut.

Decoder-only, as in the prefix-tuning paper: ` source<bos> target<eos>`, the loss on what follows <bos>. (The paper's code
writes a space before each marker; the tokenizers make a token of its own of it, so it is left out here.)
Encoder-decoder: the source with the tokenizer's own markers; the target with its closing one. What the tokenizer writes before
a target is given to the decoder, in training and generation alike, and never has to be learnt.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from foreword.backbone.backbone import Backbone
from foreword.errors import BadData, BadRecipe, UnsupportedBackbone
from foreword.marks import MASK, SOFT

LEAST_SOURCE = 8  # tokens of a source that must fit beside prefix and target


@dataclass(frozen=True)
class Pair:
    """One training example as ids: `source` ends where the target begins, `target` ends with the end marker.

    Where classes are read off, the target is the number of the class; or the numbers of several, each at its place in the source.
    """

    source: list[int]
    target: list[int]
    places: list[int] | None = None

    def __len__(self) -> int:
        return len(self.source) + len(self.target)


@dataclass(frozen=True)
class Limits:
    """Longest source and target in tokens, markers included, so that prefix, source and target fit the backbone."""

    source_len: int
    target_len: int


def limits(backbone: Backbone, prefix_len: int, max_source_len: int, max_target_len: int, num_added: int = 0) -> Limits:
    """What fits: the user's own limits, and the backbone's positions.

    Args:
        prefix_len: positions in front of a decoder's text; num_added: ids that a method adds to a source.

    Raises:
        BadData: prefix and target alone fill the backbone, or what a method adds does.
    """
    room = backbone.max_len
    if room is None:
        return Limits(max_source_len or 10**9, max_target_len)
    together = backbone.kind == "decoder-only"  # prefix, source and target share the positions
    given_len = (
        prefix_len if together else len(decoder_opening(backbone)) - 1 if backbone.kind == "encoder-decoder" else 0
    )
    written = 0 if backbone.kind == "encoder-only" else max_target_len
    left = room - written - given_len - num_added * together
    if left < (LEAST_SOURCE if together else 0):
        before = f"a prefix of {prefix_len + num_added}, a source and " if together else ""
        shorter = ", or a shorter prefix" if together else ""
        raise BadData(
            backbone.name,
            f"its {room} positions do not hold {before}targets of {max_target_len} tokens. Use a smaller "
            f"task.max_target_len in training, a smaller generate.max_new_tokens in generation{shorter}.",
        )
    if not together and num_added and room - num_added < LEAST_SOURCE:
        raise BadData(
            backbone.name,
            f"its {room} positions do not hold the {num_added} tokens that the method adds and a source. Use a shorter prompt.",
        )
    room = left if together else room - num_added
    return Limits(min(max_source_len or room, room), max_target_len)


def source_ids(
    backbone: Backbone, sources: Sequence[str], max_len: int, behind_words: bool = False
) -> tuple[list[list[int]], int]:
    """Ids of each source, its markers included, and how many sources had to be cut.

    A source is cut at its end; one that has a place for its answer (MASK) at its beginning, so that what is asked stays. A
    model that only encodes fills that place; any other reads what stands before it.

    Where a source has places for vectors (SOFT), -1, -2, ... are its first, its second, ...

    Args:
        behind_words: a method puts words in front of it, so that its own first word is not the text's.
    """
    decoder_only = backbone.kind == "decoder-only"
    texts = [as_read(backbone, source, behind_words) for source in sources]
    if any(SOFT in text for text in texts):
        around, (first, last) = source_ids(backbone, ["a"], 10**9)[0][0], markers(backbone)
        inner = [with_vectors(backbone, text, behind_words) for text in texts]
        encoded = [[*around[:first], *ids, *around[len(around) - last :]] for ids in inner]
    else:
        encoded = backbone.tokenizer(texts, add_special_tokens=not decoder_only)["input_ids"]
        if decoder_only:
            encoded = [[*ids, separator(backbone)] for ids in encoded]
    made = [
        ids if len(ids) <= max_len else shortened(backbone, ids, max_len, at_front=MASK in source)
        for ids, source in zip(encoded, sources, strict=True)
    ]
    return made, sum(len(ids) > max_len for ids in encoded)


def with_vectors(backbone: Backbone, text: str, behind_words: bool) -> list[int]:
    """Ids of a text with places for vectors, without markers: -1, -2, ... stand there, its words are read as without them."""
    ids: list[int] = []
    for number, words in enumerate(text.split(SOFT)):
        ids += [-number] if number else []
        if words.strip():
            ids += words_ids(backbone, words, behind_words)
            behind_words = True
    return ids


def as_read(backbone: Backbone, source: str, behind_words: bool = False) -> str:
    """The text that the tokenizer is given."""
    text = with_place(backbone, source).strip()
    return f" {text}" if spaced(backbone, behind_words) else text


def spaced(backbone: Backbone, behind_words: bool) -> bool:
    """Whether a text begins with a space: to tokenizers of byte pairs a word with one and a word without are two tokens.

    A decoder's text always does, as in the paper; an encoder's where it is not what the encoder reads first.
    """
    return backbone.kind == "decoder-only" or behind_words


def with_place(backbone: Backbone, source: str) -> str:
    """The source with the tokenizer's own mask in the answer's place, or up to it.

    Raises:
        UnsupportedBackbone: a model that only encodes, whose tokenizer has no mask.
        BadRecipe: words behind the place, and a model that answers there and so never reads them.
    """
    if MASK not in source:
        return source
    if backbone.kind != "encoder-only":
        before, _, behind = source.partition(MASK)
        if SOFT in behind or any(character.isalnum() for character in behind):
            raise BadRecipe(
                f"task.template: {backbone.name} goes on from where {{mask}} stands and would never read what is behind it "
                f"({behind.strip().replace(SOFT, '{soft}')[:40]!r}). Put {{mask}} behind everything else."
            )
        return before
    mask = backbone.tokenizer.mask_token
    if mask is None:
        raise UnsupportedBackbone(f"{backbone.name}'s tokenizer has no mask, so nothing marks the place of an answer.")
    # A text that itself has the mask's name in it must not be taken for the place: it is read letter by letter.
    return source.replace(str(mask), f"{str(mask)[0]} {str(mask)[1:]}").replace(MASK, str(mask))


def shortened(backbone: Backbone, ids: list[int], max_len: int, at_front: bool) -> list[int]:
    """At most so many ids, the markers around the words among them."""
    first, last = (min(num, max_len) for num in markers(backbone))
    without_end = [*ids[: max_len - last], *ids[len(ids) - last :]]
    without_front = [*ids[:first], *ids[len(ids) - max_len + first :]]
    mask = backbone.tokenizer.mask_token_id if backbone.kind == "encoder-only" else None
    if at_front and mask is not None and mask not in without_front:  # a template that asks before it tells
        if mask in without_end or mask not in ids:
            return without_end
        room = max_len - first - last  # or between two long texts: as much of each as there is room for
        begin = min(max(first, ids.index(mask) - room // 2), len(ids) - last - room)
        return [*ids[:first], *ids[begin : begin + room], *ids[len(ids) - last :]]
    return without_front if at_front else without_end


def place_of_answer(backbone: Backbone, source: Sequence[int]) -> int:
    """Where in the text that is read a class is read off: at a masked model's mask, at the last word of any other's.

    Raises:
        BadData: a masked model, and no mask.
    """
    if backbone.kind != "encoder-only":
        return len(source) - 1
    mask = backbone.tokenizer.mask_token_id
    if mask not in source:
        raise BadData(
            "source", "it has no place for the answer of a model that only encodes. Give task.template with {mask}."
        )
    return source.index(mask)


def word_ids(backbone: Backbone, words: Sequence[str]) -> list[int]:
    """The token of each word that an answer can be, as it would be written in the answer's place.

    Raises:
        BadRecipe: a word that is several tokens, or none that the tokenizer knows, or the same one as another's.
    """
    found: dict[int, str] = {}
    for word in words:
        ids = answer_word_ids(backbone, word)
        if len(ids) != 1 or ids[0] == backbone.tokenizer.unk_token_id:
            raise BadRecipe(
                f"task.words: {word!r} is {len(ids)} tokens to {backbone.name}, or one it does not know, and words are compared by "
                "one. Choose another word for this class."
            )
        if ids[0] in found:
            raise BadRecipe(
                f"task.words: {found[ids[0]]!r} and {word!r} are the same token to {backbone.name}. Choose another word for one of "
                "them."
            )
        found[ids[0]] = word
    return list(found)


def answer_word_ids(backbone: Backbone, word: str) -> list[int]:
    """A word's ids where an answer stands: as in a target, or as what fills a masked place, within a text or at its start."""
    if backbone.kind != "encoder-only":
        return target_ids(backbone, [word], 10**9)[0][0][:-1]
    within = backbone.tokenizer(f" {word}", add_special_tokens=False)["input_ids"]
    return within if len(within) == 1 else backbone.tokenizer(word, add_special_tokens=False)["input_ids"]


def words_ids(backbone: Backbone, words: str, behind_words: bool = False) -> list[int]:
    """Ids of words that stand before or behind a source's, as the source's own words are made ids."""
    text = f" {words.strip()}" if spaced(backbone, behind_words) else words.strip()
    return backbone.tokenizer(text, add_special_tokens=False)["input_ids"]


def markers(backbone: Backbone) -> tuple[int, int]:
    """How many ids of a source are markers, at its beginning and at its end."""
    words, (made,) = words_ids(backbone, "a"), source_ids(backbone, ["a"], 10**9)[0]
    before = next(i for i in range(len(made)) if made[i : i + len(words)] == words)
    return before, len(made) - before - len(words)


def target_ids(backbone: Backbone, targets: Sequence[str], max_len: int) -> tuple[list[list[int]], int]:
    """Ids of each target with the end marker, and how many had to be cut."""
    decoder_only = backbone.kind == "decoder-only"
    texts = [f" {t.strip()}" if decoder_only else t.strip() for t in targets]
    encoded = backbone.tokenizer(text_target=texts, add_special_tokens=False)["input_ids"]
    end = end_id(backbone)
    num_cut = sum(len(ids) > max_len - 1 for ids in encoded)
    return [[*ids[: max_len - 1], end] for ids in encoded], num_cut


def decoder_opening(backbone: Backbone) -> list[int]:
    """What a decoder beside an encoder is given before it writes: where it starts, and the tokenizer's markers before a target.

    BART was trained to start `</s><s>`, NLLB with the language second; mBART's tokenizer writes the language behind the end, and
    the model starts with it. T5 starts with its padding alone.

    Raises:
        UnsupportedBackbone: nothing says where it starts.
    """
    markers, end = backbone.tokenizer(text_target="")["input_ids"], end_id(backbone)
    at = markers.index(end) if end in markers else len(markers)
    before, behind = markers[:at], markers[at + 1 :]
    start = behind[-1] if behind else backbone.model.generation_config.decoder_start_token_id
    if start is None:
        raise UnsupportedBackbone(
            f"{backbone.name} does not say where its decoder starts. Set decoder_start_token_id in its config.json."
        )
    return [start, *before]


def separator(backbone: Backbone) -> int:
    """What stands between source and target: <bos>, or the end marker where the tokenizer has no <bos>."""
    bos = backbone.tokenizer.bos_token_id
    return end_id(backbone) if bos is None else int(bos)  # type: ignore[arg-type]


def end_id(backbone: Backbone) -> int:
    """What closes a target."""
    end = backbone.tokenizer.eos_token_id
    if end is None:
        raise UnsupportedBackbone(
            f"{backbone.name}'s tokenizer has no end-of-text token, so nothing can tell a text is over."
        )
    return int(end)  # type: ignore[arg-type]


def end_ids(backbone: Backbone) -> tuple[int, ...]:
    """What closes a text that the model itself goes on with: some end a turn of a conversation with another token than a text."""
    own = backbone.own_ends
    told = [] if own is None else [own] if isinstance(own, int) else own
    return tuple(dict.fromkeys([end_id(backbone), *told]))


def pad_id(backbone: Backbone) -> int:
    """Padding; masked everywhere, so any id will do where the tokenizer has none."""
    pad = backbone.tokenizer.pad_token_id
    return end_id(backbone) if pad is None else int(pad)  # type: ignore[arg-type]
