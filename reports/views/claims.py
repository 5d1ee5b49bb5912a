"""The claims of a run as strings to print: the headline cards and the rows of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.claim_conditions import Condition
from harness.claim_ledger import Claim, ClaimKind, Unit
from harness.claims import Alternative, Judgement, Verdict
from harness.statistics import Estimate
from harness.summary import RunResult, Status
from reports.cells import NO_INTERVAL, NOTHING, Chip, interval, number, one_line, with_unit
from reports.reproduce import claim_command

_TONES = {
    Verdict.SUPPORTED: "good",
    Verdict.REFUTED: "bad",
    Verdict.DIFFERS: "mixed",
    Verdict.NOT_MEASURED: "none",
}
_MEANINGS = {
    Verdict.SUPPORTED: "under the published conditions",
    Verdict.REFUTED: "under the published conditions",
    Verdict.DIFFERS: "under other conditions, so neither supported nor refuted",
    Verdict.NOT_MEASURED: "",
}
_TIMED = (ClaimKind.LATENCY, ClaimKind.LATENCY_RATIO)
_DEVICE = "device"
# A ratio of which the run cannot say on which side of 1 it is.
_IN_THE_NOISE = "~"
_OTHERS_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One condition: as published, and as measured."""

    name: str
    published: str
    measured: str


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The measured side of a claim: the value, and its interval or why it has none."""

    value: str
    interval: str


@dataclass(frozen=True, kw_only=True)
class HeadlineCard:
    """One of the claims that a reader sees first. `meaning` is that of the verdict; `device` says
    where it was measured. `command` is empty for a measured one."""

    statement: str
    published: str
    measured: Measured
    device: str
    chip: Chip
    meaning: str
    differences: tuple[Difference, ...]
    same: str
    notes: tuple[str, ...]
    reason: str
    command: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class OtherRow:
    """What a claim is about, measured in another setting of the run; it was not judged."""

    setting: str
    measured: Measured


@dataclass(frozen=True, kw_only=True)
class LedgerRow:
    """One claim of the ledger. `setting` is the one that was judged, empty for a count."""

    id: str
    statement: str
    published: str
    measured: Measured
    setting: str
    others: tuple[OtherRow, ...]
    more: str
    chip: Chip
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    source: str
    grade: str


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """All claims: the headlines and what is decided, then those measured under other conditions,
    those that this run says nothing of, and accuracies.

    `counted` are sizes and operations that are as published, which is so on every device.
    """

    counts: str
    judged: tuple[LedgerRow, ...]
    differing: tuple[LedgerRow, ...]
    counted: tuple[LedgerRow, ...]
    open: tuple[LedgerRow, ...]
    accuracy: tuple[LedgerRow, ...]


def build_cards(result: RunResult, judgements: Sequence[Judgement]) -> tuple[HeadlineCard, ...]:
    """The headline claims, in the ledger's order."""
    return tuple(_card(result, j) for j in judgements if j.claim.headline)


def build_ledger(judgements: Sequence[Judgement]) -> Ledger:
    """The whole ledger, in its own order."""
    measurable = [j for j in judgements if j.claim.measurable]
    counts = [f"{sum(j.verdict is verdict for j in measurable)} {verdict}" for verdict in Verdict]
    judged = [j for j in measurable if j.verdict is not Verdict.NOT_MEASURED]
    return Ledger(
        counts=", ".join(counts),
        judged=tuple(_row(j) for j in judged if not (_differs(j) or _is_mere_count(j))),
        differing=tuple(_row(j) for j in judged if _differs(j)),
        counted=tuple(_row(j) for j in judged if _is_mere_count(j)),
        open=tuple(_row(j) for j in measurable if j.verdict is Verdict.NOT_MEASURED),
        accuracy=tuple(_row(j) for j in judgements if not j.claim.measurable),
    )


def _differs(judgement: Judgement) -> bool:
    return judgement.verdict is Verdict.DIFFERS and not judgement.claim.headline


def _is_mere_count(judgement: Judgement) -> bool:
    claim = judgement.claim
    counted = claim.kind not in _TIMED and not claim.headline
    return counted and judgement.verdict is Verdict.SUPPORTED


def _card(result: RunResult, judgement: Judgement) -> HeadlineCard:
    claim = judgement.claim
    missing = judgement.verdict is Verdict.NOT_MEASURED
    return HeadlineCard(
        statement=one_line(claim.statement),
        published=_published(claim),
        measured=_measured(claim, judgement.measured),
        device="" if missing else _device(judgement),
        chip=_chip(judgement),
        meaning=_MEANINGS[judgement.verdict],
        differences=_differences(judgement),
        same="; ".join(f"{row.name} {_text(row.measured)}" for row in _same(judgement)),
        notes=_notes(judgement),
        reason=_why_not_measured(result, claim) if missing else "",
        command=claim_command(claim, result.run.info) if missing else (),
    )


def _row(judgement: Judgement) -> LedgerRow:
    claim = judgement.claim
    return LedgerRow(
        id=claim.id,
        statement=one_line(claim.statement),
        published=_published(claim),
        measured=_measured(claim, judgement.measured),
        setting=_text(judgement.setting),
        others=tuple(_other(claim, other) for other in judgement.others[:_OTHERS_SHOWN]),
        more=_more(len(judgement.others) - _OTHERS_SHOWN),
        chip=_chip(judgement),
        differences=_differences(judgement),
        notes=_notes(judgement),
        source=one_line(claim.source),
        grade=claim.grade.value,
    )


def _published(claim: Claim) -> str:
    return with_unit(f"{claim.published:,g}", claim.unit)


def _chip(judgement: Judgement) -> Chip:
    return Chip(word=judgement.verdict.value, tone=_TONES[judgement.verdict])


def _other(claim: Claim, other: Alternative) -> OtherRow:
    return OtherRow(setting=_text(other.setting), measured=_measured(claim, other.measured))


def _more(count: int) -> str:
    if count <= 0:
        return ""
    return f"and {count} other {'setting' if count == 1 else 'settings'}, in the JSON document"


def _measured(claim: Claim, measured: Estimate | None) -> Measured:
    if measured is None:
        return Measured(value=NOTHING, interval="")
    value = with_unit(number(measured.value), claim.unit)
    if claim.kind not in _TIMED:
        return Measured(value=value, interval="exact")
    bounds = interval(measured)
    if measured.low is None or measured.high is None:
        return Measured(value=value, interval=f"{NO_INTERVAL} (n = {measured.n})")
    words = f"{with_unit(bounds, claim.unit)} (n = {measured.n})"
    if claim.unit is Unit.RATIO and measured.low <= 1 <= measured.high:
        return Measured(value=_IN_THE_NOISE, interval=f"{words} holds 1: no difference is shown")
    return Measured(value=value, interval=words)


def _device(judgement: Judgement) -> str:
    """Where it was measured; sizes and counts need no device."""
    measured = [c.measured for c in judgement.conditions if c.name == _DEVICE]
    return f"on {_text(measured[0])}" if measured else "the same on every device"


def _differences(judgement: Judgement) -> tuple[Difference, ...]:
    return tuple(
        Difference(name=row.name, published=_text(row.published), measured=_text(row.measured))
        for row in judgement.conditions
        if row.differs
    )


def _same(judgement: Judgement) -> list[Condition]:
    return [c for c in judgement.conditions if not c.differs and not _is_note(c)]


def _notes(judgement: Judgement) -> tuple[str, ...]:
    return tuple(f"{c.name}: {_text(c.measured)}" for c in judgement.conditions if _is_note(c))


def _is_note(condition: Condition) -> bool:
    """Said for the reader; it is no condition of the claim."""
    return condition.name == "model of this run"


def _why_not_measured(result: RunResult, claim: Claim) -> str:
    named = {*claim.models, *claim.baselines}
    failed = [c for c in result.cases if c.case.model in named and c.status is Status.FAILED]
    if failed:
        kinds = ", ".join(dict.fromkeys(c.failure.kind for c in failed if c.failure))
        return f"This run measured it in vain ({one_line(kinds, 80)}): see Failures."
    return "No case of this run measures it."


def _text(text: str) -> str:
    return one_line(text, 120)
