"""Prefixes over HTTP: uploaded, published, named, kept at hand; and bad ones under good traffic."""

import asyncio
import errno
import hashlib
import json
import socket
import sqlite3
import struct
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import torch
from safetensors.torch import load, save
from starlette.formparsers import MultiPartParser
from tests.serve.served import until
from tests.serve.servers import SIZES, Served, served, stored
from tests.serve.test_serve_http import refused

from foreword.errors import StoreAway
from foreword.serve import standing
from foreword.serve.http import prefixes
from foreword.serve.http.access import service_of
from foreword.serve.http.app import healthz, make_app
from foreword.serve.standing import listening
from foreword.serve.tenants.ledger import FILE, Ledger, Limits
from foreword.serve.tenants.library import TENANTS, Library, Shelf
from foreword.store import Store, writing
from foreword.store.manifest import SEAL, seal


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        "manifest": (folder / "manifest.json").read_bytes(),
        "tensors": (folder / "prefix.safetensors").read_bytes(),
    }


def put(server: Served, name: str, files: dict[str, bytes]) -> httpx.Response:
    return server.http.put(f"/v1/prefixes/{name}", files={part: (part, content) for part, content in files.items()})


def made_elsewhere(server: Served, folder: Path, seed: int, prefix_len: int = 5) -> dict[str, bytes]:
    """A prefix for the server's model in another store; the server is told what it is, so that it can be compared."""
    prefix, manifest = stored(folder, server.backbone, "new", seed, prefix_len)
    server.prefixes[f"seed {seed}"] = prefix
    return files_of(folder / "new" / str(manifest.version))


@pytest.fixture
def server(tmp_path):
    with served(tmp_path / "store", admin=True) as running:
        yield running


def test_an_upload_is_served_at_once_and_under_its_version_for_good(server, tmp_path):
    answer = put(server, "fresh", made_elsewhere(server, tmp_path / "x", 31))
    assert (answer.status_code, answer.json()["reference"]) == (201, "fresh@1")
    ask = server.openai.completions.create
    assert ask(model="fresh", prompt="so").choices[0].text == server.written("seed 31", "so")
    began = time.perf_counter()
    assert put(server, "fresh", made_elsewhere(server, tmp_path / "x", 32)).json()["reference"] == "fresh@2"
    assert ask(model="fresh", prompt="so").choices[0].text == server.written("seed 32", "so")
    assert time.perf_counter() - began < 10
    assert ask(model="fresh@1", prompt="so").choices[0].text == server.written("seed 31", "so")
    assert Store(server.folder).verify("fresh@2")[-1].ok


def test_a_running_request_finishes_on_the_version_it_began_with(server, tmp_path):
    put(server, "live", made_elsewhere(server, tmp_path / "x", 31))
    stream = server.openai.completions.create(
        model="live", prompt="so", stream=True, max_tokens=60, extra_body={"ignore_eos": True}
    )
    pieces = iter(stream)
    text = next(pieces).choices[0].text
    put(server, "live", made_elsewhere(server, tmp_path / "x", 32))
    server.http.delete("/v1/prefixes/live@1")
    assert server.openai.completions.create(model="live", prompt="so").choices[0].text == server.written(
        "seed 32", "so"
    )
    text += "".join(chunk.choices[0].text for chunk in pieces)
    assert text.startswith(server.written("seed 31", "so", 3))
    refused(lambda: server.openai.completions.create(model="live@1", prompt="so"), 404, "unknown prefix 'live@1'")


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("place", ["the store", "the folder for uploads on their way"])
def test_a_disk_that_fills_up_during_an_upload_is_told_and_leaves_nothing(place, server, tmp_path, monkeypatch, caplog):
    """Good traffic goes on; once there is room again, the same upload works, under the number it would have had."""
    sent = made_elsewhere(server, tmp_path / "x", 31, prefix_len=60)
    assert put(server, "fresh", made_elsewhere(server, tmp_path / "x", 32)).json()["reference"] == "fresh@1"
    before = sorted(path.name for path in server.folder.rglob("*"))

    def full(*_: object) -> None:
        raise FULL

    with monkeypatch.context() as patch:
        if place == "the store":
            patch.setattr(writing, "write_synced", full)
        else:
            patch.setattr(MultiPartParser, "spool_max_size", 10)
            patch.setattr(tempfile.SpooledTemporaryFile, "rollover", full)
        answer = put(server, "fresh", sent)
        assert answer.status_code == 507, answer.text
        message = "the server's disk refused it: No space left on device. Send it again later."
        assert answer.json()["error"]["message"] == message
        assert server.openai.completions.create(model="a", prompt="so").choices[0].text == server.written("a", "so")
    assert sorted(path.name for path in server.folder.rglob("*")) == before
    assert put(server, "fresh", sent).json()["reference"] == "fresh@2"
    assert server.openai.completions.create(model="fresh", prompt="so").choices[0].text == server.written(
        "seed 31", "so"
    )


def test_a_disk_that_refuses_an_alias_is_told(server, monkeypatch, caplog):
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(server.service.library.ledger, "set_alias", full)
    answer = server.http.put("/v1/aliases/other", json={"prefix": "a"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "disk")
    assert (
        answer.json()["error"]["message"]
        == "the server's disk refused it: database or disk is full. Send it again later."
    )


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (
            StoreAway("s3://ours does not answer: timed out. Try again."),
            503,
            "the store that prefixes come from does not answer",
        ),
        (sqlite3.OperationalError("database is locked"), 503, "the server's disk refused it: database is locked"),
        (
            OSError(errno.EIO, "Input/output error", "/srv/store"),
            503,
            "the server's disk refused it: Input/output error",
        ),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "/srv/store"), 507, "Disk quota exceeded. Send it again later."),
    ],
)
def test_what_is_wrong_with_the_store_is_told_without_saying_where_it_is(
    server, monkeypatch, caplog, error, status, words
):
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(server.service.library, "find", fails)
    answer = server.http.post("/v1/completions", json={"model": "a", "prompt": "so"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (status, "server_error")
    assert words in answer.json()["error"]["message"]
    assert not any(where in answer.text for where in ("s3://", "/srv"))
    assert ("Retry-After" in answer.headers) == isinstance(error, StoreAway)


def test_an_alias_is_moved_in_one_step(server):
    assert server.http.put("/v1/aliases/prod", json={"prefix": "a"}).json()["reference"] == "a@1"
    ask = server.openai.completions.create
    assert ask(model="tiny:prod", prompt="so").choices[0].text == server.written("a", "so")
    server.http.put("/v1/aliases/prod", json={"prefix": "b@1"})
    assert ask(model="prod", prompt="so").choices[0].text == server.written("b", "so")
    assert server.http.get("/v1/prefixes").json()["aliases"] == {"prod": "b@1"}
    assert server.http.delete("/v1/aliases/prod").json() == {"alias": "prod", "dropped": True}
    refused(lambda: ask(model="prod", prompt="so"), 404, "unknown prefix 'prod'")
    assert server.http.put("/v1/aliases/prod", json={"prefix": "nope"}).status_code == 404


def test_a_pinned_prefix_is_at_hand_now_and_after_every_start(server):
    assert server.http.put("/v1/prefixes/a/pin").status_code == 200
    server.http.post("/v1/prefixes/b/preload")
    assert server.service.facts().num_pinned == 1
    for name in "bcbc":
        server.openai.completions.create(model=name, prompt="so")
    assert server.service.library.pinned() == [server.service.library.find("", "a").sha256]
    with served(server.folder / "again") as other:
        assert other.service.facts().num_pinned == 0
    assert server.http.delete("/v1/prefixes/a/pin").status_code == 200
    assert server.service.facts().num_pinned == 0


def test_what_is_pinned_is_loaded_when_the_server_starts(tmp_path):
    with served(tmp_path, admin=True) as first:
        first.http.put("/v1/prefixes/a/pin")
    with served(tmp_path) as second:
        facts = second.service.facts()
        assert (facts.num_pinned, facts.num_held) == (1, 1)


def test_a_pinned_prefix_that_cannot_be_kept_at_hand_is_told_when_the_server_starts(tmp_path, caplog):
    with served(tmp_path, admin=True) as first:
        for name in "ab":
            first.http.put(f"/v1/prefixes/{name}/pin")
    (tmp_path / "a" / "1" / "prefix.safetensors").unlink()
    with served(tmp_path):
        until(lambda: "prefix.safetensors is missing" in caplog.text)
    with served(tmp_path, sizes=replace(SIZES, pool_size=2)):
        assert "1 of the pool's 2 places can be pinned at most" in caplog.text
    assert "a pinned prefix is not kept at hand: prefix 'a@1'" in caplog.text


def test_a_pin_goes_with_its_version_and_is_kept_by_an_engine_that_takes_over(server, caplog):
    pinned = lambda: server.service.facts().num_pinned  # noqa: E731
    for name in "ab":
        assert server.http.put(f"/v1/prefixes/{name}/pin").status_code == 200
    assert pinned() == 2
    assert server.http.delete("/v1/prefixes/a@1").status_code == 200
    assert pinned() == 1
    assert server.http.delete("/v1/prefixes/a/pin").json() == {"unpinned": "a", "released": 0}
    server.service.runner.engine.step = lambda: 1 // 0  # type: ignore[method-assign]
    refused(lambda: server.openai.completions.create(model="c", prompt="so"), 500, "the server's engine broke")
    until(lambda: server.service.runner.restarts == 1)
    assert pinned() == 1
    assert server.http.delete("/v1/prefixes/b/pin").json() == {"unpinned": "b", "released": 1}
    assert pinned() == 0


@pytest.mark.parametrize(("method", "what"), [("POST", "preload"), ("PUT", "pin")])
def test_what_is_to_be_at_hand_is_there_when_it_is_said_to_be(server, method, what):
    assert server.http.request(method, f"/v1/prefixes/a/{what}").status_code == 200
    assert server.service.facts().num_held == 1
    tensors = server.folder / "b" / "1" / "prefix.safetensors"
    tensors.unlink()
    tensors.write_bytes(b"spoiled")
    answer = server.http.request(method, f"/v1/prefixes/b/{what}")
    assert answer.status_code == 400
    assert "prefix 'b@1': prefix.safetensors was truncated: it has 7 bytes" in answer.json()["error"]["message"]
    assert (server.service.facts().num_held, len(server.service.library.pinned())) == (1, what == "pin")


@pytest.mark.parametrize(("method", "what"), [("POST", "preload"), ("PUT", "pin")])
def test_what_no_row_has_room_for_is_told_before_anybody_asks_for_it(server, method, what):
    stored(server.folder, server.backbone, "long", seed=9, prefix_len=99)
    answer = server.http.request(method, f"/v1/prefixes/long/{what}")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == (
        "a prefix of 99 positions leaves no room in a row of 100. Start the engine with longer slots."
    )
    assert not server.service.library.pinned()


@pytest.mark.parametrize(
    ("error", "preloads", "words"),
    [
        (StoreAway("s3://ours does not answer: timed out. Try again."), 503, "prefixes come from does not answer"),
        (RuntimeError("/srv/store"), 400, "its prefix could not be loaded."),
    ],
)
def test_what_keeps_a_prefix_from_being_loaded_is_told_without_saying_where_it_is(
    server, monkeypatch, caplog, error, preloads, words
):
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(server.service.library, "load", fails)
    row = server.http.post("/v1/completions", json={"model": "a", "prompt": "so"})
    preload = server.http.post("/v1/prefixes/a/preload")
    assert (row.status_code, preload.status_code) == (503, preloads)
    for answer in (row, preload):
        assert words in answer.json()["error"]["message"]
        assert not any(where in answer.text for where in ("s3://", "/srv"))
    assert str(error) in caplog.text, "whoever runs the server is told"


def test_who_waits_for_a_prefix_is_told_when_the_engine_breaks(server, monkeypatch, caplog):
    goes_on, load = threading.Event(), server.service.library.load
    monkeypatch.setattr(server.service.library, "load", lambda sha256: (goes_on.wait(30), load(sha256))[1])
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(server.http.post, "/v1/prefixes/a/preload")
        until(lambda: server.service.facts().num_held == 1)
        server.service.runner.engine.step = lambda: 1 // 0
        server.service.runner.wake()
        answer = waiting.result(30)
        goes_on.set()
    assert (answer.status_code, answer.json()["error"]["message"]) == (429, "the server's engine broke. Try again.")


def test_a_removal_that_was_broken_off_is_ended(server):
    """Its manifest is away, and its numbers are still there; nobody finds it any more."""
    folder = server.folder / "b" / "1"
    (folder / "manifest.json").rename(folder / "removed.json")
    assert server.http.delete("/v1/prefixes/b@1").status_code == 200
    assert not (folder / "prefix.safetensors").exists()
    assert server.http.delete("/v1/prefixes/b@1").status_code == 404


def test_a_pin_that_was_given_up_keeps_nothing_at_hand(server, monkeypatch):
    """Else nobody could release it: nothing is known of it any more."""
    goes_on, load = threading.Event(), Library.load
    monkeypatch.setattr(Library, "load", lambda self, sha256: (goes_on.wait(30), load(self, sha256))[1])
    monkeypatch.setattr(prefixes, "WAIT_S", 0.3)
    answer = server.http.put("/v1/prefixes/c/pin")
    assert answer.status_code == 429
    assert "is still being loaded. Look again in a moment." in answer.json()["error"]["message"]
    goes_on.set()
    until(lambda: server.service.facts().num_held == 1)
    assert (server.service.facts().num_pinned, server.service.library.ledger.pins()) == (0, [])
    assert server.service.runner.restarts == 0, "what came late broke the engine"


def test_what_a_removed_tenant_pinned_is_loaded_no_more(tmp_path):
    with served(tmp_path, admin=True, tenants={"acme": Limits()}) as running:
        assert running.http.put("/v1/prefixes/acme-own/pin").status_code == 200
        running.service.library.ledger.remove_tenant("acme")
        assert running.service.library.pinned() == []


def test_a_server_that_begins_when_the_last_tenant_is_gone_wants_keys_where_it_is_told_to(tmp_path):
    """As a replica does that takes another's place, in front of which anybody may stand."""
    with served(tmp_path) as running, listening(make_app(running.service, admin=True, wants_key=True)) as url:
        assert httpx.get(f"{url}/v1/models").status_code == 401
        assert httpx.delete(f"{url}/v1/prefixes/a@1").status_code == 401


def test_replicas_are_told_whether_there_are_tenants(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(standing, "deploy", lambda *_, wants_key: told.append(wants_key))
    monkeypatch.setattr(standing, "shut_down", lambda: None)
    monkeypatch.setattr(standing.threading.Event, "wait", lambda *_: True)
    for make in (lambda: None, lambda: Ledger(tmp_path / FILE).add_tenant("acme", Limits())):
        make()
        wanted, replicas = standing.Wanted(tmp_path), standing.Replicas()
        standing.stand_on_ray(wanted, SIZES, replicas, "127.0.0.1", 0, True, 1, lambda _: None)
    assert told == [False, True]


def test_whether_the_process_lives_is_told_without_a_thread():
    """All of which may stand and wait for a slow store."""
    assert asyncio.iscoroutinefunction(service_of)
    assert asyncio.iscoroutinefunction(healthz)


def test_administration_is_off_unless_asked_for(tmp_path):
    with served(tmp_path) as plain:
        for method, path in [
            ("PUT", "/v1/prefixes/a/pin"),
            ("DELETE", "/v1/prefixes/a@1"),
            ("POST", "/v1/prefixes/a/preload"),
            ("DELETE", "/v1/aliases/x"),
        ]:
            answer = plain.http.request(method, path)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "administration_off")
            assert "Start it with --admin" in answer.json()["error"]["message"]
        assert plain.http.get("/v1/prefixes/a").json()["reference"] == "a@1"


def test_a_tenant_changes_his_own_prefixes_and_nobody_elses(tmp_path):
    with served(
        tmp_path / "store", admin=True, tenants={"acme": Limits(), "other": Limits(stored_bytes=20_000)}
    ) as running:
        http = running.http
        assert [entry["name"] for entry in http.get("/v1/prefixes").json()["data"]] == ["other-own"]
        for path in ("/v1/prefixes/a@1", "/v1/prefixes/acme-own@1"):
            assert http.delete(path).status_code == 404
        assert put(running, "mine", made_elsewhere(running, tmp_path / "x", 31)).status_code == 201
        assert (tmp_path / "store" / TENANTS / "other" / "mine" / "1").is_dir()
        answers = [put(running, "mine", made_elsewhere(running, tmp_path / "x", 32)) for _ in range(3)]
        assert answers[-1].status_code == 400
        assert "may take 20000 bytes" in answers[-1].json()["error"]["message"]


def test_when_the_last_tenant_is_removed_nobody_is_let_in(tmp_path):
    """The server may listen where anybody could reach it; without keys all would be the operator."""
    with served(tmp_path, admin=True, tenants={"acme": Limits()}) as running:
        without = {"Authorization": ""}
        assert running.http.get("/v1/models", headers=without).status_code == 401
        running.service.library.ledger.remove_tenant("acme")
        assert running.http.get("/v1/models", headers=without).status_code == 401
        assert running.http.delete("/v1/prefixes/a@1", headers=without).status_code == 401
        assert running.http.get("/v1/models").status_code == 401


def test_a_server_without_tenants_wants_keys_from_the_first_on(tmp_path):
    with served(tmp_path) as running:
        assert running.http.get("/v1/models").status_code == 200
        key = running.service.library.ledger.add_tenant("acme", Limits())
        assert running.http.get("/v1/models").status_code == 401
        assert running.http.get("/v1/models", headers={"Authorization": f"Bearer {key}"}).status_code == 200


def test_a_server_whose_first_tenant_is_removed_again_still_wants_keys(tmp_path):
    """Though nobody ever asked it without one."""
    with served(tmp_path, admin=True) as running:
        key = running.service.library.ledger.add_tenant("acme", Limits())
        assert running.http.get("/v1/models", headers={"Authorization": f"Bearer {key}"}).status_code == 200
        running.service.library.ledger.remove_tenant("acme")
        assert running.http.get("/v1/models").status_code == 401
        assert running.http.delete("/v1/prefixes/a@1").status_code == 401


def test_an_alias_of_what_is_gone_means_nothing_else(tmp_path):
    """Not the server's own prefix of the same name, which answers otherwise."""
    with served(tmp_path, admin=True, tenants={"acme": Limits()}) as running:
        assert running.http.put("/v1/aliases/b", json={"prefix": "acme-own@1"}).status_code == 200
        assert running.http.delete("/v1/prefixes/acme-own@1").status_code == 200
        assert running.http.get("/v1/prefixes/b").status_code == 404
        assert running.http.delete("/v1/aliases/b").json()["dropped"]
        assert running.http.get("/v1/prefixes/b").json()["reference"] == "b@1"


def test_whoever_waits_for_a_prefix_holds_up_nobody(tmp_path, monkeypatch):
    """There are forty threads for requests; as many waited there for what a slow store would bring."""
    goes_on, load = threading.Event(), Library.load
    monkeypatch.setattr(Library, "load", lambda self, sha256: (goes_on.wait(30), load(self, sha256))[1])
    with served(tmp_path, admin=True) as running, ThreadPoolExecutor(45) as threads:
        try:
            sha256 = running.service.library.find("", "a").sha256
            waiting = [threads.submit(running.http.post, "/v1/prefixes/a/preload") for _ in range(45)]
            until(lambda: running.service.runner.call(lambda engine: sha256 in engine.pool).result(10))
            time.sleep(0.5)  # for all of them to have come
            began = time.monotonic()
            assert running.openai.completions.create(model="tiny", prompt="so", max_tokens=2).choices
            assert time.monotonic() - began < 10, "it waited for them"
            assert not any(one.done() for one in waiting)
        finally:
            goes_on.set()
        assert {one.result(30).status_code for one in waiting} == {200}


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/models/{}"), ("GET", "/v1/prefixes/{}"), ("PUT", "/v1/aliases/{}")]
)
def test_names_that_are_long_looked_up_hold_up_nobody(tmp_path, monkeypatch, method, path):
    """Whoever else asks wants to know only who he is."""
    goes_on, find = threading.Event(), Shelf.find

    def slow(self, reference):
        if reference.startswith("far"):
            goes_on.wait(30)
        return find(self, reference)

    monkeypatch.setattr(Shelf, "find", slow)
    with served(tmp_path, admin=True) as running, ThreadPoolExecutor(45) as threads:
        try:
            told = {"prefix": "far"} if method == "PUT" else None
            waiting = [
                threads.submit(running.http.request, method, path.format(f"far{at}"), json=told) for at in range(45)
            ]
            time.sleep(0.5)  # for all of them to have come
            began = time.monotonic()
            assert running.http.get("/v1/models").status_code == running.http.get("/healthz").status_code == 200
            assert time.monotonic() - began < 10, "it waited for them"
            assert not any(one.done() for one in waiting)
        finally:
            goes_on.set()
        assert {one.result(30).status_code for one in waiting} == {404}


def test_numbers_in_a_format_that_pytorch_does_not_have_are_refused(server, tmp_path):
    files = made_elsewhere(server, tmp_path / "x", 31)
    size = struct.unpack("<Q", files["tensors"][:8])[0]
    header = files["tensors"][8 : 8 + size].replace(b'"F32"', b'"F4"')
    facts = {name: told for name, told in json.loads(header).items() if name != "__metadata__"}
    for told in facts.values():
        told["data_offsets"] = [at // 8 for at in told["data_offsets"]]
    header = json.dumps(facts).encode()
    content = struct.pack("<Q", len(header)) + header + b"\0" * max(told["data_offsets"][1] for told in facts.values())
    sealed = resealed(files["manifest"], size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    answer = put(server, "fresh", {"manifest": sealed, "tensors": content})
    assert (answer.status_code, "is not a safetensors file" in answer.text) == (400, True), answer.text


def test_half_a_character_in_a_manifest_is_refused(server, tmp_path):
    files = made_elsewhere(server, tmp_path / "x", 31)
    answer = put(server, "fresh", {**files, "manifest": resealed(files["manifest"], recipe={"task": "\ud83d"})})
    assert (answer.status_code, "is not stored" in answer.text) == (400, True), answer.text


@pytest.mark.parametrize(("admin", "status"), [(True, 401), (False, 403)])
def test_whoever_may_not_upload_is_told_before_he_sends_anything(tmp_path, admin, status):
    """Or anybody could fill the disk with what is refused in the end."""
    tenants = {"acme": Limits()} if admin else None
    with served(tmp_path, admin=admin, tenants=tenants) as running:
        host, port = running.url.removeprefix("http://").split(":")
        head = b"PUT /v1/prefixes/x HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n"
        head += b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        with socket.create_connection((host, int(port)), timeout=10) as line:
            line.sendall(head)
            assert line.recv(100).startswith(f"HTTP/1.1 {status}".encode())


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1", 200), ("localhost:8000", 200), ("[::1]:8000", 200), ("evil.example", 401), ("evil.example:80", 401)],
)
def test_without_tenants_changes_are_asked_of_this_machine_by_its_own_name(tmp_path, host, status):
    """Else a page somewhere could have its own name mean this address, and change what it likes from a browser here."""
    with served(tmp_path, admin=True) as running:
        answer = running.http.put("/v1/aliases/x", json={"prefix": "a@1"}, headers={"Host": host})
        assert answer.status_code == status, answer.text
        upload = running.http.put("/v1/prefixes/y", files=files_of(tmp_path / "a" / "1"), headers={"Host": host})
        assert upload.status_code == (201 if status == 200 else 401), upload.text
        if status == 401:
            assert f"the request names {host!r}. Ask 127.0.0.1" in answer.json()["error"]["message"]


def test_an_upload_without_room_is_refused_before_it_is_read(tmp_path):
    with served(tmp_path, admin=True, tenants={"acme": Limits(stored_bytes=50_000)}) as running:
        host, port = running.url.removeprefix("http://").split(":")
        head = f"PUT /v1/prefixes/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {running.key}\r\n"
        head += "Content-Length: 900000\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n"
        with socket.create_connection((host, int(port)), timeout=10) as line:
            line.sendall(head.encode())
            answer = line.recv(1000).decode()
        assert answer.startswith("HTTP/1.1 400")
        assert "this key's prefixes may take 50000 bytes" in answer


def resealed(manifest: bytes, **changed: object) -> bytes:
    facts = json.loads(manifest)
    facts.pop(SEAL)
    facts |= changed
    return json.dumps(facts | {SEAL: seal(facts)}).encode()


def spoiled(kind: str, good: dict[str, bytes], number: int) -> dict[str, bytes]:
    """A prefix that is wrong in one way."""
    manifest, tensors = good["manifest"], good["tensors"]

    def told(content: bytes, **changed: object) -> dict[str, bytes]:
        facts = {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), **changed}
        return {"manifest": resealed(manifest, **facts), "tensors": content}

    held = load(tensors)
    if kind == "shape":
        return told(save({name: tensor[..., :-1].clone() for name, tensor in held.items()}))
    if kind == "dtype":
        return told(save({name: tensor.half() for name, tensor in held.items()}))
    if kind == "model":
        backbone = {**json.loads(manifest)["backbone"], "fingerprint": f"{number:064x}"}
        return told(tensors, backbone=backbone)
    if kind == "truncated":
        return {**good, "tensors": tensors[: -1 - number]}
    if kind == "bit-flipped":
        at = (7919 * (number + 1)) % len(tensors)
        return {**good, "tensors": tensors[:at] + bytes([tensors[at] ^ (1 << number % 8)]) + tensors[at + 1 :]}
    if kind == "NaN":
        next(iter(held.values())).view(-1)[number] = torch.nan if number % 2 else torch.inf
        return told(save(held))
    if kind == "header bomb":
        size = [2**63, 2**40, len(tensors), 10**8, 0][number % 5]
        return told(struct.pack("<Q", size) + tensors[8:])
    if kind == "deep header":
        return told(struct.pack("<Q", 100_000) + b"[" * 100_000)
    if kind == "huge":
        return {**good, "tensors": b"\0" * (2 * 2**20)}

    if kind == "lengths":
        lengths = [[-5, 2, 2], [99, 99, 99], [0, 0, 0]][number % 3]
        return told(save({**held, "decoder.lengths": torch.tensor(lengths)}))
    if kind == "decoding":
        wrong = [
            {"temperature": "hot"},
            {"max_new_tokens": None},
            {"seed": "x"},
            {"top_k": -5},
            [],
            {"sample": 1, "top_p": 7},
        ]
        recipe = {**json.loads(manifest)["recipe"], "generate": wrong[number % len(wrong)]}
        return {**good, "manifest": resealed(manifest, recipe=recipe)}
    return {**good, "manifest": b"[" * 100_000}


KINDS = [
    "shape",
    "lengths",
    "decoding",
    "dtype",
    "model",
    "truncated",
    "bit-flipped",
    "NaN",
    "header bomb",
    "deep header",
    "huge",
    "deep manifest",
]


def test_sixty_bad_prefixes_under_good_traffic_are_refused_and_no_good_request_fails(server, tmp_path):
    good = made_elsewhere(server, tmp_path / "x", 31)
    stop, failures, count = threading.Event(), [], [0]

    def traffic() -> None:
        while not stop.is_set():
            name = "abc"[count[0] % 3]
            text = server.openai.completions.create(model=name, prompt="so").choices[0].text
            failures.extend([] if text == server.written(name, "so") else [text])
            count[0] += 1

    thread = threading.Thread(target=traffic)
    thread.start()
    try:
        for number in range(60):
            kind = KINDS[number % len(KINDS)]
            answer = put(server, "bad", spoiled(kind, good, number))
            assert answer.status_code in (400, 413), (kind, answer.status_code, answer.text)
            assert len(answer.json()["error"]["message"]) > 30
    finally:
        stop.set()
        thread.join()
    assert failures == []
    assert count[0] > 0
    assert not (server.folder / "bad").exists()
    assert put(server, "bad", good).status_code == 201
