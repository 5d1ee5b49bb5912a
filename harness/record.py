"""What a run keeps: what it is, each invocation, and why each case stopped."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from android_runner.tool import Tool
from harness.checks import PreflightCheck
from harness.device import DeviceInfo, Observation
from harness.measurement import Measurement, OperatorTime, OutputComparison
from harness.plan import Arm, Case, Plan

SCHEMA = 1


class Purpose(StrEnum):
    """What an invocation is for. Only those for latency are in a case's sample."""

    LATENCY = "latency"
    OUTPUT = "output"  # its output is compared, its peak memory is read
    CONFIRMATION = "confirmation"  # fresh pairs for a comparison that looks bad
    OPERATORS = "operators"  # with the tool's profiler on, which costs time
    SUSTAINED = "sustained"  # back to back, without waiting for the device to cool


class StopReason(StrEnum):
    """Why a case has as many rounds as it has."""

    PRECISION = "precision"  # every interval of its group is as narrow as was asked for
    ROUNDS = "rounds"  # the limit was reached first
    BUDGET = "budget"  # the time was needed for the cases before it
    GIVEN_UP = "given-up"  # it failed too often
    DECIDED = "decided"  # a planned look at the pairs of a comparison gave a verdict


# The failure of an invocation that ran while heat slowed the device; it is redone.
THROTTLED = "throttled"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why there is no measurement: a kind (see `FailureKind`) and a message for a person."""

    kind: str
    message: str


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """One model file of a run. Counts are the encoder's where the builder wrote them, and
    `weight_types` names the types of all weights in the file."""

    file: str
    sha256: str
    size_bytes: int
    parameters: int
    macs: int
    operators: int
    sequence_length: int | None = None
    weight_types: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RunInfo:
    """What a run is: its plan, device, tool, models and versions. Written once, at its start.

    `models` holds the facts by `Case.model_id`; a model that could not be had is in `missing`.
    `notes` say what could not be done to hold the device steady. `preflight` is what was looked
    at before the first invocation. `peak_gflops` is what a matrix product reached on a host, by
    threads, and `peak_int8_gops` one with int8 weights, where a model has such.
    `candidate_tool` is there where a comparison starts another one for its candidates.
    """

    schema: int
    created_at: str
    plan: Plan
    device: DeviceInfo
    tool: Tool
    models: dict[str, ModelFacts]
    missing: dict[str, Failure]
    versions: dict[str, str | None]
    notes: tuple[str, ...] = ()
    preflight: tuple[PreflightCheck, ...] = ()
    peak_gflops: dict[int, float] = field(default_factory=dict)
    peak_int8_gops: dict[int, float] = field(default_factory=dict)
    candidate_tool: Tool | None = None

    def tool_of(self, case: Case) -> Tool:
        """The tool that is started for a case."""
        other = self.candidate_tool if case.arm == Arm.CANDIDATE else None
        return other or self.tool


@dataclass(frozen=True, kw_only=True)
class Record:
    """One invocation. `valid` says whether its measurement counts; a bad one keeps its reason.

    `round` counts from 0, in each purpose for itself, and `attempt` how often a pair of it was
    begun anew. Times are UTC; `stdout` and `stderr` are names within `logs/`. `throttled` says how
    heat slowed the device meanwhile, `waited_s` how long it was given to cool before, `late_cool`
    that this was not enough. `sources` holds the raw text that `cpu_mask` and the like were read
    from, by field.
    """

    schema: int
    case: str
    round: int
    started_at: str
    wall_s: float
    valid: bool
    failure: Failure | None
    measurement: Measurement | None
    exit_code: int | None
    peak_memory_mb: float | None
    cpu_mask: str | None
    flags: tuple[str, ...]
    model_sha256: str | None
    tool_sha256: str | None
    stdout: str | None
    stderr: str | None
    before: Observation | None
    after: Observation | None
    requested_mask: str | None = None
    cpu_s: float | None = None
    purpose: Purpose = Purpose.LATENCY
    throttled: str | None = None
    waited_s: float = 0.0
    late_cool: bool = False
    output: OutputComparison | None = None
    operators: tuple[OperatorTime, ...] = ()
    sources: dict[str, str] = field(default_factory=dict)
    attempt: int = 0


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Why a case was measured no further, and how narrow its interval was then.

    `half_width_percent` is None with too few invocations for an interval.
    """

    schema: int
    case: str
    at: str
    reason: StopReason
    rounds: int
    half_width_percent: float | None
