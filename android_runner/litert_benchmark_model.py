#!/usr/bin/env python3
"""A stand-in for TensorFlow Lite's `benchmark_model`: its flags and output, on LiteRT for Python.

It is one file on purpose: it needs numpy and ai_edge_litert, and nothing of this project, so that
it can be copied to another machine and run there with Python 3.9 or newer. Its first line says that
it is not the official tool. Texts, streams and exit codes are those of the official tool
(tensorflow/lite/tools/benchmark, the era that prints percentiles): `INFO:` and `WARN:` go to
stdout, `ERROR:` and `FATAL:` to stderr; exit code 0, 1 after `Benchmarking failed.`, SIGABRT after
`FATAL:`. Where the runtime has no means for a flag, the flag is refused or left unconsumed.

Profiles are the runtime's own, too. LiteRT's interpreter for Python has no profiler, but the C API
in the same package has one. So with `--enable_op_profiling` all runs are made there, after the
interpreter has given the initialization and the delegation that the log reports.
"""

from __future__ import annotations

import io
import math
import os
import re
import resource
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, fields
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    Array = np.ndarray[Any, Any]
    Detail = Mapping[str, Any]  # of a tensor or an operation, as LiteRT gives it
    # Of the profile: cells, microseconds that become two columns of shares, and more cells.
    Row = tuple[tuple[Any, ...], int, tuple[Any, ...]]

FlagValue = TypeVar("FlagValue", bool, int, float, str)

_TYPE_NAMES = {bool: "bool", int: "int32", float: "float", str: "string"}
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
# `name:path`, where `::` stands for a colon inside the name or the path.
_NAME_AND_FILE = re.compile(r"((?:::|[^:])*):((?:::|[^:])+)")
# The runtime's messages reach Python glued together: these begin a new one.
_MESSAGE_START = re.compile(r"(?=Node number \d+ \(|The model allocation is )")
# What follows about LiteRT's C API (litert/c/*.h) was checked with this version of the package.
_C_API_VERSION = re.compile(r"2\.3(\..*)?")
# Two LiteRtEnvOption: AutoRegisterAccelerators (24) CPU, MinLoggerSeverity (25) error; 2 is `int`.
_ENVIRONMENT_OPTIONS = (24, 2, 1, 25, 2, 3)
_CPU_ACCELERATOR, _LOCK_TO_READ, _LOCK_TO_WRITE = 1, 0, 1
_TENSOR_TYPE_BYTES = 72  # LiteRtRankedTensorType, which is only passed on
_EVENT = [  # ProfiledEventData; `tag` is a char *
    *(("tag", "u8"), ("kind", "u4"), ("", "u4"), ("start_us", "u8"), ("elapsed_us", "u8")),
    *(("memory", "u8", 6), ("node", "u8"), ("graph", "u8"), ("source", "u8")),
]
_EVENT_FIELDS = ["kind", "graph", "tag", "node", "elapsed_us"]
_NODE_EVENT, _DELEGATE_PROFILED_EVENT = 1 << 1, 1 << 3
# The tables of the profile: titles and widths of the columns, and titles that CSV has otherwise.
_RUN_ORDER = {"node type": 40, "first": 9, "avg ms": 9, "%": 8, "cdf%": 8, "mem KB": 10}
_RUN_ORDER |= {"times called": 9, "Name": 0}
_BY_TYPE = {"Node type": 40, "count": 9, "avg ms": 10, "avg %": 11, "cdf %": 11, "mem KB": 10}
_BY_TYPE |= {"times called": 9}
_CSV_TITLES = {"Node type": "node type", "avg ms": "avg_ms", "Name": "name"}
_INTEGER_DATA_RANGES = {"bool": (0, 1), "int8": (-127, 127), "uint8": (0, 254)}


def _flag(default: FlagValue, label: str, description: str) -> FlagValue:
    return field(default=default, metadata={"label": label, "description": description})


@dataclass(frozen=True)
class Settings:
    """The flags that this tool knows, in the order of the help: default, name in the log, help."""

    num_runs: int = _flag(50, "Min num runs", "least number of timed runs")
    min_secs: float = _flag(1.0, "Min runs duration (seconds)", "least time of the timed runs")
    max_secs: float = _flag(150.0, "Max runs duration (seconds)", "no run starts after this time")
    run_delay: float = _flag(-1.0, "Inter-run delay (seconds)", "pause after each run, in seconds")
    run_frequency: float = _flag(-1.0, "Number of prorated runs per second", "beats run_delay")
    num_threads: int = _flag(-1, "Num threads", "number of CPU threads; -1 is the runtime's choice")
    use_caching: bool = _flag(False, "Use caching", "has no effect in this tool")
    benchmark_name: str = _flag("", "Benchmark name", "a label for the log")
    output_prefix: str = _flag("", "Output prefix", "a label for the log")
    warmup_runs: int = _flag(1, "Min warmup runs", "least number of warm-up runs")
    warmup_min_secs: float = _flag(0.5, "Min warmup runs duration (seconds)", "least warm-up time")
    verbose: bool = _flag(False, "Log parameter values verbosely", "log the unset parameters, too")
    dry_run: bool = _flag(False, "Run w/o invoking kernels", "load and allocate, but run nothing")
    report_peak_memory_footprint: bool = _flag(
        False, "Report the peak memory footprint", "print the peak of the resident memory"
    )
    memory_footprint_check_interval_ms: int = _flag(
        50, "Memory footprint check interval (ms)", "has no effect: the kernel keeps the peak"
    )
    graph: str = _flag("", "Graph", "path of the .tflite file")
    input_layer: str = _flag("", "Input layers", "names of all inputs, in the file's order: a,b")
    input_layer_shape: str = _flag("", "Input shapes", "one for each input layer: 1,128:1,128")
    input_layer_value_range: str = _flag("", "Input value ranges", "name,lowest,highest:name2,0,9")
    input_layer_value_files: str = _flag("", "Input value files", "name:raw_file,a::b:other_file")
    require_full_delegation: bool = _flag(
        False, "Require full delegation", "fail unless an explicit delegate takes every node"
    )
    enable_op_profiling: bool = _flag(False, "Enable op profiling", "time each operator")
    max_profiling_buffer_entries: int = _flag(
        1024, "Max initial profiling buffer entries", "has no effect: the buffer grows"
    )
    op_profiling_output_mode: str = _flag("stdout", "Op profiling output mode.", "stdout or csv")
    op_profiling_output_file: str = _flag("", "Op profiling output file.", "instead of the log")
    profiling_output_csv_file: str = _flag(
        "", "CSV File to export profiling data to", "the profile's file, with mode csv"
    )
    output_filepath: str = _flag(
        "", "File path to export outputs layer to", "write the raw outputs of the last run here"
    )
    help: bool = _flag(False, "print out all supported flags", "print this text")
    use_xnnpack: bool = _flag(False, "Use xnnpack", "false, if given: built-in kernels only")


@dataclass(frozen=True)
class CommandLine:
    """The settings, which of them were given, and the arguments that are no flag of this tool."""

    settings: Settings
    given: frozenset[str]
    unconsumed: tuple[str, ...]

    @property
    def xnnpack(self) -> bool | None:
        """None leaves it to the runtime, which then applies its default delegate."""
        return self.settings.use_xnnpack if "use_xnnpack" in self.given else None


class ToolEnded(Exception):
    """Ends the tool: `messages` are printed at `level`, `FATAL` then aborts the process."""

    def __init__(self, *messages: str, level: str) -> None:
        super().__init__(*messages)
        self.level = level
        self.messages = messages


def _fail(*messages: str) -> NoReturn:
    raise ToolEnded(*messages, level="ERROR")


def _abort(message: str) -> NoReturn:
    raise ToolEnded(message, level="FATAL")


def _log(level: str, text: str) -> None:
    stream = sys.stdout if level in ("INFO", "WARN") else sys.stderr
    print(f"{level}: {text}", file=stream, flush=True)


def _info(text: str) -> None:
    _log("INFO", text)


def parse_command_line(arguments: Sequence[str]) -> CommandLine:
    """Reads `--name=value`; of a flag that is given twice the first one counts.

    Raises:
        ToolEnded: with the usage text, if a value is bad or help is asked for.
    """
    values: dict[str, Any] = {}
    unconsumed = list(arguments)
    errors = []
    for flag in fields(Settings):
        prefix = f"--{flag.name}="
        argument = next((text for text in unconsumed if text.startswith(prefix)), None)
        if argument is None:
            continue
        unconsumed.remove(argument)
        try:
            values[flag.name] = _parse_value(type(flag.default), argument[len(prefix) :])
        except ValueError:
            errors.append(f"Failed to parse flag '{flag.name}' against argv '{argument}'")
    if errors or values.get("help") or "--help" in unconsumed:
        _fail(*errors, _usage())
    return CommandLine(Settings(**values), frozenset(values), tuple(unconsumed))


def _parse_value(kind: type, text: str) -> bool | int | float | str:
    if kind is bool and text in _BOOLEANS:
        return _BOOLEANS[text]
    if kind is int:
        return _parse_int32(text)
    if kind is float and _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    if kind is str:
        return text
    raise ValueError(text)


def _parse_int32(text: str) -> int:
    if not _INTEGER.fullmatch(text) or not -(2**31) <= int(text) < 2**31:
        raise ValueError(text)
    return int(text)


def _usage() -> str:
    rows = []
    for flag in fields(Settings):
        is_bool = isinstance(flag.default, bool)
        default = str(flag.default).lower() if is_bool else _text(flag.default)
        rows.append((f"--{flag.name}={default}", _TYPE_NAMES[type(flag.default)], flag.metadata))
    width = max(len(name) for name, _, _ in rows)
    lines = [
        f"\t{name:{width}}\t{kind}\toptional\t{texts['description']}\n"
        for name, kind, texts in rows
    ]
    return f"usage: {sys.argv[0]} <flags>\nFlags:\n{''.join(lines)}"


def _text(value: object) -> str:
    """A value as a C++ stream writes it: six significant digits, booleans as 0 and 1."""
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _log_parameters(command_line: CommandLine) -> None:
    settings = command_line.settings
    _info(f"Log parameter values verbosely: [{_text(settings.verbose)}]")
    logged = [f for f in fields(Settings) if settings.verbose or f.name in command_line.given]
    for flag in logged:
        if flag.name != "verbose":
            _info(f"{flag.metadata['label']}: [{_text(getattr(settings, flag.name))}]")
    if any(flag.name == "num_threads" for flag in logged):
        # The official tool registers this flag twice, and logs it twice.
        _info(f"#threads used for CPU inference: [{settings.num_threads}]")


@dataclass(frozen=True)
class Layer:
    """What the flags say of one input. `value_range` has both bounds; a file goes before it."""

    name: str
    shape: tuple[int, ...]
    value_range: tuple[int, int] | None
    value_file: str | None


def parse_layers(settings: Settings) -> tuple[Layer, ...]:
    """The inputs that the flags describe; none without `--input_layer`."""
    names = _split(settings.input_layer, ",")
    shapes = _split(settings.input_layer_shape, ":")
    if len(names) != len(shapes):
        _fail(
            f"The number of items in --input_layer_shape ({settings.input_layer_shape}, with "
            f"{len(shapes)} items) must match the number of items in --input_layer "
            f"({settings.input_layer}, with {len(names)} items). For example "
            "--input_layer=input1,input2 --input_layer_shape=1,224,224,4:1,20"
        )
    sizes = [_parse_shape(text) for text in shapes]
    ranges = dict(_parse_range(item) for item in _split(settings.input_layer_value_range, ":"))
    files = dict(_parse_file(item) for item in _split(settings.input_layer_value_files, ","))
    for name in (*ranges, *files):
        if name not in names:
            _abort(
                f"Cannot find the corresponding input_layer name({name}) in --input_layer as "
                f"{settings.input_layer}"
            )
    return tuple(
        Layer(name, sizes[i], ranges.get(name), files.get(name)) for i, name in enumerate(names)
    )


def _split(text: str, separator: str) -> list[str]:
    return text.split(separator) if text else []


def _parse_shape(text: str) -> tuple[int, ...]:
    try:
        shape = tuple(_parse_int32(size) for size in text.split(","))
    except ValueError:
        _abort(f"Incorrect size string specified: {text}")
    if -1 in shape:
        _fail(
            "Any unknown sizes in the shapes (-1's) must be replaced with the size you want to "
            "benchmark with."
        )
    return shape


def _parse_range(item: str) -> tuple[str, tuple[int, int]]:
    parts = item.split(",")
    if len(parts) != 3:
        _fail(f"Wrong input value range item specified: {item}")
    try:
        low, high = _parse_int32(parts[1]), _parse_int32(parts[2])
    except ValueError:
        low, high = 1, 0  # as wrong as bounds in the wrong order
    if low > high:
        _fail(f"Wrong low and high value of the input value range specified: {item}")
    return parts[0], (low, high)


def _parse_file(item: str) -> tuple[str, str]:
    match = _NAME_AND_FILE.fullmatch(item)
    if match is None:
        _fail(f"Wrong input value file item specified: {item}")
    return match[1].replace("::", ":"), match[2].replace("::", ":")


def make_inputs(details: Sequence[Detail], layers: Sequence[Layer]) -> list[tuple[int, Array]]:
    """The tensor index and the data of each input: from its file, its range, or by its type."""
    inputs = []
    for position, detail in enumerate(details):
        layer = layers[position] if layers else None
        if layer is not None and layer.value_file is not None:
            data = _read_values(layer.value_file, detail)
        else:
            data = _random_values(detail, layer.value_range if layer else None)
        inputs.append((int(detail["index"]), data))
    return inputs


def _read_values(path: str, detail: Detail) -> Array:
    import numpy as np

    try:
        content = Path(path).read_bytes()
    except OSError:
        _abort(f"Failed to read the input_layer_value_file:{path}")
    values: Array = np.zeros(detail["shape"], detail["dtype"])
    if len(content) != values.nbytes:
        _abort(f"The size of {path} is {len(content)} bytes. It should be {values.nbytes} bytes.")
    return np.frombuffer(content, values.dtype).reshape(values.shape)


def _random_values(detail: Detail, value_range: tuple[int, int] | None) -> Array:
    import numpy as np

    generator = np.random.default_rng()  # other data in each process, as in the official tool
    dtype = np.dtype(detail["dtype"])
    if dtype.kind == "f":
        low, high = value_range or (-0.5, 0.5)
        return np.asarray(generator.uniform(low, high, detail["shape"]), dtype)
    if dtype.kind in "biu":
        low, high = value_range or _INTEGER_DATA_RANGES.get(dtype.name, (0, 99))
        integers = generator.integers(int(low), int(high), detail["shape"], endpoint=True)
        return np.asarray(integers).astype(dtype)
    _abort(f"Don't know how to populate tensor {detail['name']} of type {dtype}")


@dataclass(frozen=True)
class Delegation:
    """`nodes` of `nodes_total` nodes run in `partitions` kernels of the delegate."""

    nodes: int
    nodes_total: int
    partitions: int

    @property
    def complete(self) -> bool:
        return self.partitions == 1 and self.nodes == self.nodes_total


def read_delegation(operations: Sequence[Detail]) -> Delegation:
    """Counts what a delegate took, given the interpreter's operations after allocation.

    These are all nodes of the file and one `DELEGATE` node for each partition. A partition holds
    the nodes between its outputs and its inputs (constants are inputs, too).
    """
    kernels = [operation for operation in operations if operation["op_name"] == "DELEGATE"]
    nodes = [operation for operation in operations if operation["op_name"] != "DELEGATE"]
    producers = {int(tensor): node for node in nodes for tensor in node["outputs"]}
    taken = set()
    for kernel in kernels:
        seen = {int(tensor) for tensor in kernel["inputs"]}
        waiting = [int(tensor) for tensor in kernel["outputs"]]
        while waiting:
            tensor = waiting.pop()
            if tensor in seen or tensor not in producers:
                continue
            seen.add(tensor)
            taken.add(int(producers[tensor]["index"]))
            waiting.extend(int(source) for source in producers[tensor]["inputs"])
    return Delegation(len(taken), len(nodes), len(kernels))


def _report_delegation(delegation: Delegation, settings: Settings) -> None:
    if delegation.partitions:
        # The runtime's own line, which it does not write for Python. It would count the stretches
        # of nodes that stay on the CPU as partitions, too; those are not known here.
        _log(
            "VERBOSE",
            f"Replacing {delegation.nodes} out of {delegation.nodes_total} node(s) with delegate "
            f"(TfLiteXNNPackDelegate) node, yielding {delegation.partitions} partitions for "
            "subgraph 0 (main).",
        )
    if settings.require_full_delegation and not delegation.complete:
        _fail("Disallowed CPU fallback detected.")
    if not settings.use_xnnpack:
        return
    applied = "Explicitly applied XNNPACK delegate, and the model graph will be"
    kernels = f"{delegation.partitions} delegate kernels"
    if delegation.complete:
        _info(f"{applied} completely executed by the delegate.")
    elif delegation.partitions:
        _info(f"{applied} partially executed by the delegate w/ {kernels}.")
    else:
        _info(
            "Though XNNPACK delegate is explicitly applied, the model graph will not be executed "
            "by the delegate."
        )


def load_model(command_line: CommandLine) -> Any:  # noqa: ANN401 - LiteRT has no types
    """An interpreter of the model, before its tensors are allocated."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    settings = command_line.settings
    resolver = OpResolverType.AUTO
    if command_line.xnnpack is False:
        resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        interpreter = Interpreter(
            model_path=os.fsencode(settings.graph),
            experimental_op_resolver_type=resolver,
            num_threads=max(1, settings.num_threads),
        )
    except ValueError as error:
        _fail(*_runtime_messages(error), f"Failed to load model {settings.graph}")
    _info(f"Loaded model {settings.graph}")
    if settings.num_threads < -1:
        _fail("num_threads should be >= 0 or just -1 to let TFLite runtime set the value.")
    return interpreter


def _runtime_messages(error: Exception) -> list[str]:
    lines = _MESSAGE_START.sub("\n", str(error)).splitlines()
    return [line.strip() for line in lines if line.strip()]


def _check_inputs(details: Sequence[Detail], layers: Sequence[Layer]) -> None:
    if layers and len(layers) != len(details):
        # Official wording: the first number is that of the flags, the second that of the model.
        _abort(f"Inputs mismatch: Model inputs #:{len(layers)} expected: {len(details)}")
    for position, layer in enumerate(layers):
        index, name = details[position]["index"], details[position]["name"]
        rank = len(details[position]["shape"])
        if layer.name != name:
            _log("WARN", f"Tensor # {index} is named {name} but flags call it {layer.name}")
        if len(layer.shape) != rank:
            _fail(f"Input tensor #{index} should have {rank} dimensions!")


def _allocate(interpreter: Any, layers: Sequence[Layer]) -> None:  # noqa: ANN401
    details = interpreter.get_input_details()
    try:
        for position, layer in enumerate(layers):
            interpreter.resize_tensor_input(details[position]["index"], list(layer.shape))
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        _fail(*_runtime_messages(error), "Failed to allocate tensors!")


@dataclass(frozen=True)
class Phase:
    """The duration of each run in microseconds, and whether the last one failed."""

    durations_us: tuple[int, ...]
    failed: bool

    @property
    def average_us(self) -> float:
        return sum(self.durations_us) / max(1, len(self.durations_us))


def run_phase(
    interpreter: Any,  # noqa: ANN401
    inputs: Sequence[tuple[int, Array]],
    settings: Settings,
    min_runs: int,
    min_s: float,
) -> Phase:
    """Runs the model `min_runs` times and `min_s` seconds long, and prints the count line.

    `settings.max_secs` ends it earlier. So does a failing run: the official tool repeats the
    failure until the phase is over, which tells nothing more.
    """
    _info(
        f"Running benchmark for at least {min_runs} iterations and at least {min_s:g} seconds but "
        f"terminate if exceeding {settings.max_secs:g} seconds."
    )
    durations_us: list[int] = []
    failed = False
    begin_ns = now_ns = time.perf_counter_ns()
    min_finish_ns = begin_ns + min_s * 1e9
    max_finish_ns = begin_ns + settings.max_secs * 1e9
    while (len(durations_us) < min_runs or now_ns < min_finish_ns) and now_ns <= max_finish_ns:
        for index, data in inputs:
            interpreter.set_tensor(index, data)
        start_ns = time.perf_counter_ns()
        try:
            interpreter.invoke()
        except RuntimeError as error:
            failed = True
            for message in _runtime_messages(error):
                _log("ERROR", message)
        durations_us.append((time.perf_counter_ns() - start_ns) // 1000)
        if failed:
            break
        delay_s = settings.run_delay
        if settings.run_frequency > 0:
            due_ns = begin_ns + len(durations_us) * 1e9 / settings.run_frequency
            delay_s = (due_ns - time.perf_counter_ns()) / 1e9
        if delay_s > 0:
            time.sleep(delay_s)
        now_ns = time.perf_counter_ns()
    _info(f"{count_line(durations_us)}\n")
    return Phase(tuple(durations_us), failed)


def count_line(durations_us: Sequence[int]) -> str:
    """The statistics of a phase, with the short forms for no run, one run and equal runs."""
    count = len(durations_us)
    if not count:
        return "count=0 p5=0 median=0 p95=0"
    ordered = sorted(durations_us)
    low_us, high_us = ordered[0], ordered[-1]
    p5_us, median_us, p95_us = (ordered[count * percent // 100] for percent in (5, 50, 95))
    text = f"count={count}"
    if low_us == high_us:
        text += f" curr={low_us}" + "(all same)" * (count > 1)
    else:
        total = sum(durations_us)
        # In whole numbers, as the format wants the integer part of the population's deviation.
        variance = (count * sum(us * us for us in durations_us) - total * total) // count**2
        text += (
            f" first={durations_us[0]} curr={durations_us[-1]} min={low_us} max={high_us}"
            f" avg={total / count:g} std={math.isqrt(variance)}"
        )
    return f"{text} p5={p5_us} median={median_us} p95={p95_us}"


class Profile:
    """How long each node of the main graph took in each run, in microseconds."""

    def __init__(self, interpreter: Any) -> None:  # noqa: ANN401
        """Takes the names of the nodes from an interpreter with the same graph."""
        operations = interpreter._get_ops_details()
        tensors = {int(each["index"]): each["name"] for each in interpreter.get_tensor_details()}
        delegation = read_delegation(operations)
        self._remaining = delegation.nodes_total - delegation.nodes
        self._outputs = {
            int(each["index"]): ", ".join(tensors.get(int(i), "") for i in each["outputs"])
            for each in operations
        }
        self.nodes: list[tuple[str, str]] = []  # type and name
        self.runs_us: list[list[int]] = []

    def add_run(self, events: Sequence[tuple[int, int, str, int, int]], duration_us: float) -> None:
        """Adds a run, given each event's kind, graph, tag, node and microseconds.

        As in the official tool, the nodes that a delegate has timed itself stand for its own node.

        Raises:
            ToolEnded: the events cannot be those of the whole run, and of nothing else.
        """
        nodes, times_us, remaining = [], [], 0
        for kind, graph, tag, node, elapsed_us in events:
            # The time of another graph is in that of the node that calls it.
            if graph != 0 or kind not in (_NODE_EVENT, _DELEGATE_PROFILED_EVENT):
                continue
            name = f"Delegate/{tag}:{node}"
            if kind == _NODE_EVENT:
                remaining += 1
                name = f"[{self._outputs.get(node, '')}]:{node}"
            nodes.append((tag, name))
            times_us.append(elapsed_us)
        self.nodes = self.nodes or nodes
        total_us = sum(times_us)  # of times that are cut to whole microseconds
        if nodes != self.nodes or remaining != self._remaining or total_us > duration_us + 1:
            _fail(
                f"The profile is wrong: it has {remaining} nodes that no delegate took and not "
                f"{self._remaining}, {len(nodes)} in all and not {len(self.nodes)}, or {total_us} "
                f"us are too many for a run of {duration_us:g} us."
            )
        self.runs_us.append(times_us)


class ProfiledModel:
    """The model in LiteRT's C API, with the methods of an interpreter that a phase needs.

    Runs are profiled where there is a `profile`. A call that fails raises RuntimeError. All objects
    live until the process ends.
    """

    def __init__(self, command_line: CommandLine) -> None:
        import ctypes

        import ai_edge_litert

        (library,) = Path(ai_edge_litert.__file__).parent.glob("libLiteRt.[ds]*")
        self.profile: Profile | None = None
        self._c = ctypes
        self._library = ctypes.CDLL(str(library))
        self._run_us: float | None = None  # of the run whose events are still to be read
        self._buffers: dict[int, Any] = {}  # by the index of their tensor
        kernels = "builtin" if command_line.xnnpack is False else "xnnpack"
        threads = max(1, command_line.settings.num_threads)
        self._keep = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _text: None)
        self._option_texts = {  # which the runtime points to
            b"runtime_options_string": b"enable_profiling = true",
            b"xnnpack": f'kernel_mode = "{kernels}"\nnum_threads = {threads}'.encode(),
        }
        options = self._make("CreateOptions")
        self._call("SetOptionsHardwareAccelerators", options, _CPU_ACCELERATOR)
        for name, text in self._option_texts.items():
            more = self._make("CreateOpaqueOptions", name, text, self._keep)
            self._call("AddOpaqueOptions", options, more)
        environment_options = (ctypes.c_int64 * 6)(*_ENVIRONMENT_OPTIONS)
        self._environment = self._make("CreateEnvironment", 2, environment_options)
        path = os.fsencode(command_line.settings.graph)
        model = self._make("CreateModelFromFile", self._environment, path)
        self._model = self._make("CreateCompiledModel", self._environment, model, options)
        self._profiler = self._make("CompiledModelGetProfiler", self._model)
        signature = self._make("GetModelSignature", model, ctypes.c_size_t(0))
        self._inputs = self._make_buffers("Input", signature)
        self._outputs = self._make_buffers("Output", signature)

    def _call(self, name: str, *arguments: object) -> None:
        status = getattr(self._library, f"LiteRt{name}")(*arguments)
        if status:
            message = f"LiteRt{name} failed with status {status}."
            raise RuntimeError(message)

    def _make(self, name: str, *arguments: object) -> Any:  # noqa: ANN401
        handle = self._c.c_void_p()
        self._call(name, *arguments, self._c.byref(handle))
        return handle

    def _make_buffers(self, kind: str, signature: object) -> Any:  # noqa: ANN401
        c, count, index = self._c, self._c.c_size_t(), self._c.c_uint32()
        self._call(f"GetNumSignature{kind}s", signature, c.byref(count))
        handles = (c.c_void_p * count.value)()
        for position in range(count.value):
            at = c.c_size_t(position)
            tensor = self._make(f"GetSignature{kind}TensorByIndex", signature, at)
            self._call("GetTensorIndex", tensor, c.byref(index))
            tensor_type = c.create_string_buffer(_TENSOR_TYPE_BYTES)
            self._call("GetRankedTensorType", tensor, tensor_type)
            get_needs = f"GetCompiledModel{kind}BufferRequirements"
            needs = self._make(get_needs, self._model, c.c_size_t(0), at)
            create = "CreateManagedTensorBufferFromRequirements"
            buffer = self._make(create, self._environment, tensor_type, needs)
            self._buffers[index.value], handles[position] = buffer, buffer
        return handles

    def _lock(self, index: int, mode: int) -> tuple[Any, int]:
        size, address = self._c.c_size_t(), self._c.c_void_p()
        self._call("GetTensorBufferPackedSize", self._buffers[index], self._c.byref(size))
        self._call("LockTensorBuffer", self._buffers[index], self._c.byref(address), mode)
        return address, size.value

    def set_tensor(self, index: int, data: Array) -> None:
        """Writes an input, and first reads the last run's events: no time is taken here."""
        self.read_events()
        address, size = self._lock(index, _LOCK_TO_WRITE)
        if data.nbytes != size:
            _fail("--enable_op_profiling takes inputs of the model's own shapes only.")
        self._c.memmove(address, data.tobytes(), size)
        self._call("UnlockTensorBuffer", self._buffers[index])

    def get_tensor(self, index: int) -> Array:
        """The bytes of an output."""
        import numpy as np

        content = self._c.string_at(*self._lock(index, _LOCK_TO_READ))
        self._call("UnlockTensorBuffer", self._buffers[index])
        return np.frombuffer(content, np.uint8)

    def invoke(self) -> None:
        """Runs the model."""
        size_t, inputs, outputs = self._c.c_size_t, self._inputs, self._outputs
        arguments = (size_t(0), size_t(len(inputs)), inputs, size_t(len(outputs)), outputs)
        if self.profile is not None:
            self._call("StartProfiler", self._profiler)
        start_ns = time.perf_counter_ns()
        self._call("RunCompiledModel", self._model, *arguments)
        if self.profile is not None:
            self._run_us = (time.perf_counter_ns() - start_ns) / 1000
            self._call("StopProfiler", self._profiler)

    def read_events(self) -> None:
        """Adds the events of the last run to the profile, unless they are there already."""
        if self.profile is None or self._run_us is None:
            return
        import numpy as np

        count = self._c.c_int()
        self._call("GetNumProfilerEvents", self._profiler, self._c.byref(count))
        events = np.zeros(max(1, count.value), _EVENT)
        address = self._c.c_void_p(events.ctypes.data)
        self._call("GetProfilerEvents", self._profiler, len(events), address)
        self.profile.add_run(
            [
                (kind, graph, self._c.string_at(tag).decode("utf-8", "replace"), node, elapsed_us)
                for kind, graph, tag, node, elapsed_us in events[_EVENT_FIELDS].tolist()
                if tag
            ],
            self._run_us,
        )
        self._call("ResetProfiler", self._profiler)
        self._run_us = None


def format_profile(
    nodes: Sequence[tuple[str, str]], runs_us: Sequence[Sequence[int]], *, csv: bool
) -> str:
    """The tables, as profile_summary_formatter.cc and stats_calculator.cc have them.

    `nodes` have a type and a name, and each run has the microseconds of each node.
    """
    runs, totals_us = len(runs_us), [sum(run) for run in runs_us]
    by_node: list[Row] = []
    for i, (node_type, name) in enumerate(nodes):
        sum_us = sum(run[i] for run in runs_us)
        times_ms = (runs_us[0][i] / 1e3, sum_us / runs / 1e3)
        end = name.replace(",", "\t") if csv else name
        by_node.append(((node_type, *times_ms), sum_us, (0.0, 1, end)))
    by_type: list[Row] = []
    for node_type, count in Counter(node_type for node_type, _ in nodes).items():
        sum_us = sum(row[1] for row in by_node if row[0][0] == node_type)
        by_type.append(((node_type, count, sum_us / runs / 1e3), sum_us, (0.0, count)))
    slowest = sorted(by_node, key=lambda row: -row[1])[:10]
    by_type.sort(key=lambda row: -row[1])
    statistics = count_line(totals_us).split(" p5=")[0]
    parts = (
        "Operator-wise Profiling Info for Regular Benchmark Runs:",
        *_format_table("Run Order", _RUN_ORDER, by_node, sum(totals_us), csv=csv),
        *_format_table("Top by Computation Time", _RUN_ORDER, slowest, sum(totals_us), csv=csv),
        f"Number of nodes executed: {len(nodes)}",
        *_format_table("Summary by node type", _BY_TYPE, by_type, sum(totals_us), csv=csv),
        f"Timings (microseconds): {statistics}\nMemory (bytes): count=0",
        f"{len(nodes)} nodes observed\n\n\n",
    )
    return "\n".join(parts)


def _format_table(
    title: str, columns: Mapping[str, int], rows: Sequence[Row], all_us: int, *, csv: bool
) -> list[str]:
    """The table's lines; each row's time becomes two columns of shares, its own and the sum's."""
    table = [[_CSV_TITLES.get(name, name) if csv else f"[{name}]" for name in columns]]
    sum_us = 0
    for left, own_us, right in rows:
        sum_us += own_us
        shares = (100 * us / all_us if all_us else math.nan for us in (own_us, sum_us))
        percents = (f"{_cell(share, csv=csv)}%" for share in shares)
        ends = [[_cell(value, csv=csv) for value in values] for values in (left, right)]
        table.append([*ends[0], *percents, *ends[1]])
    padded = "".join(f"\t{{:>{width}}}" for width in columns.values())
    lines = [", ".join(cells) if csv else padded.format(*cells) for cells in table]
    return [f"{'=' * 30} {title} {'=' * 30}", *lines, ""]


def _cell(value: object, *, csv: bool) -> str:
    if isinstance(value, float):
        return f"{value:g}" if csv else f"{value:.3f}"
    return str(value)


def _report_profile(profile: Profile, settings: Settings) -> None:
    path = settings.profiling_output_csv_file or settings.op_profiling_output_file
    csv = settings.op_profiling_output_mode == "csv" or bool(settings.profiling_output_csv_file)
    if not profile.runs_us:
        return
    text = format_profile(profile.nodes, profile.runs_us, csv=csv)
    if path:
        Path(path).write_text(text, "utf-8", "surrogateescape")
    else:
        _info(text)


def _memory_kb() -> dict[str, int]:
    """The process's resident memory in kB, under the names of /proc/self/status.

    The peak is `VmHWM` and not getrusage's: in that one a child begins with its parent's peak.
    """
    sizes = dict.fromkeys(("VmHWM", "VmRSS", "RssAnon", "RssFile", "RssShmem"), 0)
    status = Path("/proc/self/status")
    lines = status.read_text("utf-8", "replace") if status.exists() else ""
    sizes.update((name, int(kb)) for name, kb in re.findall(r"(?m)^(\w+):\s*(\d+) kB$", lines))
    if not sizes["VmHWM"]:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sizes["VmHWM"] = peak // 1024 if sys.platform == "darwin" else peak
    return sizes


def _report_memory(start_kb: int, init_kb: int, *, with_peak: bool) -> None:
    _info(
        "Note: as the benchmark tool itself affects memory footprint, the following is only "
        "APPROXIMATE to the actual memory footprint of the model at runtime. Take the information "
        "at your discretion."
    )
    memory = _memory_kb()
    init_mb, overall_mb = (init_kb - start_kb) / 1024, (memory["VmHWM"] - start_kb) / 1024
    delta = "Memory footprint delta from the start of the tool (MB)"
    _info(f"{delta}: init={init_mb:g} overall={overall_mb:g}")
    if with_peak:
        peak_mb = memory["VmHWM"] / 1024
        _info(f"Overall peak memory footprint (MB) via periodic monitoring: {peak_mb:g}")
        _info("Memory status at the end of exeution:")  # spelt so in the official tool
        _info(f"- VmRSS              : {memory['VmRSS'] >> 10} MB")
        _info(f"+ RssAnnon           : {memory['RssAnon'] >> 10} MB")
        _info(f"+ RssFile + RssShmem : {(memory['RssFile'] + memory['RssShmem']) >> 10} MB")


def _check_settings(settings: Settings) -> None:
    if settings.use_caching:
        _log("WARN", "--use_caching has no effect: LiteRT for Python cannot set it.")
    if not settings.graph:
        _fail("Please specify the name of your TF Lite input file with --graph")
    mode = settings.op_profiling_output_mode
    if mode not in ("stdout", "csv"):
        _fail(f"--op_profiling_output_mode={mode} is not supported: take stdout or csv.")
    if settings.enable_op_profiling and not _C_API_VERSION.fullmatch(_litert_version()):
        _fail(f"--enable_op_profiling takes ai-edge-litert 2.3; this is {_litert_version()}.")


def run_benchmark(arguments: Sequence[str]) -> None:
    """The whole tool.

    Raises:
        ToolEnded: where the official tool would fail or abort.
    """
    _info("STARTING!")
    command_line = parse_command_line(arguments)
    settings = command_line.settings
    if command_line.unconsumed:
        _log("WARN", f"Unconsumed cmdline flags: {' '.join(command_line.unconsumed)}")
    _check_settings(settings)
    layers = parse_layers(settings)
    _log_parameters(command_line)

    import ai_edge_litert.interpreter  # noqa: F401 - its time and memory are not the model's

    start_kb = _memory_kb()["VmHWM"]
    start_ns = time.perf_counter_ns()
    interpreter = load_model(command_line)
    _check_inputs(interpreter.get_input_details(), layers)
    if settings.require_full_delegation and not settings.use_xnnpack:
        _fail("Disallowed CPU fallback detected.")  # the runtime's default delegate does not count
    _allocate(interpreter, layers)
    init_us = (time.perf_counter_ns() - start_ns) // 1000
    init_kb = _memory_kb()["VmHWM"]
    _report_delegation(read_delegation(interpreter._get_ops_details()), settings)
    _info(f"The input model file size (MB): {Path(settings.graph).stat().st_size / 1e6:g}")
    _info(f"Initialized session in {init_us / 1e3:g}ms.")

    inputs = make_inputs(interpreter.get_input_details(), layers)
    outputs = [int(detail["index"]) for detail in interpreter.get_output_details()]
    profile = None
    if settings.enable_op_profiling:
        profile = Profile(interpreter)
        interpreter = None  # or there would be two copies of the weights
        interpreter = ProfiledModel(command_line)
    warmup_at_least = (settings.warmup_runs, settings.warmup_min_secs)
    at_least = (settings.num_runs, settings.min_secs)
    if settings.dry_run:
        warmup_at_least = at_least = (0, -1.0)
    warmup = run_phase(interpreter, inputs, settings, *warmup_at_least)
    if warmup.failed:
        _fail()
    if profile is not None:
        interpreter.profile = profile  # from here on
    inference = run_phase(interpreter, inputs, settings, *at_least)
    first_us = warmup.durations_us[0] if warmup.durations_us else 0
    _info(
        f"Inference timings in us: Init: {init_us}, First inference: {first_us}, "
        f"Warmup (avg): {warmup.average_us:g}, Inference (avg): {inference.average_us:g}"
    )
    _report_memory(start_kb, init_kb, with_peak=settings.report_peak_memory_footprint)
    if inference.failed:
        _fail()
    if profile is not None:
        interpreter.read_events()
        _report_profile(profile, settings)
    if settings.output_filepath:
        content = b"".join(interpreter.get_tensor(index).tobytes() for index in outputs)
        Path(settings.output_filepath).write_bytes(content)


def _behave_like_a_native_program() -> None:
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # no KeyboardInterrupt
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # no BrokenPipeError
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")  # any file name


def _litert_version() -> str:
    try:
        return metadata.version("ai-edge-litert")
    except metadata.PackageNotFoundError:  # missing, or a nightly build
        return "(unknown version)"


def main() -> int:
    """Runs the tool on the process's arguments and gives its exit code."""
    _behave_like_a_native_program()
    try:
        stand_in = f"benchmark_model, on LiteRT {_litert_version()} for Python"
        _info(f"This is mbert-bench's stand-in for {stand_in}, not the official tool.")
        run_benchmark(sys.argv[1:])
    except ToolEnded as ended:
        for message in ended.messages:
            _log(ended.level, message)
        if ended.level == "FATAL":
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.abort()
    except Exception as error:
        _log("ERROR", f"{type(error).__name__}: {error}")
    else:
        return 0
    _log("ERROR", "Benchmarking failed.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
