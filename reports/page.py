"""What a page is made of: stored results with what was judged of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.claims import Judgement
from harness.gate_result import GateResult
from harness.noise import Noise
from harness.policy import Policy
from harness.summary import RunResult


@dataclass(frozen=True, kw_only=True)
class RunPage:
    """One run of a page: its results, the verdicts on claims, and the gate's if it compares.

    `policy` is what the gate judged by. `noise` is what comparisons of a model with itself say of
    the device: this one, or several that this one stands for.
    """

    result: RunResult
    judgements: tuple[Judgement, ...] = ()
    gate: GateResult | None = None
    policy: Policy = field(default_factory=Policy)
    noise: Noise | None = None
