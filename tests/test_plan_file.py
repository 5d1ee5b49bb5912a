from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import PlanError
from harness.plan import Plan
from harness.plan_file import Overrides, built_in_plans, load_plan

PLAN = """
title = "mine"
[settings]
rounds = 3
[[sweep]]
model = ["bert-base", "mobilebert"]
seq_len = 64
threads = [1, "all"]
[[sweep]]
model = "mobilebert-tiny"
quantization = ["fp16", "dynamic"]
threads = 2
"""


def load(tmp_path: Path, text: str, overrides: Overrides | None = None) -> Plan:
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return load_plan(str(path), overrides or Overrides(), cpu_count=4)


def test_reads_sweeps_and_settings(tmp_path: Path) -> None:
    plan = load(tmp_path, PLAN)

    assert (plan.title, plan.settings.rounds) == ("mine", 3)
    assert [case.id for case in plan.cases] == [
        "bert-base-qa-seq64-fp32/xnnpack/threads1",
        "bert-base-qa-seq64-fp32/xnnpack/threads4",
        "mobilebert-qa-seq64-fp32/xnnpack/threads1",
        "mobilebert-qa-seq64-fp32/xnnpack/threads4",
        "mobilebert-tiny-qa-seq128-fp16/xnnpack/threads2",
        "mobilebert-tiny-qa-seq128-dynamic/xnnpack/threads2",
    ]


def test_the_command_line_replaces_axes_in_every_sweep(tmp_path: Path) -> None:
    overrides = Overrides(model=("mobilebert",), threads=(1,), quantization=("fp32",), rounds=7)

    plan = load(tmp_path, PLAN, overrides)

    assert plan.settings.rounds == 7
    assert [case.id for case in plan.cases] == [
        "mobilebert-qa-seq64-fp32/xnnpack/threads1",
        "mobilebert-qa-seq128-fp32/xnnpack/threads1",
    ]


def test_a_file_takes_the_place_of_the_plans_models(tmp_path: Path) -> None:
    overrides = Overrides(model_file=("/x/net.tflite",), threads=(1,), quantization=("fp32",))

    plan = load(tmp_path, PLAN, overrides)

    assert [case.id for case in plan.cases] == ["net/xnnpack/threads1"]


@pytest.mark.parametrize("name", built_in_plans())
def test_every_built_in_plan_loads(name: str) -> None:
    plan = load_plan(name, Overrides(), cpu_count=2)

    assert plan.title == name
    assert plan.cases


def test_the_quick_plan_is_three_models_on_one_cpu_and_on_all() -> None:
    plan = load_plan("quick", Overrides(), cpu_count=8)

    assert {(case.model, case.threads) for case in plan.cases} == {
        (model, threads)
        for model in ("bert-base", "mobilebert", "mobilebert-tiny")
        for threads in (1, 8)
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('title = "x"\n[[sweep]]\nmodell = "bert-base"', "'sweep.0.modell'.*Did you mean 'model'"),
        ('titel = "x"\n[[sweep]]\nmodel = "bert-base"', "titel|title"),
        ('title = "x"\n[settings]\nround = 1\n[[sweep]]\nmodel = "bert-base"', "settings.round"),
        ('title = "x"\n[settings]\nrounds = "x"\n[[sweep]]\nmodel = "bert-base"', "rounds"),
        ('title = "x"\n[[sweep]]\nmodel = "bert-base"\nthreads = "many"', "threads"),
        ('title = "x"\n[[sweep]]\nthreads = 1', "holds no case"),
        ('title = "x"', "sweep"),
        ('title = "x', "is no TOML"),
        (
            'title = "x"\n[[sweep]]\nmodel = "bert-base"\n[[sweep]]\nmodel = "bert-base"',
            "stands twice",
        ),
    ],
)
def test_refuses_a_plan_and_names_the_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        load(tmp_path, text)


def test_refuses_a_plan_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="Did you mean 'quick'"):
        load_plan("quik", Overrides(), cpu_count=1)
    with pytest.raises(PlanError, match="cannot be read"):
        load_plan(str(tmp_path / "none.toml"), Overrides(), cpu_count=1)
