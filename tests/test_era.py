from __future__ import annotations

import subprocess
import sys

import pytest
from fakes import CAPTURES

from android_runner import litert_benchmark_model
from android_runner.era import Build, ToolKind, judge_usage, name_era

# Read from every binary's sources, also from those of benchmark_model_performance_options.
OTHER_BINARY = {"option_benchmark_run_delay", "perf_options_list", "random_shuffle_benchmark_runs"}


def flags_by_version() -> dict[str, frozenset[str]]:
    """Which flags the sources of each version create; see `flags_by_version.txt`."""
    head, *rows = (CAPTURES / "flags_by_version.txt").read_text(encoding="utf-8").splitlines()
    versions = head.split()[1:]
    cells = [row.split() for row in rows]
    return {
        version: frozenset(flag for flag, *marks in cells if marks[column] == "x") - OTHER_BINARY
        for column, version in enumerate(versions)
    }


FLAGS = flags_by_version()


def usage(flags: frozenset[str]) -> str:
    lines = "".join(f"\t--{flag}=0\tint32\toptional\tsome words\n" for flag in sorted(flags))
    return f"ERROR: usage: ./benchmark_model <flags>\nFlags:\n{lines}"


@pytest.mark.parametrize(
    ("version", "era"),
    [
        ("2.0.0", "TensorFlow 2.0"),
        ("2.1.0", "TensorFlow 2.1"),
        ("2.2.0", "TensorFlow 2.2"),
        ("2.3.0", "TensorFlow 2.3"),
        ("2.4dev", "TensorFlow 2.4"),
        ("2.5.2", "TensorFlow 2.4 to 2.8"),
        ("2.9.0", "TensorFlow 2.6 to 2.13"),
        ("2.14.1", "TensorFlow 2.10 to 2.16"),
        ("Lv1.1.0", "TensorFlow 2.18 or later, or LiteRT 2.0 or earlier"),
        ("Lv2.1.0", "LiteRT 2.1 or later"),
        ("tfm26", "TensorFlow 2.18 or later, or LiteRT 2.0 or earlier"),
        ("LHEAD", "LiteRT 2.1 or later"),
    ],
)
def test_names_the_era_of_every_version_that_was_read(version: str, era: str) -> None:
    flags = FLAGS[version]

    assert judge_usage(usage(flags)) == Build(kind=ToolKind.TFLITE, era=era, flags=flags)


def test_the_table_of_versions_is_whole() -> None:
    assert len(FLAGS) == 12
    assert FLAGS["2.0.0"] < FLAGS["2.1.0"] < FLAGS["2.2.0"] < FLAGS["2.3.0"]
    assert FLAGS["LHEAD"] - FLAGS["Lv2.1.0"] == {
        "use_ynnpack", "ynnpack_consistent_arithmetic", "ynnpack_fast_math",
        "ynnpack_no_excess_precision", "ynnpack_static_shape",
    }  # fmt: skip


def test_a_version_between_two_that_were_read_is_told_by_its_formats() -> None:
    between = FLAGS["Lv1.1.0"] - {"export_model_runtime_info", "model_runtime_info_output_file"}

    assert name_era(between) == "TensorFlow 2.17"


def test_delegates_that_were_left_out_of_a_build_do_not_make_it_older() -> None:
    delegates = {flag for flag in FLAGS["2.14.1"] if "nnapi" in flag or "xnnpack" in flag}

    assert len(delegates) > 5
    assert name_era(FLAGS["2.14.1"] - delegates) == "TensorFlow 2.10 to 2.16"


def test_flags_of_two_times_are_a_build_of_somebody_s_own() -> None:
    assert name_era(FLAGS["2.14.1"] - {"use_caching"}) is None
    assert name_era(frozenset()) is None


def test_names_the_era_of_a_real_build() -> None:
    build = judge_usage((CAPTURES / "help.stderr").read_text(encoding="utf-8"))

    # It is of 2.14.1.
    assert (build.kind, build.era, len(build.flags)) == (
        ToolKind.TFLITE, "TensorFlow 2.10 to 2.16", 42,
    )  # fmt: skip


def test_recognises_the_stand_in() -> None:
    argv = [sys.executable, "-P", litert_benchmark_model.__file__, "--help"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)

    for text in (done.stdout + done.stderr, done.stderr + done.stdout):
        build = judge_usage(text)
        assert (build.kind, build.era) == (ToolKind.STAND_IN, None)
        assert {"graph", "output_filepath"} <= build.flags


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (usage(FLAGS["LHEAD"] | {"use_npu", "use_cpu"}), ToolKind.LITERT_COMPILED_MODEL),
        (usage(FLAGS["2.14.1"] | OTHER_BINARY), ToolKind.PERFORMANCE_OPTIONS),
        ("      --block-size=SIZE  scale sizes\n", ToolKind.UNKNOWN),
        ("Please specify the name of your TF Lite input file with --graph", ToolKind.UNKNOWN),
        ("", ToolKind.UNKNOWN),
    ],
)
def test_recognises_other_tools(text: str, kind: ToolKind) -> None:
    build = judge_usage(text)

    assert (build.kind, build.era) == (kind, None)
