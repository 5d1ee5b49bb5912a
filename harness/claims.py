"""Verdicts on published claims, from the results of one run or from the catalogue's counts.

A claim is `supported` or `refuted` only by a measurement under the conditions that its source
states; under other conditions the numbers `differ` in kind, and the conditions are listed.
A latency claim says "at least this fast": a faster measurement supports it. Counts and sizes are
exact, so they need no device and must lie within the claim's tolerance on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.claim_conditions import (
    Condition,
    count_differing,
    list_conditions,
    list_weaknesses,
)
from harness.claim_ledger import Claim, ClaimKind
from harness.plan import Case
from harness.statistics import Estimate
from harness.summary import CaseResult, RunResult, latency_ratio
from models.catalog import CATALOG, ModelSpec, config_of, parse_model
from models.configs import Config


class Verdict(StrEnum):
    """What a run says about a claim."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    DIFFERS = "differs"  # measured under other conditions
    NOT_MEASURED = "not-measured"


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """The same measured in another setting of the run, for example on another delegate."""

    setting: str
    measured: Estimate


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A claim with its verdict. `measured` is in the claim's unit; counts have no interval.

    `setting` is the one that was judged, the nearest to the claim's; `others` are not judged.
    """

    claim: Claim
    verdict: Verdict
    measured: Estimate | None = None
    conditions: tuple[Condition, ...] = ()
    setting: str = ""
    others: tuple[Alternative, ...] = ()


def judge_claims(claims: Sequence[Claim], result: RunResult | None) -> tuple[Judgement, ...]:
    """Judges every claim; without a run, those that counting alone can judge."""
    return tuple(_judge(claim, result) for claim in claims)


def _judge(claim: Claim, result: RunResult | None) -> Judgement:
    if claim.kind in (ClaimKind.PARAMETERS, ClaimKind.PARAMETER_RATIO, ClaimKind.FLOPS):
        return _judge_count(claim, result)
    if result is None or not claim.measurable:
        return Judgement(claim=claim, verdict=Verdict.NOT_MEASURED)
    if claim.kind == ClaimKind.FILE_SIZE:
        return _judge_size(claim, result)
    return _judge_latency(claim, result)


# ---- counts: exact, and the same on every device ------------------------------------------------


def _judge_count(claim: Claim, result: RunResult | None) -> Judgement:
    for index, model in enumerate(claim.models):
        value = _count(claim, index, model)
        if value is not None:
            conditions = [
                Condition(
                    name="model", published=claim.models[0], measured=model, differs=index > 0
                ),
                *_other_wirings(claim, model, result),
            ]
            return Judgement(
                claim=claim,
                verdict=_exact_verdict(claim, value, conditions),
                measured=_exact(value),
                conditions=tuple(conditions),
            )
    return Judgement(claim=claim, verdict=Verdict.NOT_MEASURED)


def _count(claim: Claim, index: int, model: str) -> float | None:
    config = _config(model)
    if config is None:
        return None
    if claim.kind == ClaimKind.PARAMETERS:
        return config.parameters / 1e6
    if claim.kind == ClaimKind.FLOPS:
        return _paper_flops(config, claim.conditions.sequence_length or 128) / 1e9
    baseline = _config(_baseline(claim, index))
    return baseline.parameters / config.parameters if baseline else None


def _paper_flops(config: Config, sequence_length: int) -> int:
    """FLOPs as the MobileBERT paper counts: two per multiply-accumulate, with one more dense
    layer of the hidden width on every token. It gives 8 of its 9 published values."""
    width = config.hidden
    return 2 * (config.macs(sequence_length) + sequence_length * width * width)


def _other_wirings(claim: Claim, model: str, result: RunResult | None) -> list[Condition]:
    """For the reader: what the run's own model gives where it is not the one that was counted."""
    measured = {case.case.model for case in result.cases} if result else set()
    rows = []
    for index, other in enumerate(claim.models):
        value = _count(claim, index, other)
        if other != model and other in measured and value is not None:
            rows.append(
                Condition(
                    name="model of this run",
                    published=model,
                    measured=f"{other} gives {value:.2f} {claim.unit}",
                    differs=False,
                )
            )
    return rows


def _judge_size(claim: Claim, result: RunResult) -> Judgement:
    candidates = [
        (index, case)
        for case in result.cases
        for index, model in enumerate(claim.models)
        if case.case.model == model and case.model is not None
    ]
    ranked = [
        (list_conditions(claim, case, result.run.info, timed=False), index, case)
        for index, case in candidates
    ]
    if not ranked:
        return Judgement(claim=claim, verdict=Verdict.NOT_MEASURED)
    conditions, _, case = min(ranked, key=lambda item: (count_differing(item[0]), item[1]))
    assert case.model is not None
    value = case.model.size_bytes / 1e6
    return Judgement(
        claim=claim,
        verdict=_exact_verdict(claim, value, conditions),
        measured=_exact(value),
        conditions=tuple(conditions),
    )


def _exact_verdict(claim: Claim, value: float, conditions: Sequence[Condition]) -> Verdict:
    if count_differing(conditions):
        return Verdict.DIFFERS
    off_percent = abs(value / claim.published - 1) * 100
    return Verdict.SUPPORTED if off_percent <= claim.tolerance_percent else Verdict.REFUTED


# ---- latencies: with an interval, and under conditions ------------------------------------------


def _judge_latency(claim: Claim, result: RunResult) -> Judgement:
    candidates = []
    for order, case in enumerate(result.cases):
        if case.case.model not in claim.models:
            continue
        index = claim.models.index(case.case.model)
        measured = _measure(claim, index, case, result)
        if measured is None:
            continue
        conditions = list_conditions(claim, case, result.run.info, timed=True)
        conditions += list_weaknesses(case, measured)
        wanted = claim.conditions.threads
        distance = abs(case.case.threads - wanted) if wanted else -case.case.threads
        usual = (case.case.quantization != "fp32", case.case.delegate not in ("xnnpack", "default"))
        rank = (count_differing(conditions), index, distance, usual, order)
        candidates.append((rank, measured, conditions, case.case))
    if not candidates:
        return Judgement(claim=claim, verdict=Verdict.NOT_MEASURED)
    candidates.sort(key=lambda candidate: candidate[0])
    _, measured, conditions, chosen = candidates[0]
    return Judgement(
        claim=claim,
        verdict=_latency_verdict(claim, measured, conditions),
        measured=measured,
        conditions=tuple(conditions),
        setting=_describe_setting(chosen),
        others=tuple(
            Alternative(setting=_describe_setting(case), measured=other)
            for _, other, _, case in candidates[1:]
            if case.model == chosen.model
        ),
    )


def _describe_setting(case: Case) -> str:
    threads = "1 thread" if case.threads == 1 else f"{case.threads} threads"
    parts = (case.quantization, case.delegate, threads, "" if case.cpus == "auto" else case.cpus)
    return ", ".join(part for part in parts if part)


def _measure(claim: Claim, index: int, case: CaseResult, result: RunResult) -> Estimate | None:
    if claim.kind == ClaimKind.LATENCY:
        return case.latency_ms
    baseline = _baseline(claim, index)
    for other in result.cases:
        same = _setting(other) == _setting(case)
        if same and other.case.model == baseline and other.latency_ms is not None:
            return latency_ratio(other, case)
    return None


def _setting(result: CaseResult) -> tuple[object, ...]:
    """All of a case but its model: a ratio is of two models in the same setting."""
    case = result.case
    length = result.sequence_length
    return (case.task, length, case.quantization, case.delegate, case.threads, case.cpus)


def _latency_verdict(claim: Claim, measured: Estimate, conditions: Sequence[Condition]) -> Verdict:
    if count_differing(conditions) or measured.low is None or measured.high is None:
        return Verdict.DIFFERS
    tolerance = claim.tolerance_percent / 100
    if claim.kind == ClaimKind.LATENCY_RATIO:
        fast_enough = measured.high >= claim.published * (1 - tolerance)
    else:
        fast_enough = measured.low <= claim.published * (1 + tolerance)
    return Verdict.SUPPORTED if fast_enough else Verdict.REFUTED


def _baseline(claim: Claim, index: int) -> str:
    return claim.baselines[index if len(claim.baselines) > 1 else 0]


def _exact(value: float) -> Estimate:
    return Estimate(value=value, low=None, high=None, n=1)


def _config(model: str) -> Config | None:
    if model.partition("@")[0] not in CATALOG:
        return None
    name, variant = parse_model(model)
    return config_of(ModelSpec(name=name, variant=variant))
