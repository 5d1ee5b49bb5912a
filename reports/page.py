"""What a page is made of: stored results with what was judged of them."""

from __future__ import annotations

from dataclasses import dataclass

from harness.claims import Judgement
from harness.gate_result import GateResult
from harness.summary import RunResult


@dataclass(frozen=True, kw_only=True)
class RunPage:
    """One run of a page: its results, the verdicts on claims, and the gate's if it compares."""

    result: RunResult
    judgements: tuple[Judgement, ...] = ()
    gate: GateResult | None = None
