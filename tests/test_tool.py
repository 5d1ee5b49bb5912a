from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from fakes import CAPTURES

from android_runner.tool import Tool, ToolInput, ToolOptions, build_flags, is_delegate, read_flags
from android_runner.tool_errors import ToolLacksFlagError, WrongToolError

TOOL = Tool(path="/t/benchmark_model", sha256="0" * 64, stand_in=False, flags=None)
IDS = ToolInput(name="ids", shape=(1, 8), file="/i/ids.bin", low=0, high=49)
MASK = ToolInput(name="a:mask", shape=(1, 8), file="/i/mask.bin", low=1, high=1)
OPTIONS = ToolOptions(
    graph="/m/net.tflite",
    num_threads=4,
    num_runs=50,
    min_secs=0,
    max_secs=60,
    warmup_runs=2,
    warmup_min_secs=0.5,
    delegate="xnnpack",
    inputs=(IDS, MASK),
)


def test_sends_every_option_as_one_argument_each() -> None:
    assert build_flags(OPTIONS, TOOL) == (
        "--graph=/m/net.tflite",
        "--num_threads=4",
        "--num_runs=50",
        "--min_secs=0",
        "--max_secs=60",
        "--warmup_runs=2",
        "--warmup_min_secs=0.5",
        "--use_xnnpack=true",
        "--input_layer=ids,a:mask",
        "--input_layer_shape=1,8:1,8",
        "--input_layer_value_files=ids:/i/ids.bin,a::mask:/i/mask.bin",
    )


@pytest.mark.parametrize(
    ("delegate", "flags"),
    [
        ("default", ()),
        ("cpu", ("--use_xnnpack=false",)),
        ("gpu", ("--use_gpu=true",)),
        ("nnapi", ("--use_nnapi=true",)),
        ("hexagon", ("--use_hexagon=true",)),
        ("external:/d/lib.so", ("--external_delegate_path=/d/lib.so",)),
    ],
)
def test_each_delegate_has_its_flag(delegate: str, flags: tuple[str, ...]) -> None:
    sent = build_flags(dataclasses.replace(OPTIONS, delegate=delegate, inputs=()), TOOL)

    assert is_delegate(delegate)
    assert sent[7:] == flags


def test_reads_the_flags_of_a_real_usage_text() -> None:
    flags = read_flags(Path("x"), (CAPTURES / "help.stderr").read_text(encoding="utf-8"))

    assert flags is not None
    assert {"graph", "num_runs", "input_layer_value_files", "output_filepath"} <= flags
    assert "use_xnnpack" not in flags
    assert len(flags) == 42


def test_a_tool_without_a_usage_text_is_not_known_to_lack_anything() -> None:
    assert read_flags(Path("x"), "Please specify the name of your TF Lite input file") is None
    assert TOOL.has("use_xnnpack")


def test_refuses_a_case_that_the_build_cannot_measure() -> None:
    tool = dataclasses.replace(TOOL, flags=frozenset({"graph", "num_threads", "num_runs"}))

    with pytest.raises(ToolLacksFlagError, match="no flag --input_layer_value_range"):
        build_flags(OPTIONS, tool)


def test_falls_back_to_ranges_on_builds_without_value_files() -> None:
    names = (
        "graph num_threads num_runs min_secs max_secs warmup_runs warmup_min_secs use_xnnpack "
        "input_layer input_layer_shape input_layer_value_range"
    )
    tool = dataclasses.replace(TOOL, flags=frozenset(names.split()))

    assert build_flags(OPTIONS, tool)[-1] == "--input_layer_value_range=ids,0,49:a:mask,1,1"


def test_refuses_the_litert_tool_of_the_same_name() -> None:
    usage = "\t--graph=x\tstring\n\t--use_cpu=true\tbool\n\t--use_npu=false\tbool\n"

    with pytest.raises(WrongToolError, match="CompiledModel"):
        read_flags(Path("benchmark_model"), usage)
