"""What one invocation of the tool gave: its log, and the numbers that the log holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class FailureKind(StrEnum):
    """How an invocation can end without a measurement; the names are stored, so they stay."""

    TIMEOUT = "timeout"  # the deadline ended the process
    SIGNAL = "signal"  # a signal did
    EXIT_CODE = "exit-code"  # the tool gave up, for a reason that is none of those below
    BENCHMARKING_FAILED = "benchmarking-failed"  # it says `Benchmarking failed.`
    UNCONSUMED_FLAGS = "unconsumed-flags"  # it ignored flags: not what was asked for ran
    MODEL_REJECTED = "model-rejected"  # it could not load or prepare this model, or its inputs
    INVOKE_FAILED = "invoke-failed"  # the inference itself failed; the times are of nothing
    WRONG_TOOL = "wrong-tool"  # another program with the tool's name
    NO_RESULT = "no-result"  # it ended well, but lines of the result are missing or damaged
    IMPLAUSIBLE = "implausible"  # the numbers contradict each other, or cannot be times


@dataclass(frozen=True, kw_only=True)
class ToolLog:
    """The raw output of one invocation, as it was saved, and how the process ended.

    `exit_code` is negative for a signal, as `subprocess` has it, and None when the deadline ended
    the process. `wall_s` is the process's own time, `cpu_s` that of all its
    threads on CPUs, `peak_memory_mb` its largest resident set in
    units of 10^6 bytes and `cpu_mask` the CPUs that it was allowed (hexadecimal, read back while it
    ran), where the device can tell; `requested_mask` is what was asked for. `sources` holds the
    raw text that `cpu_mask` was read from, under `cpus`.
    """

    stdout: str
    stderr: str
    exit_code: int | None
    wall_s: float = 0.0
    cpu_s: float | None = None
    peak_memory_mb: float | None = None
    cpu_mask: str | None = None
    requested_mask: str | None = None
    sources: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One `count=` line: the runs of the warm-up or of the inference phase, in microseconds.

    Short forms of the line leave fields out: `count=0` has nothing, `count=1 curr=73` and
    `count=3 curr=73(all same)` have only `last_us`. The percentiles exist since TensorFlow 2.19.
    """

    count: int
    first_us: int | None = None
    last_us: int | None = None
    min_us: int | None = None
    max_us: int | None = None
    average_us: float | None = None
    std_us: float | None = None
    p5_us: int | None = None
    median_us: int | None = None
    p95_us: int | None = None


@dataclass(frozen=True, kw_only=True)
class Delegation:
    """What the log says of one delegate.

    `applied` is `completely`, `partially`, `not at all`, or None where the log does not say.
    `nodes` of `nodes_total` were taken, in `partitions` kernels.
    """

    delegate: str
    applied: str | None = None
    nodes: int | None = None
    nodes_total: int | None = None
    partitions: int | None = None


@dataclass(frozen=True, kw_only=True)
class OperatorTime:
    """How long the nodes of one operator type took in one run, in milliseconds, and their share.

    `graph` is where they ran: `primary` is the model's own graph, others as the tool names them.
    """

    graph: str
    operator: str
    nodes: int
    average_ms: float
    share_percent: float


@dataclass(frozen=True, kw_only=True)
class OutputComparison:
    """How far the tool's output is from the reference.

    `error_percent` is the root mean square of the differences, in percent of the reference's own
    spread; None where nothing could be compared, and then `problem` says why. `reference` names
    what it was compared with; `observed` and `expected` quote the first values of both.
    """

    reference: str
    tolerance_percent: float
    error_percent: float | None = None
    problem: str | None = None
    observed: str = ""
    expected: str = ""

    @property
    def correct(self) -> bool | None:
        """Whether the output is the right one, None where that is not known."""
        if self.error_percent is None:
            return None
        return self.error_percent <= self.tolerance_percent


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The numbers of one invocation; times in microseconds.

    `init_us` is model load, delegates and tensor allocation; `first_us` the first warm-up run
    (None without warm-up). `threads` is what the tool says that it was given. `model_mb` and
    `peak_memory_mb` are in units of 10^6 bytes; the latter is what the tool itself sampled.
    `sources` holds the lines of the log behind `threads`, `delegate`, `runs` and `memory`.
    """

    init_us: float
    first_us: float | None
    warmup: Phase
    inference: Phase
    threads: int | None = None
    model_mb: float | None = None
    peak_memory_mb: float | None = None
    delegations: tuple[Delegation, ...] = ()
    warnings: tuple[str, ...] = ()
    # Where the values were read is not part of what they are.
    sources: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def latency_us(self) -> float:
        """The invocation's value: its median where the tool prints one, else its average."""
        if self.inference.median_us is not None:
            return float(self.inference.median_us)
        if self.inference.average_us is not None:
            return self.inference.average_us
        # `count=1 curr=73` and `count=3 curr=73(all same)`: every run took this long.
        assert self.inference.last_us is not None
        return float(self.inference.last_us)
