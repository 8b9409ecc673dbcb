"""Two replicas on Ray: one API, any prefix on any of them, and one that dies is replaced."""

import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from openai import OpenAI
from tests.serve.served import alone
from tests.serve.servers import stored
from tests.tiny_models import tokenizer
from tests.tiny_runs import model_folder

from foreword.backbone import load_backbone
from foreword.backbone.wording import source_ids
from foreword.errors import MissingTool, RunError
from foreword.serve.engine import Sizes
from foreword.serve.opening import Wanted
from foreword.serve.replicas import Replicas, deploy, shut_down

SIZES = Sizes(num_slots=4, slot_len=100, pool_size=4)


@pytest.mark.filterwarnings("ignore")  # of Ray's own
def test_two_replicas_serve_every_prefix_and_a_dead_one_is_replaced(tmp_path, monkeypatch):
    ray = pytest.importorskip("ray")
    monkeypatch.setenv("RAY_worker_niceness", "0")
    model = model_folder(tmp_path / "model")
    backbone = load_backbone(str(model))
    prefixes = {name: stored(tmp_path / "store", backbone, name, seed)[0] for seed, name in enumerate("ab")}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    wanted = Wanted(tmp_path / "store", dtype="float32", device="cpu", threads=1, name="tiny")
    deploy(wanted, SIZES, Replicas(least=2, most=2, cpus=0.5), "127.0.0.1", port)
    try:
        url = f"http://127.0.0.1:{port}"
        expected = {}
        for name, prefix in prefixes.items():
            made = alone(backbone, prefix, source_ids(backbone, ["so"], 10**9)[0][0], 6, (1,))
            expected[name] = str(tokenizer().decode(made, skip_special_tokens=True)).removeprefix(" ")
        with OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=5) as client, ThreadPoolExecutor(8) as threads:
            ask = client.completions.create

            def text(name: str) -> str:
                return ask(model=name, prompt="so").choices[0].text

            assert list(threads.map(text, "abababab")) == [expected[name] for name in "abababab"]
            streamed = list(ask(model="a", prompt="so", stream=True))
            assert "".join(chunk.choices[0].text for chunk in streamed) == expected["a"]
            assert len(streamed) <= 7, "tokens come in bunches"
            names = [actor["name"] for actor in ray.util.list_named_actors(all_namespaces=True)]
            replicas = [name for name in names if "foreword" in name and "REPLICA" in name.upper()]
            assert len(replicas) == 2
            ray.kill(ray.get_actor(replicas[0], namespace="serve"))
            assert [text(name) for name in "abab"] == [expected[name] for name in "abab"]
            end = time.monotonic() + 90
            while time.monotonic() < end:
                names = [actor["name"] for actor in ray.util.list_named_actors(all_namespaces=True)]
                now = [name for name in names if "foreword" in name and "REPLICA" in name.upper()]
                if len(now) == 2 and replicas[0] not in now:
                    break
                time.sleep(0.5)
            else:
                raise AssertionError(f"no replica took its place: {now}")
        assert httpx.get(f"{url}/readyz").status_code == 200
    finally:
        shut_down()
    assert "RAY_ADDRESS" not in os.environ


def test_ray_that_is_not_installed_or_does_not_answer_is_told(tmp_path, monkeypatch):
    ray = pytest.importorskip("ray")

    def refuses(**_: object) -> None:
        raise ConnectionError("nobody there")

    monkeypatch.setattr(ray, "init", refuses)
    with pytest.raises(RunError, match="--ray 127.0.0.1:1: no Ray answers there"):
        deploy(Wanted(tmp_path), SIZES, Replicas("127.0.0.1:1"), "127.0.0.1", 0)
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(MissingTool, match="--ray needs Ray, which is not installed"):
        deploy(Wanted(tmp_path), SIZES, Replicas(), "127.0.0.1", 0)
