"""What to do after a comparison, in words and with the command for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.checks import Verdict
from harness.ci import words
from harness.exact_cells import REFRESH
from harness.gate_result import MEASURED, Cell, GateResult, GateVerdict, Metric
from harness.noise import Noise, is_with_itself
from harness.pair_facts import CONTINUE
from harness.pairing import CellCases, cells_of
from harness.plan import Case
from harness.policy import Policy
from harness.record import StopReason
from harness.store import StoredRun
from harness.summary import RunResult
from reports.cells import one_line
from reports.comparison_command import comparison_command, noise_command, resume_command
from reports.page import RunPage
from reports.reproduce import case_command

_MOST_PAIRS = 1000  # of the option
_ENOUGH_COMPARISONS = 20
_TIMED = (Metric.LATENCY, Metric.INIT, Metric.FIRST)


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """One thing to do. `command` is empty where words are enough."""

    text: str
    command: tuple[str, ...] = ()


def next_steps(page: RunPage, gate: GateResult) -> tuple[NextStep, ...]:
    """What each kind of verdict asks for, the gravest first."""
    run, policy = page.result.run, page.policy
    by_verdict = {
        verdict: [cell for cell in gate.cells if cell.verdict is verdict]
        for verdict in words.VERDICTS
    }
    missing = by_verdict[GateVerdict.INFRASTRUCTURE]
    steps = [
        *_after_failure(run, by_verdict[GateVerdict.FAIL]),
        *_after_infrastructure(run, missing, policy),
        *_after_no_proof(page.result, missing),
        *_after_doubt(run, by_verdict[GateVerdict.INCONCLUSIVE], policy),
        *_after_improvement(gate.cells),
        *_after_noise(run, page.noise),
    ]
    return tuple(steps) or (NextStep(text="Nothing: no cell needs a second look."),)


def _after_failure(run: StoredRun, failed: Sequence[Cell]) -> Iterator[NextStep]:
    if not failed:
        return
    if is_with_itself(run):
        yield NextStep(
            text="Nothing differs here, so a failure is a false alarm: find out what disturbs the "
            "device (heat, other programs) before its gate is trusted."
        )
        return
    timed = [cell for cell in failed if cell.metric in _TIMED]
    if any(cell.metric not in MEASURED for cell in failed):
        yield NextStep(
            text="Size, operators, partitions and nodes left over are exact: measuring again gives "
            "the same. Mend the candidate, or allow the growth in a policy."
        )
    if any(cell.confirmed for cell in failed):
        yield NextStep(
            text="Fresh pairs have confirmed the failure, so measuring once more does not make it "
            "pass."
        )
    cases = _cases(run, timed[:1])
    if cases:
        case = cases[0].candidate
        info = replace(run.info, tool=run.info.tool_of(case))
        settings = replace(run.info.plan.settings, op_profile=True, rounds=1)
        info = replace(info, plan=replace(info.plan, settings=settings))
        yield NextStep(
            text="To see which operators take the candidate's time (the baseline's likewise):",
            command=case_command(case, info),
        )


def _after_infrastructure(
    run: StoredRun, missing: Sequence[Cell], policy: Policy
) -> Iterator[NextStep]:
    cells = _cases(run, missing)
    lost = [case.model_id for cell in cells for case in cell.cases if _lacks_file(run, case)]
    if lost:
        names = one_line(", ".join(lost), 160)
        yield NextStep(
            text=f"Without a model file: {names}. Give it, then start a comparison anew."
        )
    told = {cell.case for cell in missing if CONTINUE in cell.reason}
    had = [cell for cell in cells if not any(_lacks_file(run, case) for case in cell.cases)]
    stops = {cell.name: run.stop_of(cell.baseline) for cell in had}
    unfinished = [cell for cell in had if cell.name in told or stops[cell.name] is None]
    if unfinished:
        command = resume_command(run.info, str(run.folder), cells_of(run.info.plan))
        start = "this command" if command else "the same command and --resume"
        yield NextStep(
            text=f"The comparison was cut off. Continue it with {start}{_by_policy(policy)}; what "
            "is measured is not measured again.",
            command=command,
        )
    over = [stops[cell.name] for cell in had if cell not in unfinished]
    if any(stop is not None and stop.reason is StopReason.GIVEN_UP for stop in over):
        yield NextStep(
            text="An invocation failed too often: Failures says why. Mend that, then start a "
            "comparison anew."
        )


def _after_no_proof(result: RunResult, missing: Sequence[Cell]) -> Iterator[NextStep]:
    ids = {case.id for cell in _cases(result.run, missing) for case in cell.cases}
    found = [case.evidence for case in result.cases if case.case.id in ids]
    if any(evidence is not None and evidence.verdict != Verdict.PROVEN for evidence in found):
        yield NextStep(
            text="What is not proven never counts: Evidence and the notes say which check is not. "
            "Mend that, then start a comparison anew."
        )


def _after_doubt(run: StoredRun, undecided: Sequence[Cell], policy: Policy) -> Iterator[NextStep]:
    if not undecided:
        return
    planned = run.info.plan.settings.rounds
    most = min(2 * planned, _MOST_PAIRS)
    text = f"More pairs may decide what {planned} did not."
    if planned >= _MOST_PAIRS or is_with_itself(run):
        yield NextStep(text=f"{text} See also what this device can see at all, below.")
        return
    cells = _cases(run, undecided)
    yield NextStep(
        text=f"{text} They must be a comparison of their own, since looks are planned in advance"
        f"{_by_policy(policy)}:",
        command=comparison_command(run.info, cells, max_pairs=most, more={}),
    )


def _after_improvement(cells: Sequence[Cell]) -> Iterator[NextStep]:
    spoilt = {cell.case for cell in cells if cell.verdict is not GateVerdict.PASS}
    better = dict.fromkeys(
        cell.case for cell in cells if cell.reason.endswith(REFRESH) and cell.case not in spoilt
    )
    if better:
        names = one_line(", ".join(better), 160)
        yield NextStep(
            text=f"Improved by more than the tolerance: {names}. Make it the new baseline, or it "
            "hides slowdowns to come."
        )


def _after_noise(run: StoredRun, noise: Noise | None) -> Iterator[NextStep]:
    if noise is None or noise.unmeasured or noise.comparisons >= _ENOUGH_COMPARISONS:
        return
    yield NextStep(
        text="More comparisons of this kind bound the rate of false alarms more tightly:",
        command=noise_command(run.info, cells_of(run.info.plan), comparisons=_ENOUGH_COMPARISONS),
    )


def _cases(run: StoredRun, cells: Sequence[Cell]) -> list[CellCases]:
    wanted = {cell.case for cell in cells}
    return [cell for cell in cells_of(run.info.plan) if cell.name in wanted]


def _lacks_file(run: StoredRun, case: Case) -> bool:
    return case.model_id in run.info.missing


def _by_policy(policy: Policy) -> str:
    return "" if policy == Policy() else ", with the same --policy"
