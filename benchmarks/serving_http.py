"""What the server adds to its engine: time and memory; and how soon a new version is served.

Comes in:  a folder.      Goes out: figures by name.
"""

import json
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
from benchmarks.serving_load import made_for
from benchmarks.serving_store import prefix_files


def measured(folder: Path, num: int) -> dict[str, float]:
    """On a tiny model, so that the model's own time hides nothing."""
    from foreword.serve.asking import Settings
    from foreword.serve.engine import Sizes
    from foreword.serve.http.app import make_app
    from foreword.serve.request import Event, Finished
    from foreword.serve.service import Service
    from foreword.serve.standing import listening
    from foreword.serve.tenants.ledger import Tenant
    from foreword.serve.tenants.library import Library

    backbone = made_for("float32", "tiny")
    prefix_files(folder / "store", backbone, 2)
    prefix_files(folder / "other", backbone, 3)
    service = Service(backbone, Library(folder / "store", backbone), Sizes(slot_len=256, pool_size=8), "tiny")
    body = {"model": "p0", "prompt": "so it is", "max_tokens": 1, "ignore_eos": True}
    with listening(make_app(service, admin=True)) as url, httpx.Client(base_url=url, timeout=60) as client:

        def over_http() -> float:
            at = time.perf_counter()
            assert client.post("/v1/completions", json=body).status_code == 200
            return time.perf_counter() - at

        def in_process() -> float:
            done, at = threading.Event(), time.perf_counter()

            def hear(number: int, event: Event) -> None:
                if isinstance(event, Finished):
                    done.set()

            service.ask(Tenant(), "p0", ["so it is"], Settings(max_new_tokens=1, ignores_end=True), 1, hear)
            done.wait(60)
            return time.perf_counter() - at

        for _ in range(10):
            over_http()
            in_process()
        both = [(over_http(), in_process()) for _ in range(num)]
        found = {"http_ms": 1000 * statistics.median(over - within for over, within in both)}
        found |= published(client, folder / "other" / "p2" / "1")
    service.close()
    found["idle_mib"] = idle(folder / "store")
    return found


def published(client: httpx.Client, version: Path) -> dict[str, float]:
    """Another version while an answer of the old one is written."""
    body = {"model": "p1", "prompt": "so it is", "max_tokens": 200, "ignore_eos": True}
    old = client.post("/v1/completions", json=body).json()["choices"][0]["text"]
    sent = {"manifest": version / "manifest.json", "tensors": version / "prefix.safetensors"}
    with client.stream("POST", "/v1/completions", json=body | {"stream": True}) as answer:
        lines = answer.iter_lines()
        pieces = [next(lines)]
        assert (
            client.put("/v1/prefixes/p1", files={part: path.read_bytes() for part, path in sent.items()}).status_code
            == 201
        )
        at = time.perf_counter()
        assert client.get("/v1/models/p1").json()["id"].endswith("p1@2")
        taken = time.perf_counter() - at
        pieces += [line for line in lines if line.startswith("data: {")]
    text = "".join(json.loads(piece.removeprefix("data: "))["choices"][0]["text"] for piece in pieces)
    new = client.post("/v1/completions", json=body).json()["choices"][0]["text"]
    return {"publish_ms": 1000 * taken, "publish_old": float(text.removeprefix(" ") == old != new)}


def idle(store: Path) -> float:
    """MiB of a process with the tiny model and an idle server, above the same without a server."""
    without = "from benchmarks.serving_load import made_for\nb = made_for('float32', 'tiny')\n"
    serving = without + (
        "from pathlib import Path\nfrom foreword.serve.engine import Sizes\nfrom foreword.serve.http.app import make_app\n"
        "from foreword.serve.tenants.library import Library\nfrom foreword.serve.service import Service\n"
        "from foreword.serve.standing import listening\n"
        f"s = Service(b, Library(Path({str(store)!r}), b), Sizes(slot_len=256, pool_size=8), 'tiny')\n"
        "c = listening(make_app(s)); c.__enter__()\n"
    )
    tell = (
        "from benchmarks.serving_store import resident_mib\nprint(resident_mib(), flush=True)\nimport os; os._exit(0)\n"
    )

    def mib(code: str) -> float:
        done = subprocess.run([sys.executable, "-c", code + tell], capture_output=True, text=True, check=True)
        return float(done.stdout.split()[-1])

    return mib(serving) - mib(without)
