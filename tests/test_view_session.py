"""Tests of the device along a run as the page tells it in words."""

from __future__ import annotations

from dataclasses import replace

from devices import make_heat, make_state, make_timed
from factories import PIXEL_4, make_case, make_output, make_run

from harness.device import Observation
from harness.record import Record
from harness.summary import RunResult, summarize
from reports.html import render_report
from reports.page import RunPage
from reports.views.session import SessionRow, SessionView, build_session

CASE = make_case()


def result_of(*records: Record, kind: str = "phone") -> RunResult:
    run = make_run({CASE: []}, more_records=records, device=replace(PIXEL_4, kind=kind))
    return summarize(replace(run, records=records))


def session_of(*records: Record, kind: str = "phone") -> SessionView:
    view = build_session(result_of(*records, kind=kind), "run-1")
    assert view is not None
    return view


def test_heat_is_told_in_words_and_each_invocation_that_it_touched_is_listed() -> None:
    view = session_of(*make_heat(CASE))

    assert view.findings == (
        "Temperature of the skin 30.0 to 41.0 °C, of the battery 25.0 °C throughout; clock of "
        "policy4 1.20 GHz throughout, over 10.0 minutes.",
        "Heat slowed 2 of 5 invocations; redone: 1.",
        "1 invocation started warmer than the run's start allows.",
        "The run waited 120 s for cooling, before 1 invocation.",
        "The thermal status was above 0 before or after 1 invocation; the highest was 2.",
    )
    label, anchor = "mobilebert-qa-seq128-fp32, xnnpack, 4 threads", "run-1-case-1"
    assert view.rows == (
        SessionRow(
            minute="2.00",
            case=label,
            anchor=anchor,
            round="3",
            what="thermal status 2 after; slowed by heat, redone",
        ),
        SessionRow(
            minute="6.00",
            case=label,
            anchor=anchor,
            round="7",
            what="started too warm after 120 s of cooling",
        ),
        SessionRow(
            minute="8.00",
            case=label,
            anchor=anchor,
            round="9",
            what="slowed by heat (policy4 capped at 1500000 kHz), kept",
        ),
    )
    assert view.more == ""
    assert view.chart.startswith("<svg")
    assert "Dashed: the highest clock that was allowed." in view.caption


def test_a_device_that_tells_nothing_is_said_to_tell_nothing() -> None:
    silent = Observation(load_1min=0.5)

    view = session_of(make_timed(CASE, 0, silent), make_timed(CASE, 2, silent))

    assert view == SessionView(
        findings=(
            "The device tells neither its temperature nor its clocks, so there is no chart.",
        ),
        chart="",
        caption="",
        rows=(),
        more="",
    )


def test_a_calm_run_says_that_nothing_shows_heat() -> None:
    view = session_of(make_timed(CASE, 0, make_state(30.0)), make_timed(CASE, 2, make_state(31.0)))

    assert view.findings[1:] == ("Nothing shows that heat slowed any of 2 invocations.",)
    assert view.rows == ()
    assert "signs" not in view.caption


def test_a_clock_that_never_changes_is_told_and_not_drawn() -> None:
    seen = Observation(cpu_mhz=2600.0)

    view = session_of(make_timed(CASE, 0, seen), make_timed(CASE, 2, seen), kind="host")

    assert view.findings == (
        "Clock of all CPUs 2.60 GHz throughout, over 3.00 minutes.",
        "It does not tell its temperature.",
    )
    assert (view.chart, view.caption) == ("", "")


def test_no_invocation_has_no_section() -> None:
    assert build_session(result_of(), "run-1") is None


def test_other_purposes_are_named_and_long_lists_are_cut() -> None:
    hot = make_state(41.0, thermal_status=1)
    check = replace(make_output(CASE), before=hot, after=hot)
    records = [make_timed(CASE, n, make_state(), late_cool=True) for n in range(2, 52)]

    view = session_of(check, *records)

    assert view.rows[0].round == "1, output"
    assert view.rows[0].what == "thermal status 1 before and 1 after"
    assert len(view.rows) == 20
    assert view.more == "And 31 more: the CSV of all invocations has them."


def test_an_invocation_of_a_case_that_the_plan_lacks_has_no_link() -> None:
    stranger = replace(make_timed(CASE, 2, make_state(), late_cool=True), case="<b>who</b>")

    view = session_of(make_timed(CASE, 0, make_state()), stranger)

    assert [(row.case, row.anchor) for row in view.rows] == [("<b>who</b>", "")]


def test_a_line_that_was_thinned_or_broken_says_so() -> None:
    often = [make_timed(CASE, n / 10, make_state(30 + n % 7)) for n in range(700)]

    assert "at most 600 points" in session_of(*often).caption
    rare = [make_timed(CASE, n, make_state(30 + n % 7)) for n in (0, 100)]
    assert "broken where nothing was seen for 30 minutes" in session_of(*rare).caption


def test_the_section_stands_in_the_page_as_text() -> None:
    records = list(make_heat(CASE))
    records[3] = replace(records[3], throttled="<script>alert(1)</script>")

    html = render_report([RunPage(result=result_of(*records))])

    assert 'id="run-1-session"' in html
    assert "slowed by heat (&lt;script&gt;alert(1)&lt;/script&gt;), kept" in html
    assert "<script>alert" not in html
