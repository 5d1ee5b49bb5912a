"""Which tool a usage text belongs to, and how old the build is.

No build prints its version, so its flags have to tell. Only flags of the tool itself are asked:
those of delegates come and go with build options. A flag's first version is known between two
sources that were read (tags 2.0 to 2.3, 2.14 and LiteRT's of `tools/benchmark/benchmark_model.cc`
and `benchmark_tflite_model.cc`) or two wheels on PyPI that hold its format; so each marker has two:
the earliest that may have it, and the latest that may lack it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from android_runner.tool import is_litert_tool, list_flags


class ToolKind(StrEnum):
    """What program a usage text belongs to."""

    TFLITE = "tflite"
    PERFORMANCE_OPTIONS = "performance-options"  # runs a sweep of its own
    LITERT_COMPILED_MODEL = "litert-compiled-model"  # same file name, other flags
    STAND_IN = "stand-in"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Build:
    """A build of a tool, by its usage text; `era` is None where the flags do not tell."""

    kind: ToolKind
    era: str | None
    flags: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class _Marker:
    flag: str
    since: str  # the earliest version that may have it
    last_without: str  # the latest version that may lack it


_MARKERS = (
    _Marker(flag="graph", since="TensorFlow 2.0", last_without=""),
    _Marker(flag="input_layer_value_range", since="TensorFlow 2.1", last_without="2.0"),
    _Marker(flag="input_layer_value_files", since="TensorFlow 2.2", last_without="2.1"),
    _Marker(flag="use_caching", since="TensorFlow 2.3", last_without="2.2"),
    _Marker(flag="verbose", since="TensorFlow 2.4", last_without="2.3"),
    _Marker(flag="run_frequency", since="TensorFlow 2.4", last_without="2.4"),
    _Marker(flag="dry_run", since="TensorFlow 2.6", last_without="2.8"),
    _Marker(flag="disable_delegate_clustering", since="TensorFlow 2.10", last_without="2.13"),
    _Marker(flag="op_profiling_output_mode", since="TensorFlow 2.17", last_without="2.16"),
    _Marker(flag="export_model_runtime_info", since="TensorFlow 2.18", last_without="2.17"),
    _Marker(flag="result_file_path", since="LiteRT 2.1", last_without="LiteRT 2.0"),
)
# TensorFlow's own tree goes on beside LiteRT's, without its newest flag.
_NEWEST_OF_BOTH = "export_model_runtime_info"

_STAND_IN_LINE = "This is mbert-bench's stand-in for benchmark_model"
_OF_EVERY_VERSION = {"graph", "num_runs", "num_threads", "input_layer"}


def judge_usage(usage: str) -> Build:
    """The build that prints this for `--help` (both streams, in any order)."""
    flags = list_flags(usage)
    kind = _kind(usage, flags)
    era = name_era(flags) if kind is ToolKind.TFLITE else None
    return Build(kind=kind, era=era, flags=flags)


def name_era(flags: frozenset[str]) -> str | None:
    """The versions that have just these markers, as `TensorFlow 2.6 to 2.13`.

    None where flags of an older version are missing: then it is a build of somebody's own.
    """
    present = [marker.flag in flags for marker in _MARKERS]
    count = sum(present)
    if count == 0 or not all(present[:count]):
        return None
    newest = _MARKERS[count - 1]
    if newest.flag == _NEWEST_OF_BOTH:
        return f"{newest.since} or later, or {_MARKERS[count].last_without} or earlier"
    if count == len(_MARKERS):
        return f"{newest.since} or later"
    last = _MARKERS[count].last_without
    return newest.since if newest.since.endswith(f" {last}") else f"{newest.since} to {last}"


def _kind(usage: str, flags: frozenset[str]) -> ToolKind:
    if _STAND_IN_LINE in usage:
        return ToolKind.STAND_IN
    if is_litert_tool(flags):
        return ToolKind.LITERT_COMPILED_MODEL
    if not flags >= _OF_EVERY_VERSION:
        return ToolKind.UNKNOWN
    if "perf_options_list" in flags:
        return ToolKind.PERFORMANCE_OPTIONS
    return ToolKind.TFLITE
