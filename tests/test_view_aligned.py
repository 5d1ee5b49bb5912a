"""Tests of runs beside each other: what is aligned, what is compared, and what is said of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from factories import (
    PIXEL_4,
    make_case,
    make_claim,
    make_comparison_run,
    make_device,
    make_facts,
    make_info,
    make_result,
    make_tool,
)
from hostile import ATTACKS

from harness.claims import judge_claims
from harness.plan import Case, Plan
from harness.sequential import Limits
from harness.settings import Settings
from harness.statistics import Estimate
from harness.summary import summarize
from harness.unpaired import decide_unpaired
from reports.cells import Chip
from reports.findings.aligned import Footing, align_runs, find_footing
from reports.findings.aligned_conditions import ConditionRow
from reports.html import render_report
from reports.page import RunPage
from reports.view import build_view
from reports.views.aligned import (
    AlignedView,
    CaseLine,
    CellText,
    ClaimCell,
    RatioText,
    RunColumn,
    build_aligned,
)
from reports.views.claims import Measured

# So slow that a phone of any speed may have it.
STEADY = [200.0, 201.0, 202.0, 203.0, 204.0, 205.0, 206.0]
CASE = make_case()
SLOWER = [value * 2 for value in STEADY]
OTHER_PHONE = replace(PIXEL_4, serial="8B331FFAZ00999")
UNPROVEN = Chip(word="unproven", tone="mixed")
NO_RATIO = RatioText(value="–", note="")


def phone_run(
    samples: Mapping[Case, Sequence[float | None]] | None = None,
    folder: str = "one",
    **changes: object,
) -> RunPage:
    """A run on a phone with a tool that is not the stand-in."""
    given = {CASE: STEADY} if samples is None else samples
    result = make_result(given, **{"device": PIXEL_4, "stand_in": False, **changes})
    return RunPage(
        result=replace(result, run=replace(result.run, folder=Path("/runs") / folder)),
        judgements=judge_claims([make_claim()], result),
    )


def aligned(*pages: RunPage) -> AlignedView:
    view = build_aligned(pages)
    assert view is not None
    return view


def ratio_of(*pages: RunPage) -> Estimate | str | None:
    """The ratio of the last run's first case to the first run's."""
    found = align_runs(pages)
    assert found is not None
    return found.cases[0].cells[-1].ratio


def shown_ratio(*pages: RunPage) -> RatioText | None:
    return aligned(*pages).cases[0].cells[-1].ratio


def side_by_side(html: str) -> str:
    """The part of the page that shows runs beside each other."""
    return html.partition('<article id="side-by-side"')[2].partition("</article>")[0]


# ---- cases --------------------------------------------------------------------------------------


def test_a_single_run_stands_beside_none() -> None:
    assert build_view([phone_run()]).aligned is None
    assert build_aligned([]) is None


def test_a_case_has_a_cell_for_each_run_that_leads_to_its_evidence() -> None:
    view = aligned(phone_run(), phone_run({CASE: SLOWER}))

    assert view.runs == (
        RunColumn(
            name="run 1", anchor="run-1", title="Pixel 4, 2026-03-01", ratio="", ratio_note=""
        ),
        RunColumn(
            name="run 2",
            anchor="run-2",
            title="Pixel 4, 2026-03-01",
            ratio="run 2 / run 1",
            ratio_note="",
        ),
    )
    assert view.cases == (
        CaseLine(
            model="mobilebert-qa-seq128-fp32",
            setting="xnnpack, 4 threads",
            note="",
            cells=(
                CellText(
                    anchor="run-1-case-1",
                    value="203",
                    detail="201 to 205 · n = 7",
                    chip=UNPROVEN,
                    problem="",
                    ratio=None,
                ),
                CellText(
                    anchor="run-2-case-1",
                    value="406",
                    detail="402 to 410 · n = 7",
                    chip=UNPROVEN,
                    problem="",
                    ratio=RatioText(value="2.00×", note="1.73 to 2.31"),
                ),
            ),
        ),
    )


def test_cases_stand_in_the_order_in_which_they_first_appear() -> None:
    one, two, three = (make_case(threads=n) for n in (4, 2, 1))

    view = aligned(phone_run({two: STEADY, one: STEADY}), phone_run({three: STEADY, one: STEADY}))

    assert [case.setting for case in view.cases] == [
        "xnnpack, 2 threads",
        "xnnpack, 4 threads",
        "xnnpack, 1 thread",
    ]
    anchors = [[cell.anchor for cell in case.cells] for case in view.cases]
    assert anchors == [
        ["run-1-case-1", ""],
        ["run-1-case-2", "run-2-case-2"],
        ["", "run-2-case-1"],
    ]
    assert view.cases[0].cells[1] == CellText(
        anchor="", value="", detail="not in this run", chip=None, problem="", ratio=NO_RATIO
    )


def test_a_failed_case_says_so_in_its_cell() -> None:
    view = aligned(phone_run(), phone_run({CASE: [None] * 7}))

    assert view.cases[0].cells[1] == CellText(
        anchor="run-2-case-1",
        value="failed",
        detail="",
        chip=None,
        problem="signal: No result: killed.",
        ratio=NO_RATIO,
    )


def test_a_partial_case_is_compared_and_says_that_it_is_partial() -> None:
    cell = aligned(phone_run(), phone_run({CASE: [*SLOWER, None]})).cases[0].cells[1]

    assert cell.problem == "partial, signal: No result: killed."
    assert cell.ratio == RatioText(value="2.00×", note="1.73 to 2.31")


def test_runs_without_a_common_case_say_so() -> None:
    view = aligned(phone_run(), phone_run({make_case(threads=1): STEADY}))

    assert view.cases_note == "No case is in more than one of these runs."
    assert (len(view.cases), view.chart) == (2, "")


# ---- ratios -------------------------------------------------------------------------------------


def test_a_ratio_is_that_of_the_advisory_gate() -> None:
    scattered = [
        value * factor for value, factor in zip(STEADY, (3, 2, 2.5, 4, 3, 2, 2), strict=True)
    ]

    ratio = ratio_of(phone_run(), phone_run({CASE: scattered}))

    limits = Limits(noise_floor_percent=1, tolerance_percent=5)
    decision = decide_unpaired(STEADY, scattered, limits, 13.9)
    assert isinstance(ratio, Estimate)
    assert decision.estimate_percent is not None
    assert decision.low_percent is not None
    assert decision.high_percent is not None
    assert ratio.value == pytest.approx(1 + decision.estimate_percent / 100)
    assert ratio.low == pytest.approx(1 + decision.low_percent / 100)
    assert ratio.high == pytest.approx(1 + decision.high_percent / 100)


@pytest.mark.parametrize(
    ("tier", "value"), [("T0", "~"), ("T1", "~"), ("T2", "1.06×"), ("T9", "~")]
)
def test_what_two_sessions_may_differ_by_is_no_number(tier: str, value: str) -> None:
    device = replace(PIXEL_4, tier=tier)
    candidate = phone_run({CASE: [value * 1.06 for value in STEADY]}, device=device)

    ratio = shown_ratio(phone_run(device=device), candidate)

    assert ratio is not None
    assert ratio.value == value
    assert bool(ratio.note) == (value != "~")


def test_the_noise_between_sessions_is_named() -> None:
    note = aligned(phone_run(), phone_run({CASE: SLOWER})).cases_note

    assert "widened by the 13.9 % that two sessions of tier T0 may differ by" in note


def test_each_run_is_compared_with_the_first() -> None:
    view = aligned(phone_run({CASE: SLOWER}), phone_run(), phone_run({CASE: [800.0] * 7}))

    assert [cell.ratio and cell.ratio.value for cell in view.cases[0].cells] == [
        None,
        "0.500×",
        "1.97×",
    ]


@pytest.mark.parametrize("contradicted", [0, 1])
def test_a_contradicted_value_is_marked_and_gives_no_ratio(contradicted: int) -> None:
    other_file = {CASE.model_id: make_facts(sha256="c9" * 32)}
    pages = [phone_run(), phone_run({CASE: SLOWER})]
    pages[contradicted] = phone_run({CASE: SLOWER}, models=other_file)

    view = aligned(*pages)

    cells = view.cases[0].cells
    assert cells[contradicted].chip == Chip(word="contradicted", tone="bad")
    assert cells[1].ratio == RatioText(value="–", note="no ratio: evidence contradicted")
    assert (cells[0].value, cells[1].value != "") == ("203" if contradicted else "406", True)


def test_too_few_invocations_give_no_ratio() -> None:
    cell = aligned(phone_run(), phone_run({CASE: SLOWER[:5]})).cases[0].cells[1]

    assert cell.detail == "no interval · n = 5"
    assert cell.ratio == RatioText(value="–", note="no ratio: fewer than 6 invocations")


def test_a_latency_of_zero_gives_no_ratio() -> None:
    ratio = shown_ratio(phone_run(), phone_run({CASE: [0.0, *STEADY]}))

    assert ratio == RatioText(value="–", note="no ratio: a latency that is no time")


# ---- what may be compared -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("device", "tool", "footing"),
    [
        (PIXEL_4, make_tool(), Footing()),
        (PIXEL_4, make_tool(sha256="c3" * 32), Footing()),
        (OTHER_PHONE, make_tool(), Footing(between_devices=True)),
        (
            OTHER_PHONE,
            make_tool(sha256="c3" * 32),
            Footing(problem="both the device and the build of the tool are others"),
        ),
        (
            replace(PIXEL_4, tier="T2"),
            make_tool(),
            Footing(problem="one is of tier T0, the other of tier T2"),
        ),
        (
            PIXEL_4,
            make_tool(stand_in=True),
            Footing(problem="one tool is the stand-in, the other is not"),
        ),
        (make_device(), make_tool(), Footing(problem="one is a host, the other a phone")),
    ],
)
def test_device_tier_and_tool_decide_what_may_be_compared(
    device: object, tool: object, footing: Footing
) -> None:
    first = make_info([CASE], device=PIXEL_4, tool=make_tool())

    assert find_footing(first, make_info([CASE], device=device, tool=tool)) == footing


def test_hosts_with_other_cpus_are_two_devices() -> None:
    one, two = (make_info([CASE], device=make_device(cpu_count=count)) for count in (2, 8))

    assert find_footing(one, two) == Footing(between_devices=True)


def test_across_tiers_there_are_both_values_a_notice_and_no_ratio() -> None:
    fixed = phone_run({CASE: SLOWER}, device=replace(PIXEL_4, tier="T2"))

    view = aligned(phone_run(), fixed)

    assert view.warnings == (
        "These latencies are not comparable as if only the model had changed. The runs differ in "
        "their tier (tier: T0 in run 1, T2 in run 2).",
        "No ratio of run 2 to run 1: one is of tier T0, the other of tier T2.",
    )
    assert [cell.value for cell in view.cases[0].cells] == ["203", "406"]
    assert [cell.ratio for cell in view.cases[0].cells] == [None, None]
    assert view.runs[1].ratio == ""
    assert view.cases_note == ""
    assert "×" not in view.chart
    assert "No ratios are told." in view.chart


def test_two_phones_of_one_model_are_two_devices() -> None:
    view = aligned(
        phone_run(), phone_run({CASE: SLOWER}, device=OTHER_PHONE), phone_run(folder="x")
    )

    assert view.warnings == (
        "These latencies are not comparable as if only the model had changed. The runs differ in "
        "their device (device: Pixel 4 (9A221FFAZ004PX) in run 1, Pixel 4 (8B331FFAZ00999) in run "
        "2).",
        "Ratios of run 2 to run 1 are ratios between two devices.",
    )
    assert (view.runs[1].ratio, view.runs[1].ratio_note) == ("run 2 / run 1", "between devices")
    assert view.cases[0].cells[1].ratio == RatioText(value="2.00×", note="1.73 to 2.31")


def test_another_build_of_the_tool_is_told_beside_the_ratio() -> None:
    view = aligned(phone_run(), phone_run({CASE: SLOWER}, tool=make_tool(sha256="c3" * 32)))

    assert view.warnings == ("A difference of latency may also come from what else differs: tool.",)


# ---- conditions ---------------------------------------------------------------------------------


def test_what_differs_has_a_row_and_the_rest_a_line() -> None:
    plan = Plan(title="longer", cases=(CASE,), settings=Settings(num_runs=50, rounds=99, seed=3))
    second = phone_run(
        folder="two",
        plan=plan,
        created_at="2026-04-02T08:30:00+02:00",
        device=replace(PIXEL_4, fingerprint="google/flame/flame:14"),
        versions={"python": "3.12.1", "mbert-bench": "0.1.0"},
        models={CASE.model_id: make_facts(sha256="c9" * 32)},
    )

    view = aligned(phone_run(), second)

    assert [(row.name, *row.values) for row in view.identity] == [
        ("folder", "one", "two"),
        ("date", "2026-03-01 10:00 UTC", "2026-04-02 06:30 UTC"),
        ("plan", "quick", "longer"),
    ]
    tool = "benchmark_model b2b2b2b2b2b2"
    assert [(row.name, *row.values, row.differs) for row in view.conditions] == [
        ("device", "Pixel 4 (9A221FFAZ004PX)", "Pixel 4 (9A221FFAZ004PX)", False),
        ("tier", "T0", "T0", False),
        ("tool", tool, tool, False),
        ("system", "google/flame/flame:13", "google/flame/flame:14", True),
        ("setting num_runs", "20", "50", True),
        ("version of python", "3.11.9", "3.12.1", True),
    ]
    assert view.models == (
        ConditionRow(
            name="mobilebert-qa-seq128-fp32", values=("a1a1a1a1a1a1", "c9c9c9c9c9c9"), differs=True
        ),
    )
    assert (view.models_title, view.models_folded) == ("1 model file differs", False)
    assert view.cases[0].note == "the model files differ"
    assert view.same == (
        f"The same in all: device Pixel 4 (9A221FFAZ004PX); tier T0; tool {tool}; "
        "7 of 8 settings that count; 1 of 2 versions of software; "
        "0 of 1 model files that they share."
    )
    assert view.warnings == (
        "A difference of latency may also come from what else differs: system, setting num_runs, "
        "version of python.",
    )


def test_many_model_files_that_differ_are_folded() -> None:
    cases = [make_case(f"model-{n}") for n in range(9)]
    samples = dict.fromkeys(cases, STEADY)
    changed = {case.model_id: make_facts(sha256=f"{n}" * 64) for n, case in enumerate(cases)}

    view = aligned(phone_run(samples), phone_run(samples, models=changed))

    assert (view.models_title, view.models_folded) == ("9 model files differ", True)


def test_a_model_file_of_one_run_only_is_no_difference() -> None:
    view = aligned(phone_run(), phone_run({make_case("bert-base"): STEADY}))

    assert (view.models, view.models_title) == ((), "")


# ---- which runs ---------------------------------------------------------------------------------


def test_a_comparison_among_runs_is_left_out_and_the_others_keep_their_numbers() -> None:
    comparison = RunPage(result=summarize(make_comparison_run()))

    view = aligned(phone_run(), comparison, phone_run({CASE: SLOWER}))

    assert view.left_out == (
        "Run 2 compares in pairs: its verdict stands with it, and its cases are not set beside "
        "those of other runs.",
    )
    assert [(run.name, run.anchor) for run in view.runs] == [("run 1", "run-1"), ("run 3", "run-3")]
    assert [cell.anchor for cell in view.cases[0].cells] == ["run-1-case-1", "run-3-case-1"]


def test_a_run_is_not_compared_with_itself_or_its_copy() -> None:
    view = aligned(phone_run(), phone_run(folder="copy"))

    assert view == AlignedView(
        title="No runs to set side by side",
        left_out=("Run 2 holds the same measurements as run 1.",),
    )


def test_a_run_of_the_same_plan_with_other_measurements_is_no_copy() -> None:
    assert aligned(phone_run(), phone_run({CASE: SLOWER})).left_out == ()


# ---- claims -------------------------------------------------------------------------------------


def test_headline_claims_stand_side_by_side() -> None:
    view = aligned(phone_run({CASE: [60.0] * 7}), phone_run({CASE: [90.0] * 7}))

    (claim,) = view.claims
    assert (claim.statement, claim.published) == (
        "MobileBERT has a latency.",
        "62\N{NO-BREAK SPACE}ms",
    )
    assert claim.cells == tuple(
        ClaimCell(
            measured=Measured(
                value=f"{value}\N{NO-BREAK SPACE}ms",
                interval=f"{value} to {value}\N{NO-BREAK SPACE}ms (n = 7)",
            ),
            chip=chip,
        )
        for value, chip in (
            ("60.0", Chip(word="supported", tone="good")),
            ("90.0", Chip(word="refuted", tone="bad")),
        )
    )


# ---- the page -----------------------------------------------------------------------------------


def test_all_cells_of_the_page_lead_to_evidence() -> None:
    html = render_report([phone_run(), phone_run({CASE: SLOWER}), phone_run({CASE: [None] * 7})])

    section = side_by_side(html)
    links = set(re.findall(r'href="#([^"]+)"', section))
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert {"run-1-case-1", "run-2-case-1", "run-3-case-1", "run-1", "run-2", "run-3"} <= links
    assert links <= set(ids)
    assert len(ids) == len(set(ids))


def test_the_runs_stand_side_by_side_before_each_of_them() -> None:
    html = render_report([phone_run(), phone_run({CASE: SLOWER})])

    assert html.index('id="side-by-side"') < html.index('<article id="run-1"')
    assert "side-by-side" not in render_report([phone_run()])


@pytest.mark.parametrize("attack", ATTACKS[:3])
def test_hostile_text_is_text(attack: str) -> None:
    pages = [
        phone_run(
            {CASE: samples},
            folder=attack.replace("/", ""),
            device=make_device(
                "phone", model=attack, serial=f"{attack}{n}", fingerprint=f"{n}{attack}"
            ),
            versions={f"{attack}": f"{n}{attack}"},
            plan=Plan(title=attack, cases=(CASE,), settings=Settings(allow=(f"{n}{attack}",))),
        )
        for n, samples in enumerate((STEADY, SLOWER))
    ]

    section = side_by_side(render_report(pages))

    assert "2 runs side by side" in section
    assert attack not in section
    assert not re.search("<(script|img|h6)", section)
