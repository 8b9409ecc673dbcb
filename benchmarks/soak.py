"""Churn under a server's engine: is a token ever another prefix's?

Comes in:  how many tokens to write.
Goes out:  one JSON object on the last line of stdout: what happened, and how many rows were wrong.

Every row's answer is known beforehand: what its prefix makes of its prompt alone. Rows come, are cancelled, raise, give no numbers;
far more prefixes are asked for than the pool holds, so that they are loaded and give way all the time; new versions are published
and old ones removed under traffic. A wrong row is one whose tokens are not what its prefix writes, or of a cancelled one not the
beginning of it; and one that failed for no reason of its own (a prefix that was removed before it was loaded is one). Sums are
rounded in other orders in other company: a row that goes another way where two tokens lie within that rounding is counted apart, as
a near tie, if each of its tokens is the largest, to within ROUNDING, behind what it wrote itself.

    python -m benchmarks.soak --tokens 1000000
    python -m benchmarks.soak --tokens 1000000 --shape tiny-pair       # an encoder-decoder
"""

import argparse
import json
import logging
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from benchmarks.serving_load import made_for, random_prefix
from benchmarks.serving_store import resident_mib

NAMES, PROMPTS, LONGEST = 24, 6, 14
RAISES, NO_NUMBERS = 7001, 7002  # ids of prompts whose rows break
ROUNDING = 1e-5  # of logits around 10, whose neighbours in float32 are 1e-6 apart


class Row(NamedTuple):
    """What has been written to a prompt."""

    sha256: str  # of the prefix
    prompt: int
    got: list[int]
    num_wanted: int  # of tokens; as many as there are, if it was cancelled


class Soak:
    """A service over a tiny model, and what every answer must be."""

    def __init__(self, folder: Path, seed: int, shape: str):
        from foreword.serve.engine import Sizes
        from foreword.serve.service import Service
        from foreword.serve.tenants.library import Library
        from foreword.store import Store

        self.rng, self.backbone, self.store = random.Random(seed), made_for("float32", shape), Store(folder)
        with torch.no_grad():
            for parameter in self.backbone.model.parameters():
                parameter.mul_(4)  # sharper, so that a wrong key shows as a wrong token
        self.prompts = [[self.rng.randrange(8000) for _ in range(self.rng.randint(1, 9))] for _ in range(PROMPTS)]
        self.contents: dict[str, str] = {}  # content hash -> the number its prefix was made of
        self.known: dict[tuple[str, int], list[int]] = {}
        self.count, self.lock, self.made = Counter(), threading.Lock(), 0
        for number in range(NAMES):
            self.publish(f"p{number}")
        self.service = Service(
            self.backbone, Library(folder, self.backbone), Sizes(6, 64, 12, pool_size=5, max_waiting=200), "tiny"
        )
        self.break_some_rows()

    def publish(self, name: str) -> None:
        from foreword.store import Canary

        key = str(self.made)
        self.made += 1
        manifest = self.store.add(
            random_prefix(self.backbone, key), name, self.backbone, method="prefix-tuning", recipe={}, data_hash="",
            canary=Canary(source="a", tokens=(1,), text="a"),
        )  # fmt: skip
        self.contents[manifest.sha256] = key
        self.count["published"] += 1
        if manifest.version > 2:
            self.store.remove(f"{name}@{manifest.version - 2}")

    def break_some_rows(self) -> None:
        """Rows that read a certain id raise, or give no numbers and leave none in their slot."""
        slots = self.service.runner.engine.slots
        really = slots.read

        def read(at: Sequence[int], ids: Sequence[Sequence[int]]) -> torch.Tensor:
            if any(RAISES in some for some in ids):
                raise RuntimeError("a row that raises")
            logits = really(at, ids)
            for row, some in enumerate(ids):
                if NO_NUMBERS in some:
                    logits[row] = float("nan")
                    for tensor in slots.tensors():
                        tensor[:, :, at[row], :, 5:] = float("nan")
            return logits

        slots.read = read  # type: ignore[method-assign]

    def logits_alone(self, sha256: str, prompt: int, written: Sequence[int]) -> torch.Tensor:
        """Of the next token [V], behind what a prefix has written to a prompt, alone."""
        from foreword.backbone import Texts
        from foreword.backbone.wording import decoder_opening
        from foreword.prefix import Injection

        injection, ids = Injection.of(random_prefix(self.backbone, self.contents[sha256])), self.prompts[prompt]
        is_pair = self.backbone.kind == "encoder-decoder"
        begun = [*(decoder_opening(self.backbone) if is_pair else ids), *written]
        row, target = torch.tensor([ids if is_pair else begun]), torch.tensor([begun])
        texts = Texts(row, torch.ones_like(row, dtype=torch.bool), target if is_pair else None)
        with torch.no_grad():
            return self.backbone.logits(texts, injection)[0, -1]

    def expected(self, sha256: str, prompt: int) -> list[int]:
        """What a prefix writes behind a prompt, alone."""
        if (sha256, prompt) not in self.known:
            made: list[int] = []
            for _ in range(LONGEST):
                made.append(int(self.logits_alone(sha256, prompt, made).argmax()))
            self.known[sha256, prompt] = made
        return self.known[sha256, prompt]

    def verdict(self, row: "Row") -> str:
        """ "right", "near tie" or "wrong"."""
        if row.got == self.expected(row.sha256, row.prompt)[: row.num_wanted]:
            return "right"
        if len(row.got) != row.num_wanted:
            return "wrong"
        for at, token in enumerate(row.got):
            logits = self.logits_alone(row.sha256, row.prompt, row.got[:at])
            if logits.max() - logits[token] > ROUNDING:
                return "wrong"
        return "near tie"

    def ask(self) -> None:
        """One request, of whatever kind."""
        from foreword.errors import ForewordError
        from foreword.serve.asking import Settings
        from foreword.serve.request import Event, Failed, Piece
        from foreword.serve.tenants.ledger import Tenant

        kind = self.rng.choices(["plain", "cancelled", "raises", "no numbers"], [80, 12, 4, 4])[0]
        number, got = self.rng.randrange(PROMPTS), []
        prompt = self.prompts[number] + ([RAISES] if kind == "raises" else [NO_NUMBERS] if kind == "no numbers" else [])

        def hear(_: int, event: Event) -> None:
            if isinstance(event, Piece):
                got.extend(token.id for token in event.tokens)
                return
            with self.lock:
                self.count["rows"] += 1
                self.count["tokens"] += len(got)
                if isinstance(event, Failed):
                    self.count[f"failed: {event.cause}"] += 1
                    self.count["failed wrongly"] += kind in ("plain", "cancelled") and event.cause != "prefix"
                elif kind in ("plain", "cancelled"):
                    whole = event.reason != "cancelled"
                    self.done.append(Row(sha256, number, list(got), num_wanted if whole else len(got)))

        num_wanted = self.rng.randint(1, LONGEST)
        told = Settings(max_new_tokens=num_wanted, ignores_end=True, temperature=0.0)
        try:
            entry = self.service.library.find("", f"p{self.rng.randrange(NAMES)}")
            sha256 = entry.sha256
            asked = self.service.ask(Tenant(), entry.reference, [prompt], told, 1, hear)
        except ForewordError as error:
            self.count[f"refused: {type(error).__name__}"] += 1
            time.sleep(0.002)
            return
        if kind == "cancelled":
            threading.Timer(self.rng.random() / 50, self.service.cancel, (asked,)).start()

    def run(self, num_tokens: int) -> dict[str, Any]:
        self.done: list[Row] = []
        wrong, began, before = 0, time.monotonic(), resident_mib()
        while self.count["tokens"] < num_tokens and self.count["rows"] < num_tokens:
            for _ in range(30):
                self.ask()
            if self.rng.random() < 0.2:
                self.publish(f"p{self.rng.randrange(NAMES)}")
            wrong += self.check()
        finished = self.service.close(drain_s=60)
        wrong += self.check()
        pool = self.service.runner.engine.pool.counts
        told = {
            "wrong_rows": wrong + self.count.pop("failed wrongly", 0),
            "drained": finished,
            "loads": pool.loads,
            "evictions": pool.evictions,
        }
        took = {"seconds": round(time.monotonic() - began, 1), "grown_mib": round(resident_mib() - before, 1)}
        return {**dict(self.count), **told, **took}

    def check(self) -> int:
        """How many rows are done and wrong."""
        with self.lock:
            done, self.done = self.done, []
        found = [(row, self.verdict(row)) for row in done]
        for row, verdict in found:
            self.count["near ties"] += verdict == "near tie"
            if verdict == "wrong":
                print(f"{row} is not {self.expected(row.sha256, row.prompt)}", file=sys.stderr)
        return sum(verdict == "wrong" for _, verdict in found)


def main(told: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shape", choices=("tiny", "tiny-pair"), default="tiny")
    args = parser.parse_args(told)
    torch.set_num_threads(1)
    logging.getLogger("foreword").setLevel(logging.CRITICAL)  # rows that break are told by their events
    with tempfile.TemporaryDirectory() as folder:
        found = Soak(Path(folder), args.seed, args.shape).run(args.tokens)
    print(json.dumps(found))
    sys.exit(1 if found["wrong_rows"] or not found["drained"] else 0)


if __name__ == "__main__":
    main()
