"""ALBERT, SqueezeBERT and ModernBERT in full size, built as a user builds them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ai_edge_litert.interpreter import Interpreter
from toy_models import Delegated, delegated

from models.build import build_model
from models.catalog import CATALOG, ModelSpec, parse_model
from models.inspect import Facts, inspect_model

required = os.environ.get("MBERT_BENCH_REQUIRE", "")
pytestmark = [
    pytest.mark.big,
    pytest.mark.skipif(
        required != "all" and "big" not in required,
        reason="builds full-size models; set MBERT_BENCH_REQUIRE=big",
    ),
]


@pytest.fixture(scope="module")
def cache() -> Iterator[Path]:
    """Where built models are kept; removed at the end unless the environment names one."""
    if folder := os.environ.get("MBERT_BENCH_CACHE"):
        yield Path(folder)
        return
    with tempfile.TemporaryDirectory(prefix="mbert-bench-") as folder:
        yield Path(folder)


# The name, with the parameters of the encoder; the elements of the head's kernels, its biases and
# gammas; how many tables are looked up.
MODELS = {
    "albert-base": (11_092_992, 2 * 768, 2, 2),
    "albert-large": (16_634_368, 2 * 1024, 2, 2),
    "squeezebert": (50_499_072, 2 * 768, 2, 2),
    "squeezebert@split-groups": (50_499_072, 2 * 768, 2, 2),
    "modernbert-base": (149_014_272, 768 * 768 + 2 * 768, 768 + 2, 1),
}


@pytest.mark.parametrize("model", MODELS)
def test_a_full_size_model_has_its_published_size_and_runs_on_xnnpack(
    model: str, cache: Path
) -> None:
    parameters, kernels, others, tables = MODELS[model]
    name, variant = parse_model(model)
    path = build_model(ModelSpec(name=name, variant=variant), cache)
    info = inspect_model(path)
    macs = CATALOG[name].config.macs(128)
    assert info.facts == Facts(
        name=name,
        variant=variant,
        task="qa",
        sequence_length=128,
        quantization="fp32",
        weights="seed 0",
        parameters=parameters,
        head_parameters=kernels + others,
        macs=macs,
    )
    assert info.macs == macs + 128 * kernels
    # Four bytes for each parameter, and less than a hundredth more or less: there is the graph,
    # and positions behind the sequence are left out.
    assert info.size_bytes / (4 * (parameters + kernels)) == pytest.approx(1, abs=0.01)
    taken = delegated(Interpreter(model_path=str(path)))
    assert taken == Delegated(partitions=1, left={"GATHER": tables, "CAST": 1})
