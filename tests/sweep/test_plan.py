"""A sweep's plan: its grid becomes recipes, and what cannot be is told before anything runs."""

from pathlib import Path
from typing import Any

import pytest
from tests.tiny_runs import as_toml, data_folder, model_folder, tiny_settings

from foreword.errors import BadRecipe, ForewordError, UnknownName
from foreword.recipe import read_recipe
from foreword.sweep import Plan, read_sweep

GRID = """
[sweep]
seeds = [0, 1]
[sweep.grid]
task.train_size = [3, 5]
[sweep.grid.way.prefix]
train.lr = 0.02
[sweep.grid.way.fine-tuning]
method.name = "full-finetuning"
[sweep.grid.way.untouched]
untouched = true
[[sweep.where]]
way = "prefix"
"task.train_size" = ["5"]
set = { train.max_steps = 9 }
[sweep.quick]
seeds = [7]
keep = { way = ["prefix", "untouched"] }
set = { train.max_steps = 2 }
"""


BETTER = """
[[sweep.claims]]
says = "prefixes are better"
source = "a paper"
metric = "chrf"
a = { way = "prefix" }
b = { way = "fine-tuning" }
why = "the model is small"
"""

CLAIMS = f"""{BETTER}
[[sweep.claims]]
says = "some are better than none"
source = "a paper"
metric = "chrf"
a = {{ way = ["prefix", "fine-tuning"] }}
b = {{ way = "untouched" }}
why = "it is small"
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("plan")
    model_folder(folder / "model")
    data_folder(folder / "data")
    return folder


def planned(house: Path, sweep: str, **arguments: Any) -> Plan:
    path = house / "sweep.toml"
    path.write_text(as_toml(tiny_settings(house / "model", house / "data")) + sweep)
    return read_sweep(path, house / "out", **arguments)


def test_every_combination_is_a_point_and_the_untouched_model_one_for_all_seeds(house):
    plan = planned(house, GRID)
    assert len(plan.points) == 2 * (2 * 2) + 2
    names = [point.name for point in plan.points]
    assert names[0] == "train_size=3-prefix-seed=0"
    assert names.count("train_size=3-untouched") == 1
    assert dict(plan.axes) == {
        "task.train_size": ["3", "5"],
        "way": ["prefix", "fine-tuning", "untouched"],
        "seed": ["0", "1"],
    }


def test_a_points_recipe_has_what_its_labels_say_and_rules_win_over_labels(house):
    points = {point.name: point.recipe for point in planned(house, GRID).points}
    assert points["train_size=3-prefix-seed=1"].train.lr == 0.02
    assert points["train_size=3-prefix-seed=1"].train.seed == 1
    assert points["train_size=3-prefix-seed=1"].train.max_steps == 6
    assert points["train_size=5-prefix-seed=0"].train.max_steps == 9
    assert points["train_size=5-fine-tuning-seed=0"].train.max_steps == 6
    assert points["train_size=5-fine-tuning-seed=0"].method.name == "full-finetuning"


def test_a_run_computes_with_one_thread_unless_it_says_otherwise(house):
    assert {point.recipe.backbone.threads for point in planned(house, GRID).points} == {1}
    two = planned(house, GRID, overrides=["backbone.threads=2"])
    assert {point.recipe.backbone.threads for point in two.points} == {2}


def test_the_short_form_has_fewer_points_and_its_settings_win(house):
    plan = planned(house, GRID, quick=True)
    assert [p.name for p in plan.points] == [
        "train_size=3-prefix-seed=7",
        "train_size=3-untouched",
        "train_size=5-prefix-seed=7",
        "train_size=5-untouched",
    ]
    assert {p.recipe.train.max_steps for p in plan.points} == {2}


def test_the_published_form_has_rules_of_its_own(house):
    published = (
        '[sweep.published]\nseeds = [3]\nset = { train.lr = 8e-5 }\n'
        '[[sweep.published.where]]\nway = "fine-tuning"\nset = { train.lr = 5e-5 }\n'
    )  # fmt: skip
    rates = {p.at["way"]: p.recipe.train.lr for p in planned(house, GRID + published, published=True).points}
    assert rates == {"prefix": 8e-5, "fine-tuning": 5e-5, "untouched": 8e-5}


def test_what_is_set_for_all_runs_wins(house):
    assert {p.recipe.train.lr for p in planned(house, GRID, overrides=["train.lr=0.5"]).points} == {0.5}


def test_runs_that_others_start_from_stand_in_front_and_are_named(house):
    plan = planned(
        house,
        '[sweep.before.first]\ntrain.max_steps = 2\n[sweep.grid.start.plain.train]\nlr = 0.01\n'
        '[sweep.grid.start.on]\ntrain.start_from = "before:first"\n',
    )  # fmt: skip
    first, plain, on = plan.points
    assert (first.kind, first.name, plain.needs, on.needs) == ("before", "before-first", (), ("before-first",))
    assert on.recipe.train.start_from == str(house / "out" / "runs" / "before-first")


def test_runs_that_nobody_starts_from_are_left_out(house):
    plan = planned(house, "[sweep.before.first]\ntrain.max_steps = 2\n[sweep.grid]\ntrain.lr = [0.1, 0.2]\n")
    assert [point.kind for point in plan.points] == ["train", "train"]


def test_a_label_can_be_a_whole_other_recipe_and_what_is_varied_still_is(house):
    sweep = (
        "[sweep.grid]\nmethod.prefix_len = [2, 4]\n[sweep.grid.data.e2e]\ntask.dev_size = 3\n"
        '[sweep.published]\nset = { recipe = "paper/{data}-gpt2-medium-prefix", train.lr = 0.5 }\n'
    )
    short, long = planned(house, sweep, published=True).points
    assert short.recipe.backbone.name == "openai-community/gpt2-medium"
    assert (short.recipe.method.prefix_len, long.recipe.method.prefix_len) == (2, 4)  # type: ignore[attr-defined]
    assert (short.recipe.train.lr, short.recipe.task.dev_size) == (0.5, 0)


def test_a_label_whose_data_is_not_at_hand_can_be_left_out(house):
    grid = (
        '[sweep]\noptional = { data = ["more"] }\n[sweep.grid.data.here]\ntask.dev_size = 2\n[sweep.grid.data.more.task]\n'
        f'name = "dart"\npath = "{house / "none"}"\n'
    )
    plan = planned(house, grid)
    assert [point.name for point in plan.points] == ["here-seed=0"]
    assert plan.left_out == {"data more": str(house / "none")}
    assert "more" not in plan.axes["data"]


def test_a_sweep_whose_data_is_all_missing_is_told_before_anything_is_written(house):
    grid = (
        '[sweep]\noptional = { data = ["one", "two"] }\n[sweep.grid.data]\n'
        'one.task = { name = "dart", path = "none/1" }\ntwo.task = { name = "dart", path = "none/2" }\n'
    )
    with pytest.raises(
        BadRecipe, match=r"nothing to train on in none/1 \(data one\), none/2 \(data two\). Put the files"
    ):
        planned(house, grid)
    assert not (house / "out").exists()


MODELS = """
[sweep]
against = { model = "mine" }
[sweep.grid.model]
scribe.backbone.name = "scribe"
mine.backbone.name = "editor"
"t5 small".backbone = { name = "google-t5/t5-small", revision = "df1b051c49625cf57a3d0d8d3863ed4d13564fe4" }
[sweep.grid.rate]
low.train.lr = 0.01
high.train.lr = 0.02
[[sweep.where]]
model = "scribe"
set = { train.max_steps = 9 }
[sweep.quick]
keep = { model = ["t5 small"] }
"""


def test_where_all_runs_have_one_backbone_an_axis_of_backbones_is_that_one(house):
    """Else the same run would stand there once for each label, under the names of backbones it does not have."""
    for quick in (False, True):
        plan = planned(house, MODELS, quick=quick, overrides=[f"backbone.name={house / 'model'}"])
        assert (plan.axes["model"], len(plan.points)) == ([str(house / "model")], 2)
        assert {point.recipe.backbone.name for point in plan.points} == {str(house / "model")}
        assert plan.sweep.against == {}


def test_a_backbone_of_the_grid_set_for_all_keeps_its_label_its_revision_and_its_rules(house):
    plan = planned(house, MODELS, overrides=["backbone.name=scribe"])
    assert (plan.axes["model"], {point.recipe.train.max_steps for point in plan.points}) == (["scribe"], {9})
    plan = planned(house, MODELS, overrides=["backbone.name=google-t5/t5-small"])
    assert [point.name for point in plan.points] == ["t5_small-low-seed=0", "t5_small-high-seed=0"]
    assert plan.points[0].recipe.backbone.revision.startswith("df1b051c")


def test_an_axis_that_sets_more_than_the_backbone_stays(house):
    grid = '[sweep.grid.data]\na = { backbone.name = "scribe", task.dev_size = 1 }\nb = { backbone.name = "editor" }\n'
    assert planned(house, grid, overrides=["backbone.name=scribe"]).axes["data"] == ["a", "b"]


def test_a_form_can_have_other_labels_and_their_settings_win_over_its_own(house):
    published = (
        '[sweep.published]\nset = { recipe = "paper/e2e-gpt2-medium-prefix" }\n'
        '[sweep.published.grid.way]\nlong.method.prefix_len = 30\nshort.method.prefix_len = 3\n'
    )  # fmt: skip
    plan = planned(house, GRID + published, published=True)
    assert dict(plan.axes)["way"] == ["long", "short"]
    found = {(point.at["way"], point.recipe.method.prefix_len) for point in plan.points}  # type: ignore[attr-defined]
    assert found == {("long", 30), ("short", 3)}


def test_a_form_that_keeps_none_of_an_axis_labels_keeps_its_first(house):
    forms = "[sweep.published.grid.way]\nlong.method.prefix_len = 30\nshort.method.prefix_len = 3\n"
    plan = planned(house, GRID + forms, published=True, quick=True)
    assert (plan.axes["way"], plan.axes["task.train_size"]) == (["long"], ["3", "5"])


def test_runs_that_others_start_from_have_of_a_form_what_it_says_of_them_alone(house):
    """What they train has another task, and a schedule of its own."""
    sweep = (
        '[sweep.before.first]\ntrain.max_steps = 4\n[sweep.grid.start.on]\ntrain.start_from = "before:first"\n'
        "[sweep.published]\nset = { train = { lr = 0.5, max_steps = 9 } }\n[sweep.published.before]\n"
        "first = { method.prefix_len = 7 }\n[sweep.quick.set]\ntrain.max_steps = 1\n"
    )
    first, on = planned(house, sweep, published=True, quick=True).points
    assert (first.recipe.train.max_steps, first.recipe.train.lr) == (4, 0.01)
    assert first.recipe.method.prefix_len == 7  # type: ignore[attr-defined]
    assert (on.recipe.train.max_steps, on.recipe.train.lr) == (1, 0.5)


def test_a_published_form_that_is_not_there_is_told(house):
    with pytest.raises(BadRecipe, match=r"has no \[sweep.published\]: nothing says how it was published. Leave out"):
        planned(house, GRID, published=True)


ON_DART = f"""{BETTER}
[sweep.published]
set = {{ eval.metrics = [], task.name = "dart" }}
"""


@pytest.fixture
def with_dart(house):
    for split in ("train", "dev", "test"):
        (house / "data" / f"dart-v1.1.1-full-{split}.json").touch()
    return house


def test_a_claim_by_a_score_that_none_of_its_runs_will_have_is_told_where_the_task_has_its_own_too(with_dart):
    planned(with_dart, GRID + ON_DART)
    with pytest.raises(
        BadRecipe, match="sweep.claims asks for chrf, and none of its runs counts it.* they count ter, web"
    ):
        planned(with_dart, GRID + ON_DART, published=True)


def test_a_form_reads_off_what_it_says_in_place_of_the_sweeps_own(with_dart):
    form = """
metrics = ["ter"]
against = { way = "untouched" }
[sweep.published.vote]
axis = "way"
of = "prefix"
label = "prefixes voting"
[[sweep.published.plots]]
x = "task.train_size"
lines = "way"
metrics = ["ter"]
[[sweep.published.claims]]
says = "prefixes are better"
source = "a paper"
metric = "ter"
a = { way = "prefixes voting" }
b = { way = "fine-tuning" }
[[sweep.published.claims]]
says = "more is better"
source = "another"
metric = "webnlg-bleu"
kind = "rises"
along = "task.train_size"
"""
    sweep = 'metrics = ["chrf"]\nagainst = { way = "fine-tuning" }\n'
    plots = '[[sweep.plots]]\nx = "task.train_size"\nlines = "way"\nmetrics = ["chrf"]\n'
    told = GRID.replace("[sweep]\n", "[sweep]\n" + sweep, 1) + plots + ON_DART + form
    own, published = planned(with_dart, told).sweep, planned(with_dart, told, published=True).sweep
    assert (own.metrics, own.against, own.vote) == (("chrf",), {"way": "fine-tuning"}, None)
    assert [plot.metrics for plot in own.plots] == [("chrf",)]
    assert [(claim.says, claim.metric) for claim in own.claims] == [("prefixes are better", "chrf")]
    assert (published.metrics, published.against) == (("ter",), {"way": "untouched"})
    assert published.vote is not None
    assert published.vote.label == "prefixes voting"
    assert [plot.metrics for plot in published.plots] == [("ter",)]
    assert [(claim.says, claim.metric) for claim in published.claims] == [
        ("prefixes are better", "ter"),
        ("more is better", "webnlg-bleu"),
    ]


def test_a_claim_about_labels_that_a_forms_own_axis_lacks_is_not_asked_there(house):
    claim = CLAIMS.replace('way = "prefix"', 'way = "untouched"')
    form = "[sweep.published.grid.way]\nprefix.train.lr = 0.1\nfine-tuning.method.name = 'full-finetuning'\n"
    assert planned(house, GRID + claim).sweep.claims
    assert not planned(house, GRID + claim + form, published=True).sweep.claims


def test_a_vote_is_one_more_label_and_needs_the_runs_of_every_seed(house):
    plan = planned(house, GRID + '[sweep.vote]\naxis = "way"\nof = "prefix"\n')
    votes = [point for point in plan.points if point.kind == "vote"]
    assert [dict(vote.at) for vote in votes] == [
        {"task.train_size": "3", "way": "vote"},
        {"task.train_size": "5", "way": "vote"},
    ]
    assert votes[0].needs == ("train_size=3-prefix-seed=0", "train_size=3-prefix-seed=1")
    assert plan.axes["way"][-1] == "vote"


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        ("", r"holds no \[sweep\]. `foreword train"),
        ("[sweep]\nseeds = [1, 1]", r"sweep: seeds must be different numbers from 0 up, got \[1, 1\]"),
        ("[sweep]\nseeds = []", r"sweep.seeds must have at least 1, got \[\]"),
        ("[sweep]\nseeds = 3", r"sweep.seeds wants a list, e.g. \[3\], got 3"),
        ('[sweep.plots]\nx = "way"', r"sweep.plots is a list of sections, each under \[\[sweep.plots\]\]"),
        ('[[sweep.claims]]\nsays = "s"', r"sweep.claims.0.source is missing"),
        ('[sweep]\nagainst = { way = 2 }', r'sweep.against: way is a label or a list of them, each in quotes, e.g. "50", got 2'),
        ("[sweep.grid]\nmethods.prefix_len = [2, 4]", r"unknown section 'sweep.grid.methods'. Did you mean 'sweep.grid.method'"),
        ("[sweep.grid]\nprefix_len = [2, 4]", r"must be a table of labels, .*e.g. method.prefix_len = \[5, 10\]"),
        ('[sweep]\nmetrics = ["bleu"]', r"bleu, and none of its runs counts it: add it to eval.metrics; they count chrf\."),
        ('[[sweep.plots]]\nx = "way"\nlines = "way"\nmetrics = ["chrf"]\ntogether = true', r"together makes a line of each metric"),
        ("[sweep]\nsedes = [1]", r"unknown setting 'sweep.sedes'. Did you mean 'sweep.seeds'\?"),
        ("[sweep.grid]\nmethod.prefix_length = [1, 2]", r"method.prefix_length'. Did you mean 'method.prefix_len'\?"),
        ("[sweep.grid]\nmethod.prefix_len = 3", r"sweep.grid.method.prefix_len must be a list of values to try, got 3"),
        ("[sweep.grid]\nmethod.prefix_len = []", r"must be a list of values to try, got \[\]"),
        ("[sweep.grid]\nmethod.prefix_len = [3, 3]", r"has a value twice"),
        ("[sweep.grid]\nway = 3", r"sweep.grid.way must be a table of labels"),
        ("[sweep.grid]\nway.a = 3", r"sweep.grid.way.a must be a table of settings, got 3"),
        ("[sweep.grid.way.a]\ntrian.lr = 1.0", r"unknown section 'sweep.grid.way.a.trian'. Did you mean 'sweep.grid.way.a.train'"),
        ("[sweep.grid.way.a]\ntrain = 1", r"sweep.grid.way.a.train is a section"),
        ("[sweep.grid.way.a]\ntrain.lr = -1.0", r"train.lr must be more than 0"),
        ("[sweep.grid.way.a]\ntrain.lr = 0.1\n[sweep.grid.way.b]\ntrain.lr = 0.1", r"a-seed=0 and b-seed=0 are the same run"),
        ('[sweep.grid]\nway."a b".train.lr = 0.1\nway.a_b.train.lr = 0.2', r"two of the sweep's points are called a_b-seed=0"),
        ('[[sweep.where]]\nwya = "a"\n[sweep.grid.way.a]\ntrain.lr = 0.1', r"unknown axis in sweep.where 'wya'. Did you mean"),
        ('[sweep]\nagainst = { way = "c" }\n[sweep.grid.way.a]\ntrain.lr = 0.1', r"unknown label of way in sweep.against 'c'"),
        ('[sweep]\nacross = ["wya"]\n[sweep.grid.way.a]\ntrain.lr = 0.1', r"unknown axis of this sweep 'wya'"),
        ('[sweep.quick]\nkeep = { way = ["b"] }\n[sweep.grid.way.a]\ntrain.lr = 0.1', r"label of way in sweep.quick.keep 'b'"),
        ('[sweep.grid.way.a]\nrecipe = "paper/{wya}"', r"unknown axis in sweep.grid.way.a.recipe 'wya'. Did you mean 'way'"),
        ('[sweep.grid.way.a]\nrecipe = "paper/{way.b}"', r"unknown axis in sweep.grid.way.a.recipe 'way.b'. Did you mean 'way'"),
        ('[sweep.grid.way.a]\nrecipe = "paper/{way"', r"unknown recipe 'paper/\{way'"),
        ('[sweep]\noptional = { way = ["b"] }\n[sweep.grid.way.a]\ntrain.lr = 0.1', r"label of way in sweep.optional 'b'"),
        ('[sweep.grid.way.a]\ntrain.start_from = "before:b"', r"unknown run of sweep.before 'b'"),
        ('[sweep.vote]\naxis = "way"\nof = "a"\n[sweep.grid.way.a]\ntrain.lr = 0.1', r"a vote needs two seeds or more"),
        ('[sweep.quick.grid.wya.a]\ntrain.lr = 0.2\n[sweep.grid.way.a]\ntrain.lr = 0.1', r"sweep.quick.grid 'wya'. Did you mean"),
        ('[sweep.published.vote]\naxis = "way"\nof = "c"\n[sweep.grid.way.a]\ntrain.lr = 0.1', r"way in sweep.published.vote 'c'"),
        ('[sweep.published]\nagainst.way = "c"\n[sweep.grid.way.a]\ntrain.lr = 0.1', r"way in sweep.published.against 'c'"),
        ('[[sweep.published.claims]]\nsay = "s"', r"setting 'sweep.published.claims.0.say'. Did you mean"),
        ("[sweep.published.grid]\nmethod.prefix_len = 3", r"sweep.published.grid.method.prefix_len must be a list of"),
        ('[sweep.published.before.a]\ntrain.lr = 0.2', r"unknown run in sweep.published.before 'a'. Known: none"),
        ('[[sweep.claims]]\nsays = "s"\nsource = "s"\nmetric = "bleu"', r"kind = 'better' needs both a and b"),
        ('[[sweep.claims]]\nsays = "s"\nsource = "s"\nmetric = "bleu"\nkind = "rises"', r"along goes with narrows, rises"),
        ('[[sweep.claims]]\nsays = "s"\nsource = "s"\nmetrics = "bleu"', r"unknown setting 'sweep.claims.0.metrics'. Did you mean"),
        ('[sweep.vote]\naxis = "way"\nof = "a"\nlabel = "a"\n[sweep.grid.way.a]\ntrain.lr = 0.1', r"way has a label of that name"),
        ("[sweep.grid.way.a]\ntrain.seed = 3", r"sweep.grid.way.a sets train.seed, and a sweep's runs have the seeds of its sweep"),
        ('[sweep.before.a]\ntrain.start_from = "before:a"\n[sweep.grid.way.a]\ntrain.start_from = "before:a"', r"not stand above"),
        ('[sweep.before.a]\ntrain.start_from = "before:b"\n[sweep.before.b]\ntrain.lr = 0.3\n[sweep.grid.way.a]\ntrain.lr = 0.1',
         r"sweep.before.a starts from a run of sweep.before that does not stand above it"),
        ('[[sweep.where]]\n"task.train_size" = 50\n[sweep.grid]\ntask.train_size = [3]', r'a label .* in quotes, .* "50", got 50'),
        ('[[sweep.quick.where]]\nset = 3', r"sweep.quick.where.0: set is a table of settings, .* got 3"),
        ('[sweep]\nmetrics = ["blue"]', r"unknown metric 'blue'. Did you mean 'bleu'"),
        ('[sweep]\nmetrics = ["loss/tset"]', r"unknown metric 'tset'"),
        ('[[sweep.plots]]\nx = "way"\nmetrics = ["bleu"]\n[sweep.grid]\ntask.train_size = [3, 5]\nway.a.train.lr = 0.1',
         r"would draw the mean over task.train_size \(3, 5\): say lines = 'task.train_size', or in sweep.across"),
        ('[[sweep.plots]]\nx = "wya"\nmetrics = ["bleu"]\n[sweep.grid.way.a]\ntrain.lr = 0.1', r"unknown axis of this sweep 'wya'"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told(house, sweep, message):
    with pytest.raises(ForewordError, match=message):
        planned(house, sweep)


def test_a_recipes_own_seed_is_no_sweeps(house):
    """Read over in silence it would be a seed that nobody trained with."""
    with pytest.raises(BadRecipe, match=r"--set sets train.seed, and a sweep's runs have the seeds of its sweep.seeds"):
        planned(house, GRID, overrides=["train.seed=7"])
    for given, message in (
        ("[train]\nseed = 5", "bad.toml sets train.seed"),
        ('backbone = "scribe"', "backbone is a section"),
    ):
        (house / "bad.toml").write_text(f"{given}\n[sweep]\nseeds = [1]\n")
        with pytest.raises(BadRecipe, match=message):
            read_sweep(house / "bad.toml", house / "out")


def test_runs_that_others_start_from_may_start_from_those_above_them(house):
    sweep = (
        '[sweep.before.a]\ntrain.lr = 0.2\n[sweep.before.b]\ntrain.start_from = "before:a"\n'
        '[sweep.grid.way.a]\ntrain.start_from = "before:b"\n'
    )
    assert [point.name for point in planned(house, sweep).points] == ["before-a", "before-b", "a-seed=0"]


def test_a_long_label_gives_a_name_that_a_folder_can_have(house):
    words = ["of the sea " * 40 + end for end in ("one", "two")]
    names = [point.name for point in planned(house, f"[sweep.grid]\ntrain.start_from = {words}\n").points]
    assert len(set(names)) == 2
    assert {len(name) for name in names} == {200}


def test_a_setting_for_all_that_undoes_the_grid_is_told(house):
    with pytest.raises(
        BadRecipe, match="are the same run: nothing in the grid sets them apart, or what is set for all"
    ):
        planned(house, "[sweep.grid]\nmethod.prefix_len = [1, 2]\n", overrides=["method.prefix_len=5"])


def test_a_sweep_is_not_trained_as_one_run(house):
    planned(house, GRID)
    with pytest.raises(BadRecipe, match=r"holds a sweep, many runs: `foreword sweep .*sweep.toml` makes them"):
        read_recipe(house / "sweep.toml")


def test_a_sweep_that_is_not_there_is_told(house):
    with pytest.raises(UnknownName, match="unknown recipe 'reproduce/lentgh'. Did you mean 'reproduce/length'"):
        read_sweep("reproduce/lentgh", house / "out")


def test_a_form_asks_of_what_it_keeps_alone(house):
    full, quick = (planned(house, GRID + CLAIMS, quick=quick).sweep.claims for quick in (False, True))
    assert [claim.says for claim in full] == ["prefixes are better", "some are better than none"]
    assert [claim.says for claim in quick] == ["some are better than none"]


@pytest.mark.parametrize("asked", [{"quick": True}, {"overrides": ["train.lr=0.1"]}])
def test_reasons_are_those_of_the_sweep_as_it_stands(house, asked):
    assert [claim.why for claim in planned(house, GRID + CLAIMS).sweep.claims] == ["the model is small", "it is small"]
    assert {claim.why for claim in planned(house, GRID + CLAIMS, **asked).sweep.claims} == {""}
