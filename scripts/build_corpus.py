"""Texts to token shards for pretraining the embedded backbones.

Comes in:  public-domain novels (a .tar.gz of .txt files), DART's dev split (JSON), the generator in `corpus/`.
Goes out:  a folder with `tokenizer.json`, shards `train-00.npz` ... and held-out `novels.npz`, `tables.npz`, `dart.npz`.

A shard is one long row of documents: `tokens` (uint16) and `weight` (uint8, percent of the loss each token gets).
A table document is ` source<|endoftext|> text<|endoftext|>`, the very form training and generation use later; its source
counts a tenth, because invented names cannot be predicted and a 7 M model should not try.

    python -m scripts.build_corpus --novels novels.tar.gz --dart dart-v1.1.1-full-dev.json --out corpus --tokens 40e6
"""

import argparse
import json
import random
import re
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from scripts.corpus.tables import examples
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END = "<|endoftext|>"
SOURCE_PERCENT = 10
CHUNK_CHARS = 1200  # of a novel: about 300 tokens, so that a row of 512 mixes prose and tables
TABLES_SHARE, DART_SHARE = 0.775, 0.005  # of the tokens, the rest being novels; DART has 317 texts to repeat
HELD_OUT_NOVELS = 3
HELD_OUT_DART_SETS = 100
LEFT_OUT_OF_DART = {"e2e", "webnlg"}  # test beds of the project: the backbone must never have seen their domains

Document = tuple[str, str]  # source ("" for prose), text


def novels(path: Path) -> list[list[Document]]:
    """One list of chunks per novel, in the archive's order; paragraphs unwrapped to single lines."""
    books = []
    with tarfile.open(path) as archive:
        for member in sorted((m for m in archive if m.name.endswith(".txt")), key=lambda m: m.name):
            handle = archive.extractfile(member)
            assert handle is not None, member.name
            text = handle.read().decode("utf-8", errors="replace").replace("\r\n", "\n")
            paragraphs = [re.sub(r"\s+", " ", p).strip() for p in re.split(r"\n\s*\n", text)]
            books.append([("", chunk) for chunk in chunks([p for p in paragraphs if p])])
    return books


def chunks(paragraphs: list[str]) -> Iterator[str]:
    """Whole paragraphs joined until a chunk is long enough.

    A paragraph of several chunks' length is cut at its sentences: some novels come without a blank line, and one document of
    300,000 tokens is twenty steps of nothing else.
    """
    held: list[str] = []
    for paragraph in paragraphs:
        pieces = [paragraph] if len(paragraph) <= 2 * CHUNK_CHARS else re.split(r"(?<=[.!?]) ", paragraph)
        for number, piece in enumerate(pieces):
            if number and held:
                held[-1] += " " + piece
            else:
                held.append(piece)
            if sum(map(len, held)) > CHUNK_CHARS:
                yield "\n".join(held)
                held = []
    if held:
        yield "\n".join(held)


def dart(path: Path) -> list[list[Document]]:
    """DART's annotated triples without the sources that are test beds here: of each set of triples, a document per text."""
    texts_of: dict[str, list[Document]] = {}
    for entry in json.loads(path.read_text(encoding="utf-8")):
        source = " | ".join(f"{s} : {r.lower()} : {o}" for s, r, o in entry["tripleset"])
        for annotation in entry["annotations"]:
            if annotation["source"] not in LEFT_OUT_OF_DART:
                texts_of.setdefault(source, []).append((source, re.sub(r"\s+", " ", annotation["text"]).strip()))
    return list(texts_of.values())


def vocabulary(books: list[list[Document]]) -> list[str]:
    """All words of at least three letters that the novels write in small letters, each once."""
    words = {w for book in books for _, chunk in book for w in re.findall(r"(?<![\w'-])[a-z]{3,}(?![\w'-])", chunk)}
    return sorted(words)


def train_tokenizer(texts: Iterator[str], vocab_size: int) -> Tokenizer:
    """Byte-level BPE; digits stand alone, so that any number can be copied piece by piece."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def encode(tokenizer: Tokenizer, documents: list[Document]) -> list[tuple[np.ndarray, np.ndarray]]:
    """(tokens, weight) of each document, its closing <|endoftext|> included."""
    end = tokenizer.token_to_id(END)
    sources = tokenizer.encode_batch_fast([f" {source}" if source else "" for source, _ in documents])
    texts = tokenizer.encode_batch_fast([f" {text}" if source else text for source, text in documents])
    encoded = []
    for source, text in zip(sources, texts, strict=True):
        head = [*source.ids, end] if source.ids else []
        tokens = np.array([*head, *text.ids, end], dtype=np.uint16)
        weight = np.full(len(tokens), 100, dtype=np.uint8)
        weight[: len(head)] = SOURCE_PERCENT
        encoded.append((tokens, weight))
    return encoded


def gather(tokenizer: Tokenizer, draw: Callable[[], Document], num_tokens: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Documents drawn one after another until they hold `num_tokens` tokens."""
    kept, held = [], 0
    while held < num_tokens:
        for pair in encode(tokenizer, [draw() for _ in range(2000)]):
            kept.append(pair)
            held += len(pair[0])
            if held >= num_tokens:
                break
    return kept


def write_shard(path: Path, documents: list[tuple[np.ndarray, np.ndarray]]) -> None:
    np.savez(path, tokens=np.concatenate([t for t, _ in documents]), weight=np.concatenate([w for _, w in documents]))


def cycle(documents: list[Document], rng: random.Random) -> Iterator[Document]:
    """The documents again and again, in a new order each time."""
    while True:
        rng.shuffle(documents)
        yield from documents


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--novels", type=Path, required=True)
    parser.add_argument("--dart", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tokens", type=float, default=60e6, help="training tokens in all")
    parser.add_argument("--shard-tokens", type=float, default=5e6)
    parser.add_argument("--tables-share", type=float, default=TABLES_SHARE)
    parser.add_argument("--vocab-size", type=int, default=8192)
    parser.add_argument("--tokenizer", type=Path, help="use this tokenizer.json instead of training one")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(args.seed)

    books = novels(args.novels)
    random.Random(0).shuffle(books)  # the held-out novels are the same whatever the seed
    held_novels = [chunk for book in books[:HELD_OUT_NOVELS] for chunk in book]
    train_novels = [chunk for book in books[HELD_OUT_NOVELS:] for chunk in book]
    sets = dart(args.dart)
    random.Random(0).shuffle(sets)  # held out by the set of triples: no text says what a trained one says
    held_dart = [document for texts in sets[:HELD_OUT_DART_SETS] for document in texts]
    train_dart = [document for texts in sets[HELD_OUT_DART_SETS:] for document in texts]
    tables = {"train": examples(1 + args.seed, vocabulary(books[HELD_OUT_NOVELS:])), "held": examples(seed=0)}

    if args.tokenizer:
        tokenizer = Tokenizer.from_file(str(args.tokenizer))
    else:
        sample = [text for _, text in rng.sample(train_novels, 8000)]
        sample += [f" {source}\n {text}" for source, text in (next(tables["train"]) for _ in range(60_000))]
        tokenizer = train_tokenizer(iter(sample), args.vocab_size)
    tokenizer.save(str(args.out / "tokenizer.json"))

    held = {"novels": held_novels[:400], "dart": held_dart, "tables": [next(tables["held"]) for _ in range(2000)]}
    for name, documents in held.items():
        write_shard(args.out / f"{name}.npz", encode(tokenizer, documents))

    shares = {"tables": args.tables_share, "novels": round(1 - args.tables_share - DART_SHARE, 6), "dart": DART_SHARE}
    streams = {"tables": tables["train"], "novels": cycle(train_novels, rng), "dart": cycle(train_dart, rng)}
    for index in range(round(args.tokens / args.shard_tokens)):
        shard = []
        for name, share in shares.items():
            shard += gather(tokenizer, lambda stream=streams[name]: next(stream), int(share * args.shard_tokens))
        rng.shuffle(shard)
        write_shard(args.out / f"train-{index:02d}.npz", shard)
        print(f"train-{index:02d}.npz: {len(shard):,} documents", flush=True)


if __name__ == "__main__":
    main()
