"""`foreword serve`, `batch` and `tenants` as processes, and what is left when they are killed."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from tests.serve.served import alone
from tests.serve.servers import stored
from tests.tiny_models import tokenizer
from tests.tiny_runs import model_folder

from foreword.backbone import load_backbone
from foreword.backbone.wording import source_ids
from foreword.errors import BadRequest
from foreword.serve.standing import check_free
from foreword.store import Store

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "default"}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with a tiny model and a store of two prefixes for it."""
    folder = tmp_path_factory.mktemp("place")
    model = model_folder(folder / "model")
    backbone = load_backbone(str(model))
    for seed, name in enumerate("ab"):
        stored(folder / "store", backbone, name, seed)
    return folder


def foreword(*words: str | Path, folder: Path) -> subprocess.CompletedProcess:
    told = [sys.executable, "-m", "foreword", *map(str, words)]
    return subprocess.run(told, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)


@contextmanager
def serving(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """A server process and its address."""
    told = [
        sys.executable,
        "-m",
        "foreword",
        "serve",
        "--port",
        "0",
        "--dtype",
        "float32",
        "--positions",
        "100",
        *words,
    ]
    process = subprocess.Popen(told, cwd=folder, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if found := re.search(r"http://[\d.]+:\d+", line):
                break
        else:
            raise AssertionError("".join(lines))
        yield process, found.group()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.communicate()


def ask(url: str, **told: object) -> httpx.Response:
    return httpx.post(f"{url}/v1/completions", json={"model": "a", "prompt": "so", **told}, timeout=60)


def written(place: Path, name: str, prompt: str, num: int = 6) -> str:
    backbone = load_backbone(str(place / "model"))
    prefix, _ = Store(place / "store").load(name, backbone)
    ids = alone(backbone, prefix, source_ids(backbone, [prompt], 10**9)[0][0], num, (1,))
    return str(tokenizer().decode(ids, skip_special_tokens=True)).removeprefix(" ")


def test_the_server_says_whom_it_serves_and_ends_when_told_after_its_last_answer(place):
    with serving(place, "--store", "store") as (process, url):
        assert ask(url).json()["choices"][0]["text"] == written(place, "a", "so")
        answers: list[httpx.Response] = []
        long = threading.Thread(target=lambda: answers.append(ask(url, max_tokens=90, ignore_eos=True)))
        long.start()
        while 'foreword_tokens_total{kind="prompt"} 8.0' not in httpx.get(f"{url}/metrics").text:
            pass
        process.send_signal(signal.SIGTERM)
        long.join()
        assert answers[0].json()["usage"]["completion_tokens"] == 90
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert "the server has ended." in process.stderr.read()


def test_a_killed_server_leaves_store_and_registry_whole(place):
    foreword("tenants", "add", "acme", "--store", "store", folder=place)
    try:
        with serving(place, "--store", "store", "--admin") as (process, url):
            with httpx.stream("GET", f"{url}/v1/models") as answer:
                assert answer.status_code == 401
            process.kill()
            process.wait(30)
        assert "acme" in foreword("tenants", "list", "--store", "store", folder=place).stdout
    finally:
        foreword("tenants", "remove", "acme", "--store", "store", folder=place)
    with serving(place, "--store", "store") as (process, url):
        body = {"model": "a", "prompt": "so", "max_tokens": 80, "stream": True, "ignore_eos": True}
        with (
            httpx.stream("POST", f"{url}/v1/completions", json=body, timeout=60) as answer,
            suppress(httpx.TransportError),
        ):
            for _ in answer.iter_lines():
                process.kill()
        process.wait(30)
    with serving(place, "--store", "store") as (process, url):
        assert ask(url).json()["choices"][0]["text"] == written(place, "a", "so")
    assert all(check.ok for check in Store(place / "store").verify("a@1"))


def test_without_tenants_nobody_else_can_reach_it(place):
    done = foreword("serve", "--store", "store", "--host", "0.0.0.0", folder=place)
    assert done.returncode == 2
    assert "listens on this machine's own address alone, and --host 0.0.0.0 is another" in done.stderr


def test_replicas_without_ray_are_told(place):
    done = foreword("serve", "--store", "store", "--replicas", "2", folder=place)
    assert done.returncode == 2
    assert "--replicas and --most-replicas go with --ray." in done.stderr


def test_a_port_that_is_taken_is_told(place):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = foreword("serve", "--store", "store", "--port", str(taken.getsockname()[1]), folder=place)
    assert done.returncode == 2
    assert "cannot be listened on: Address already in use. Give others; port 0 is any that is free." in done.stderr


@pytest.mark.parametrize(("host", "why"), [("192.0.2.1", "assign requested address"), ("no host", "[Nn]ame")])
def test_a_host_that_is_no_address_of_this_machine_is_told(host, why):
    with pytest.raises(BadRequest, match=f"--host {host} --port 8000 cannot be listened on: .*{why}.*. Give others"):
        check_free(host, 8000)


def test_an_empty_store_does_not_say_which_backbone_is_meant(tmp_path):
    done = foreword("serve", "--store", "nothing", folder=tmp_path)
    assert done.returncode == 2
    assert "there is no prefix in nothing to say which backbone is meant. Give --backbone" in done.stderr
    assert not (tmp_path / "nothing").exists()


def test_a_tenants_key_is_printed_alone_and_once(place):
    made = foreword("tenants", "add", "once", "--store", "store", "--requests-per-minute", "5", folder=place)
    assert re.fullmatch(r"fw-[\w-]{43}\n", made.stdout)
    listed = foreword("tenants", "list", "--store", "store", folder=place)
    assert json.loads(listed.stdout) == [
        {"name": "once", "requests_per_minute": 5, "tokens_per_minute": 0, "stored_bytes": 0, "pinned_prefixes": 0}
    ]
    assert made.stdout.strip() not in listed.stdout
    assert "removed once" in foreword("tenants", "remove", "once", "--store", "store", folder=place).stderr
    again = foreword("tenants", "remove", "once", "--store", "store", folder=place)
    assert (again.returncode, "unknown tenant 'once'" in again.stderr) == (2, True)
    nowhere = foreword("tenants", "remove", "once", "--store", "typo", folder=place)
    assert (nowhere.returncode, "unknown tenant 'once'. Known: none" in nowhere.stderr) == (2, True)
    assert not (place / "typo").exists()


REQUESTS = [
    {"model": "a", "prompt": "so"},
    {
        "custom_id": "second",
        "method": "POST",
        "url": "/v1/completions",
        "body": {"model": "b", "prompt": ["so", "it is"], "n": 2},
    },
    {"model": "nope", "prompt": "so"},
    {"custom_id": "streams", "body": {"model": "a", "prompt": "so", "stream": True}},
    {"url": "/v1/embeddings", "body": {}},
    {"custom_id": "half \ud800", "body": {"model": "a", "prompt": "so \ud800"}},
]


def test_a_file_is_answered_line_by_line_and_bad_lines_keep_their_places(place, tmp_path):
    requests = tmp_path / "requests.jsonl"
    requests.write_text("\n".join([*map(json.dumps, REQUESTS), "no json", ""]))
    words = (
        "batch",
        requests,
        "--out",
        tmp_path / "answers.jsonl",
        "--store",
        "store",
        "--dtype",
        "float32",
        "--positions",
        "100",
    )
    done = foreword(*words, folder=place)
    assert (done.returncode, "5 requests could not be answered, their lines say why" in done.stderr) == (1, True)
    answers = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert [answer["custom_id"] for answer in answers] == [
        "line-1",
        "second",
        "line-3",
        "streams",
        "line-5",
        "half \ud800",
        "line-7",
    ]
    texts = [[choice["text"] for choice in answer["response"]["body"]["choices"]] for answer in answers[:2]]
    so, it_is = written(place, "b", "so"), written(place, "b", "it is")
    assert texts == [[written(place, "a", "so")], [so, so, it_is, it_is]]
    faults = [answer["error"]["message"] for answer in answers[2:]]
    for fault, words_of_it in zip(
        faults,
        ["unknown prefix 'nope'", "leave stream out", "url must be", "surrogates not allowed", "not JSON"],
        strict=True,
    ):
        assert words_of_it in fault

    whole = (tmp_path / "answers.jsonl").read_bytes()
    (tmp_path / "answers.jsonl").write_bytes(whole[: len(whole) // 3])  # as if it had been killed
    foreword(*words, folder=place)
    again = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert [answer["error"] for answer in again] == [answer["error"] for answer in answers]
    assert [answer["id"] for answer in again] == [answer["id"] for answer in answers]
    requests.write_text(
        "\n".join([json.dumps({"model": "a", "prompt": "no"}), *map(json.dumps, REQUESTS[1:]), "no json", ""])
    )
    other = foreword(*words, folder=place)
    assert (other.returncode, "holds answers to other requests" in other.stderr) == (2, True)


@pytest.mark.parametrize(("content", "why"), [(None, "cannot be read"), ("\n", "is empty")])
def test_a_file_without_requests_is_told_before_a_model_is_loaded(tmp_path, content, why):
    if content is not None:
        (tmp_path / "requests.jsonl").write_text(content)
    done = foreword("batch", "requests.jsonl", "--out", "answers.jsonl", folder=tmp_path)
    assert (done.returncode, why in done.stderr) == (2, True)
    assert not (tmp_path / "answers.jsonl").exists()
