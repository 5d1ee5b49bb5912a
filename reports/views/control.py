"""The control of a comparison as strings to print: whether the device itself changed meanwhile."""

from __future__ import annotations

from harness.gate_notes import CONTROL_SHIFT_PERCENT, control_shift_percent
from harness.pair_facts import IN_PAIRS
from harness.pairing import control_of
from harness.record import Purpose
from harness.store import StoredRun
from reports.charts.control import control_chart


def build_control(run: StoredRun, prefix: str) -> tuple[str, str]:
    """The chart of the control, and what became of it in words; both empty without one."""
    case = control_of(run.info.plan)
    mine = [
        (record.measurement.latency_us / 1000, record.purpose)
        for record in run.records
        if case is not None and record.case == case.id and record.purpose in IN_PAIRS
        if record.valid and record.measurement is not None and record.measurement.latency_us > 0
    ]
    values_ms = [value for value, _ in mine]
    fresh = [n for n, (_, purpose) in enumerate(mine) if purpose is Purpose.CONFIRMATION]
    sentence = _describe(control_shift_percent(run))
    fresh_from = fresh[0] if fresh else None
    chart = control_chart(values_ms, fresh_from, sentence, f"{prefix}-chart-control")
    return ("", "") if chart is None else (chart, sentence)


def _describe(shift_percent: float | None) -> str:
    """What the two halves of a session say; a small difference is inside the noise."""
    if shift_percent is None:
        return "Fewer than 12 invocations of the control: whether it drifted is not told."
    if abs(shift_percent) <= CONTROL_SHIFT_PERCENT:
        return (
            "~: from the session's first half to its second the control moved by no more than "
            f"{CONTROL_SHIFT_PERCENT:.0f} %."
        )
    return (
        f"The control moved by {shift_percent:+.1f} % from the session's first half to its second: "
        "the device was not the same throughout."
    )
