"""Who runs a sweep's points: how many at once, and what is told of those that end badly."""

import types

import pytest
from tests.sweep.swept import plan_of

from foreword.errors import MissingTool, RunError
from foreword.sweep import crews, running
from foreword.sweep.running import crew_of, run_sweep


@pytest.mark.parametrize(
    ("device", "found", "asked", "size"),
    [("cpu", "cuda", 0, 4), ("auto", "cuda", 0, 1), ("auto", "cpu", 0, 4), ("auto", "cuda", 3, 3)],
)
def test_as_many_runs_at_once_as_there_are_cores_but_one_on_a_gpu(
    house, tmp_path, monkeypatch, device, found, asked, size
):
    """Where sixteen would share its memory until there is none."""
    monkeypatch.setattr(running, "cores", lambda: 4)
    monkeypatch.setattr(running, "choose_device", lambda _: found)
    points = plan_of(house, tmp_path, f"backbone.device={device}").points
    assert crew_of(points, tmp_path, "", asked, "").size == size
    assert crew_of(points[:2], tmp_path, "", asked, "").size == min(size, 2)


@pytest.mark.parametrize(
    ("device", "there", "size", "gpus_each"),
    [("auto", {"CPU": 8.0}, 8, 0), ("auto", {"CPU": 8.0, "GPU": 2.0}, 2, 1), ("cpu", {"CPU": 8.0, "GPU": 2.0}, 8, 0)],
)
def test_each_run_on_ray_has_a_gpu_to_itself_where_there_are_some(
    house, tmp_path, monkeypatch, device, there, size, gpus_each
):
    monkeypatch.setattr(crews, "join_ray", lambda _: FakeRay(there))
    crew = crew_of(plan_of(house, tmp_path, f"backbone.device={device}").points, tmp_path, "", 0, "auto")
    assert isinstance(crew, crews.OnRay)
    assert (crew.size, crew.ray.asked) == (size, {"num_cpus": 1, "num_gpus": gpus_each, "max_retries": 0})


def test_a_worker_of_rays_that_dies_is_told(house, tmp_path, monkeypatch):
    monkeypatch.setattr(crews, "join_ray", lambda _: FakeRay({"CPU": 1.0}))
    point = plan_of(house, tmp_path).points[0]
    crew = crew_of([point], tmp_path, "", 0, "auto")
    crew.start(point)
    assert crew.wait() == (point.name, "its worker died: out of memory")


class FakeRay:
    """As much of Ray as a crew asks of it; whatever is run dies."""

    class RayError(Exception):
        pass

    def __init__(self, there):
        self.there, self.exceptions = there, types.SimpleNamespace(RayError=self.RayError)

    def cluster_resources(self):
        return self.there

    def remote(self, **asked):
        self.asked = asked
        return lambda run: types.SimpleNamespace(remote=lambda point, *_: point.name)

    def wait(self, under_way, num_returns):
        return under_way[:num_returns], under_way[num_returns:]

    def get(self, ended):
        raise self.RayError("out of memory\nand where")


def test_a_bug_in_a_run_is_told_with_where_its_traceback_is(house, tmp_path, monkeypatch):
    def fails(*_):
        raise ValueError("no such thing")

    monkeypatch.setattr(crews, "run_point", fails)
    log = tmp_path / "runs" / "before-first" / "output.log"
    told = crews.outcome(plan_of(house, tmp_path).points[0], tmp_path, "")
    assert told == f"ValueError: no such thing (its traceback stands in {log})"
    assert "Traceback" in log.read_text()


def test_a_process_that_dies_is_told(house, tmp_path, monkeypatch):
    monkeypatch.setattr(crews, "work", dies)
    ended = run_sweep(plan_of(house, tmp_path), tmp_path, processes=1)
    assert ended.failed["plain-seed=0"] == "its process died (exit code 3); too little memory is the usual reason"


def test_a_process_that_died_idle_or_before_it_read_its_point_stops_nobody(house, tmp_path, monkeypatch):
    monkeypatch.setattr(crews, "work", answers)
    points = plan_of(house, tmp_path).points
    crew = crews.Processes(1, tmp_path, "")
    crew.start(points[0])
    assert crew.wait() == (points[0].name, "")
    [(idle, _)] = crew.idle
    idle.kill()
    idle.join()
    monkeypatch.setattr(crews, "work", dies_at_once)
    crew.start(points[1])
    name, error = crew.wait()
    assert (name, error[:40]) == (points[1].name, "its process died (exit code 3); too litt")
    crew.stop()


def answers(pipe, out, command):
    while pipe.recv():
        pipe.send("")


def dies_at_once(pipe, out, command):
    import os

    os._exit(3)


def test_a_file_in_a_runs_way_is_told(house, tmp_path):
    (tmp_path / "runs").write_text("in the way")
    told = crews.outcome(plan_of(house, tmp_path).points[0], tmp_path, "")
    assert told.startswith(f"{tmp_path}/runs/before-first cannot be made: ")


def dies(pipe, out, command):
    import os

    pipe.recv()
    os._exit(3)


def test_a_ray_that_does_not_answer_is_told(house, tmp_path, monkeypatch):
    ray = pytest.importorskip("ray")
    monkeypatch.setattr(ray, "init", refuses)
    with pytest.raises(RunError, match="--ray 127.0.0.1:1: no Ray answers there"):
        run_sweep(plan_of(house, tmp_path), tmp_path, ray="127.0.0.1:1")


def refuses(**_):
    raise ConnectionError("nobody")


def test_ray_that_is_not_installed_is_told(house, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(MissingTool, match=r"--ray needs Ray, which is not installed. Install it with"):
        run_sweep(plan_of(house, tmp_path), tmp_path, ray="local")
