"""A server over a tiny model and a store of random prefixes, on a port of its own."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from openai import OpenAI
from tests.serve.served import alone
from tests.tiny_models import random_prefix, tiny_backbone

from foreword.backbone import Backbone
from foreword.backbone.wording import source_ids
from foreword.prefix import Prefix
from foreword.serve.engine import Sizes
from foreword.serve.http.app import make_app
from foreword.serve.service import Service
from foreword.serve.standing import listening
from foreword.serve.tenants.ledger import Limits
from foreword.serve.tenants.library import TENANTS, Library
from foreword.store import Canary, Manifest, Store

SIZES = Sizes(num_slots=4, slot_len=100, chunk_len=16, pool_size=4, max_waiting=20)


def stored(
    folder: Path, backbone: Backbone, name: str, seed: int, prefix_len: int = 4, **recipe: Any
) -> tuple[Prefix, Manifest]:
    """A random prefix in a store, with a recipe of what is said."""
    prefix = random_prefix(backbone, prefix_len, seed)
    manifest = Store(folder).add(
        prefix, name, backbone, method="prefix-tuning", recipe={"generate": {"max_new_tokens": 6}, **recipe}, data_hash="",
        canary=Canary(source="a", tokens=(5,), text="b"),
    )  # fmt: skip
    return prefix, manifest


@dataclass
class Served:
    """A running server, and what it serves."""

    url: str
    service: Service
    folder: Path
    backbone: Backbone
    prefixes: dict[str, Prefix]
    key: str = "none"

    @cached_property
    def openai(self) -> OpenAI:
        return OpenAI(base_url=f"{self.url}/v1", api_key=self.key, max_retries=0)

    @cached_property
    def http(self) -> httpx.Client:
        headers = {} if self.key == "none" else {"Authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    def with_key(self, key: str) -> "Served":
        return replace(self, key=key)

    def close(self) -> None:
        for client in (self.openai, self.http):
            client.close()

    def written(self, name: str, prompt: str, num: int = 6) -> str:
        """What a prefix makes of a text, alone."""
        ids = source_ids(self.backbone, [prompt], 10**9)[0][0]
        end = self.backbone.tokenizer.eos_token_id
        made = alone(self.backbone, self.prefixes[name], ids, num, (end,))  # type: ignore[arg-type]
        return str(self.backbone.tokenizer.decode(made, skip_special_tokens=True)).removeprefix(" ")


@contextmanager
def served(
    folder: Path, admin: bool = False, tenants: Mapping[str, Limits] | None = None, sizes: Sizes = SIZES, timeout_s: float = 60,
    chat_template: str | None = None, family: str = "gpt2",
) -> Iterator[Served]:  # fmt: skip
    """A server with prefixes `a`, `b` and `c` of its own, and `<tenant>-own` of each tenant's; the last tenant's key is used."""
    backbone = tiny_backbone(family)
    backbone.tokenizer.chat_template = chat_template
    prefixes = {name: stored(folder, backbone, name, seed, 3 + seed)[0] for seed, name in enumerate("abc")}
    for seed, tenant in enumerate(tenants or ()):
        prefixes[f"{tenant}-own"] = stored(folder / TENANTS / tenant, backbone, f"{tenant}-own", 20 + seed)[0]
    library = Library(folder, backbone)
    keys = [library.ledger.add_tenant(name, limits) for name, limits in (tenants or {}).items()]
    service = Service(backbone, library, sizes, "tiny", timeout_s)
    try:
        with listening(make_app(service, admin, 2**20)) as url:
            running = Served(url, service, folder, backbone, prefixes, keys[-1] if keys else "none")
            with closing(running):
                yield running
    finally:
        service.close()
