"""Tests of the page of a comparison: its first screen, its cells, and what is not on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from compared import CELL, NEW_SIZE_BYTES, compare, page_of
from factories import (
    PIXEL_4,
    make_case,
    make_cell,
    make_control,
    make_failure,
    make_pairs,
    make_record,
    make_result,
    make_tool,
)

from harness.claim_ledger import load_claims
from harness.claims import judge_claims
from harness.gate_result import GateVerdict
from harness.noise import find_noise
from harness.policy import Inconclusive, Policy
from harness.record import THROTTLED, Purpose, Record
from harness.store import StoredRun
from reports.cells import Chip
from reports.html import render_report
from reports.page import RunPage
from reports.view import build_view
from reports.views.comparison import ComparisonView, SideRow, build_comparison_view
from reports.views.comparison_cells import CellRow
from reports.views.environment import Fact
from reports.views.visible import VisibleRow

WILD = 30.0
FAILED = [*make_pairs(CELL, 8.0), *make_pairs(CELL, 8.0, purpose=Purpose.CONFIRMATION)]


def view(run: StoredRun, policy: Policy | None = None) -> ComparisonView:
    built = build_comparison_view(page_of(run, policy), "run-1")
    assert built is not None
    return built


def rows(shown: ComparisonView) -> dict[str, CellRow]:
    (group,) = shown.groups
    return {row.metric: row for row in group.rows}


# ---- the first screen ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "chip", "meaning", "exit_code"),
    [
        (make_pairs(CELL), Chip(word="pass", tone="good"), "No regression", "exits with 0"),
        (FAILED, Chip(word="fail", tone="bad"), "A regression is proven", "exits with 1"),
        (
            make_pairs(CELL, 3.0, 24, scatter=WILD),
            Chip(word="inconclusive", tone="mixed"),
            "Not decided",
            "exits with 0, with --strict 4",
        ),
        (
            make_pairs(CELL, 0.0, 3),
            Chip(word="infrastructure", tone="mixed"),
            "Neither green nor red",
            "exits with 3",
        ),
    ],
    ids=list(GateVerdict),
)
def test_the_verdict_is_a_word_a_sentence_and_an_exit_code(
    records: list[Record], chip: Chip, meaning: str, exit_code: str
) -> None:
    shown = view(compare(records))

    assert shown.verdict == chip
    assert shown.meaning.startswith(meaning)
    assert shown.exit_code == f"mbert-bench gate {exit_code}"


def test_the_exit_code_is_the_policys() -> None:
    run = compare(make_pairs(CELL, 3.0, 24, scatter=WILD))

    shown = view(run, Policy(inconclusive=Inconclusive.STRICT))

    assert shown.exit_code == "mbert-bench gate exits with 4"


def test_what_was_compared_is_told_with_its_hashes_and_sizes() -> None:
    shown = view(compare())

    tool = "stand-in b2b2b2b2b2b2"
    old = SideRow(
        arm="baseline",
        model="/old/mobilebert.tflite",
        sha256="a1a1a1a1a1a1",
        size="97,666,928 bytes",
        tool=tool,
    )
    new = SideRow(
        arm="candidate",
        model="/new/mobilebert.tflite",
        sha256="c3c3c3c3c3c3",
        size=f"{NEW_SIZE_BYTES:,} bytes",
        tool=tool,
    )
    assert (shown.sides, shown.sides_folded) == ((old, new), ())
    assert shown.title == "new/mobilebert.tflite against old/mobilebert.tflite"
    assert shown.against_itself == ""


def test_a_model_file_is_told_once_however_often_it_is_compared() -> None:
    cells = [make_cell(threads=threads) for threads in (1, 2, 4)]

    assert len(view(compare(cells=cells)).sides) == 2


def test_many_model_files_are_folded() -> None:
    shown = view(compare(cells=[make_cell(f"model-{n}") for n in range(7)]))

    assert (len(shown.sides), len(shown.sides_folded)) == (8, 6)


def test_a_file_that_is_missing_has_no_size() -> None:
    run = compare([])
    models = {name: facts for name, facts in run.info.models.items() if "candidate" not in name}

    side = view(replace(run, info=replace(run.info, models=models))).sides[1]

    assert (side.sha256, side.size) == ("not to be had", "–")


def test_the_facts_say_where_and_how_much_was_measured() -> None:
    facts = view(compare(FAILED, device=PIXEL_4, tool=make_tool())).facts

    assert facts == (
        Fact(name="device", value="Pixel 4 (9A221FFAZ004PX)"),
        Fact(name="tier", value="T0: nothing is controlled"),
        Fact(
            name="pairs",
            value="8 of at most 24 per case; planned looks at 8, 12, 18, 24; 1 measured again with "
            "fresh pairs",
        ),
        Fact(name="settings", value="xnnpack, 4 threads"),
    )


def test_fresh_pairs_that_were_not_measured_are_not_told() -> None:
    (pairs,) = [fact.value for fact in view(compare(FAILED[:16])).facts if fact.name == "pairs"]

    assert pairs == "8 of at most 24 per case; planned looks at 8, 12, 18, 24"


def test_the_smallest_slowdown_is_told() -> None:
    assert view(compare()).smallest.startswith("The smallest slowdown that this comparison would")


# ---- cells --------------------------------------------------------------------------------------


def test_a_cell_has_its_limits_and_values() -> None:
    shown = rows(view(compare(FAILED)))

    latency, size = shown["latency"], shown["size"]
    assert latency.change.startswith("+8.")
    assert replace(latency, change="", interval="", reason="") == CellRow(
        metric="latency",
        change="",
        interval="",
        noise_floor="1 %",
        tolerance="5 %",
        values="20 → 21.6 ms",
        pairs="8",
        chip=Chip(word="fail", tone="bad"),
        reason="",
    )
    assert latency.reason.endswith("A second, fresh measurement agrees.")
    assert replace(size, reason="") == CellRow(
        metric="size",
        change="-0.00095 %",
        interval="exact",
        noise_floor="–",
        tolerance="1 %",
        values="97666928 → 97666000 bytes",
        pairs="–",
        chip=Chip(word="pass", tone="good"),
        reason="",
    )
    assert {"operators", "partitions", "undelegated-nodes"} <= set(shown)


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        (make_pairs(CELL, 0.2), "below the tolerance of 5 %"),
        (
            make_pairs(CELL, 1.0, 24, scatter=60.0),
            "neither above the noise floor of 1 % nor below 5 % for sure",
        ),
    ],
)
def test_a_difference_inside_the_noise_is_no_percentage_anywhere(
    records: list[Record], reason: str
) -> None:
    latency = rows(view(compare(records)))["latency"]

    assert (latency.change, latency.reason) == ("~", reason)


def test_too_few_pairs_say_that_there_is_no_interval() -> None:
    latency = rows(view(compare(make_pairs(CELL, 4.0, 4), rounds=4)))["latency"]

    assert (latency.change, latency.interval) == ("–", "no interval")
    assert latency.reason == "neither above the noise floor of 1 % nor below 5 % for sure"


def test_of_many_cases_those_without_a_difference_are_folded() -> None:
    cells = [make_cell(f"model-{n}") for n in range(9)]
    records = [r for n, cell in enumerate(cells) for r in make_pairs(cell, 9.0 if n == 4 else 0.0)]

    shown = view(compare(records, cells=cells))

    assert [group.name for group in shown.groups if group.has_problem] == [
        "model-4/xnnpack/threads4"
    ]
    assert len(shown.groups) + len(shown.groups_folded) == 9
    assert [case.name for case in shown.pairs] == ["model-4/xnnpack/threads4"]
    assert len(shown.pairs_folded) == 8


def test_charts_of_pairs_are_bounded() -> None:
    cells = [make_cell(f"model-{n}") for n in range(30)]

    shown = view(compare(cells=cells))

    assert len(shown.pairs) + len(shown.pairs_folded) == 24
    assert shown.pairs_left == "6 other cases are without a chart."


def test_what_was_visible_is_told_by_case() -> None:
    (row,) = view(compare()).visible

    smallest = float(row.smallest.removesuffix(" %"))
    assert 1 < smallest < 3
    assert replace(row, smallest="", scatter="") == VisibleRow(
        name=CELL.name,
        pairs="8",
        scatter="",
        smallest="",
        tolerance="5 %",
        heat="none",
        finding="",
    )


def test_heat_on_one_side_is_a_finding() -> None:
    hot = [make_failure(CELL.candidate, n, kind=THROTTLED) for n in range(7)]

    (row,) = view(compare([*make_pairs(CELL), *hot])).visible

    assert row.heat == "0 and 7"
    assert row.finding.startswith("heat spoilt 7 invocations of the candidate and 0")


def test_without_pairs_nothing_is_known_to_be_visible() -> None:
    shown = view(compare([]))

    assert [(row.pairs, row.scatter, row.smallest) for row in shown.visible] == [
        ("0", "–", "not known")
    ]
    assert (shown.pairs, shown.pairs_folded) == ((), ())


def test_the_notes_are_told_and_many_are_folded() -> None:
    cells = [make_cell(f"model-{n}") for n in range(20)]
    run = compare(cells=cells)
    wrong = tuple(replace(record, tool_sha256="e5" * 32) for record in run.records)

    shown = view(replace(run, records=wrong))

    assert len(shown.remarks) == 12
    assert len(shown.remarks_folded) == 40 + 1 - 12  # two sides each, and the stand-in


# ---- the control --------------------------------------------------------------------------------


def control(values_ms: Sequence[float]) -> list[Record]:
    return [make_record(make_control(), n, value) for n, value in enumerate(values_ms)]


@pytest.mark.parametrize(
    ("values_ms", "start"),
    [
        ([1.0, 1.01] * 3, "Fewer than 12 invocations"),
        ([1.0, 1.01] * 6, "~: from the session's first half to its second"),
        ([1.0, 1.01] * 3 + [1.1, 1.11] * 3, "The control moved by +10.0 %"),
    ],
)
def test_the_control_says_whether_the_device_was_the_same(
    values_ms: list[float], start: str
) -> None:
    shown = view(compare([*make_pairs(CELL), *control(values_ms)]))

    assert shown.control_sentence.startswith(start)
    assert shown.control.startswith("<svg")


def test_without_a_control_there_is_no_chart_of_it() -> None:
    shown = view(compare([*make_pairs(CELL), *control([1.0])]))

    assert (shown.control, shown.control_sentence) == ("", "")


# ---- a model with itself ------------------------------------------------------------------------


def test_a_model_against_itself_tells_the_devices_noise() -> None:
    run = compare(title="against itself")
    models = dict.fromkeys(run.info.models, run.info.models["baseline-mobilebert"])
    same = replace(run, info=replace(run.info, models=models))
    page = replace(page_of(same), noise=find_noise([same] * 3, Policy()))

    shown = build_comparison_view(page, "run-1")

    assert shown is not None
    assert shown.against_itself.startswith("Baseline and candidate are the same model")
    assert shown.noise is not None
    assert shown.noise.bound.startswith("No comparison was measured; 3 could not be")
    assert shown.noise.problems != ()
    assert len(shown.noise.rows) == 1
    assert shown.noise.advice != ()


# ---- the page -----------------------------------------------------------------------------------


def test_the_page_of_a_comparison_says_nothing_of_claims() -> None:
    page = page_of(compare(FAILED))
    page = replace(page, judgements=judge_claims(load_claims(), page.result))

    (run,) = build_view([page]).runs
    html = render_report([page])

    assert (run.cards, run.ledger.judged, run.ledger.open) == ((), (), ())
    assert "MobileBERT takes 62 ms" not in html
    assert "Latency against model size" not in html
    order = [">Verdict of the gate<", ">What to do next<", "<bdi>/old/mobilebert", ">Raw data</h"]
    positions = [html.index(word) for word in order]
    assert positions == sorted(positions)
    assert "mbert-bench-run-1-gate.json" in html


def test_advice_of_two_runs_and_runs_that_compare_nothing_have_no_such_page() -> None:
    advice = page_of(compare())
    assert advice.gate is not None
    advice = replace(advice, gate=replace(advice.gate, advisory=True))

    assert build_comparison_view(advice, "run-1") is None
    assert build_comparison_view(RunPage(result=make_result({make_case(): [1.0]})), "a") is None


def test_two_comparisons_on_a_page_share_no_id() -> None:
    page = page_of(compare([*FAILED, *control([1.0] * 12)]))

    html = render_report([page, page])

    ids = [part.partition('"')[0] for part in html.split(' id="')[1:]]
    assert len(ids) == len(set(ids))


def test_foreign_text_stays_text() -> None:
    attack = "</title><script>alert(1)</script>{{ 7 * 7 }}"
    cell = make_cell(attack.replace("/", "|"))
    failures = [make_failure(cell.candidate, n, message=attack) for n in range(2)]

    html = render_report([page_of(compare([*make_pairs(cell, 1.0, 3), *failures], cells=[cell]))])

    assert html.count("<script") == render_report([]).count("<script")
    assert "{{ 7 * 7 }}" in html
