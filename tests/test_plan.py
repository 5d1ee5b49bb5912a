from __future__ import annotations

import dataclasses

import pytest

from harness.errors import PlanError
from harness.plan import Case, Sweep, build_plan, expand
from harness.settings import Settings
from models.catalog import ModelSpec, Quantization, Task
from models.errors import UnknownModelError, UnknownVariantError

CASE = Case(
    model="mobilebert@paper",
    task="qa",
    sequence_length=128,
    quantization="fp32",
    delegate="xnnpack",
    threads=4,
    cpus="auto",
)


def expand_here(sweep: Sweep, cpu_count: int = 8) -> list[Case]:
    return expand(sweep, cpu_count=cpu_count, where="the plan")


def test_a_case_is_named_by_all_that_it_is() -> None:
    assert CASE.id == "mobilebert@paper-qa-seq128-fp32/xnnpack/threads4"
    pinned = dataclasses.replace(CASE, cpus="f0")
    assert pinned.id == "mobilebert@paper-qa-seq128-fp32/xnnpack/threads4/cpus-f0"


def test_a_case_knows_what_to_build() -> None:
    assert CASE.spec == ModelSpec(
        name="mobilebert",
        variant="paper",
        task=Task.QA,
        sequence_length=128,
        quantization=Quantization.FP32,
    )


def test_a_case_of_a_file_builds_nothing() -> None:
    (case,) = expand_here(Sweep(model_files=("/x/my net.tflite",), threads=(1,)))

    assert (case.model, case.spec, case.id) == ("my net", None, "my net/xnnpack/threads1")


def test_a_sweep_is_the_cross_product_of_its_axes() -> None:
    sweep = Sweep(
        models=("bert-base", "mobilebert"),
        sequence_lengths=(64, 128),
        delegates=("xnnpack", "cpu"),
        threads=(1, 2),
    )

    cases = expand_here(sweep)

    assert len(cases) == 16
    assert len({case.id for case in cases}) == 16


def test_all_threads_are_as_many_as_the_device_has_cpus() -> None:
    sweep = Sweep(models=("bert-base",), threads=(1, "all"))

    assert [case.threads for case in expand_here(sweep, cpu_count=8)] == [1, 8]
    assert [case.threads for case in expand_here(sweep, cpu_count=1)] == [1]


def test_variants_are_put_in_their_canonical_form() -> None:
    (case,) = expand_here(Sweep(models=("mobilebert@gelu+paper+nonorm",), threads=(1,)))

    assert case.model == "mobilebert@paper+gelu"


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        (Sweep(models=("bert-base",), delegates=("xnnpak",)), "Did you mean 'xnnpack'"),
        (Sweep(models=("bert-base",), delegates=("external:",)), "no delegate 'external:'"),
        (Sweep(models=("bert-base",), tasks=("q",)), "no task 'q'"),
        (Sweep(models=("bert-base",), quantizations=("int3",)), "no quantization 'int3'"),
        (Sweep(models=("bert-base",), threads=(0,)), "threads 0 is neither"),
        (Sweep(models=("bert-base",), cpus=("fast",)), "no choice of cpus 'fast'"),
        (Sweep(models=("bert-base",), threads=(2, 2)), "2 stands twice in threads"),
        (Sweep(models=("bert-base", "bert-base")), "'bert-base' stands twice"),
    ],
)
def test_refuses_words_that_mean_nothing(sweep: Sweep, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        expand_here(sweep)


def test_refuses_models_that_the_catalogue_lacks() -> None:
    with pytest.raises(UnknownModelError, match="Did you mean 'mobilebert'"):
        expand_here(Sweep(models=("mobilbert",)))
    with pytest.raises(UnknownVariantError, match="paper"):
        expand_here(Sweep(models=("mobilebert@papr",)))


def test_refuses_a_case_that_stands_twice() -> None:
    with pytest.raises(PlanError, match="fp32/xnnpack/threads4 stands twice"):
        build_plan("x", [CASE, CASE], Settings(), "the plan")


def test_refuses_a_plan_without_cases() -> None:
    with pytest.raises(PlanError, match="holds no case"):
        build_plan("x", [], Settings(), "the plan")


@pytest.mark.parametrize(
    ("field", "value"),
    [("rounds", 0), ("num_runs", 0), ("timeout_s", 0.0), ("max_secs", float("nan")), ("seed", -1)],
)
def test_refuses_settings_that_make_no_sense(field: str, value: float) -> None:
    settings = dataclasses.replace(Settings(), **{field: value})  # type: ignore[arg-type]  # a field

    with pytest.raises(PlanError, match=field):
        build_plan("x", [CASE], settings, "the plan")
