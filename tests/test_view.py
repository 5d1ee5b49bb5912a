"""Tests of what the page says, as strings, before there is a page."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest
from factories import (
    PIXEL_4,
    make_case,
    make_claim,
    make_failure,
    make_file_case,
    make_info,
    make_record,
    make_result,
    make_run,
    make_tool,
)

from harness.claim_ledger import Claim, ClaimKind, load_claims
from harness.claims import judge_claims
from harness.plan import Plan
from harness.record import Failure
from harness.settings import Settings
from harness.summary import RunResult, summarize
from reports.cells import Chip, Number, aligned, many_lines, number, one_line
from reports.labels import setting_label, varying
from reports.page import RunPage
from reports.reproduce import case_command, claim_command, other_settings, tool_command
from reports.view import ReportView, RunView, build_view
from reports.views.claims import Difference, HeadlineCard, Measured
from reports.views.failures import FailureRow, WarningRow

STEADY = [20.0, 20.1, 20.2, 20.3, 20.4, 20.5, 20.6]
_MARK = "\N{REPLACEMENT CHARACTER}"


def view_of(result: RunResult, *claims: Claim) -> RunView:
    (run,) = build_view([RunPage(result=result, judgements=judge_claims(claims, result))]).runs
    return run


def card_of(result: RunResult, claim: Claim) -> HeadlineCard:
    (card,) = view_of(result, claim).cards
    return card


# ---- cards --------------------------------------------------------------------------------------


def test_a_card_of_a_host_says_what_differs() -> None:
    card = card_of(make_result({make_case(): STEADY}, stand_in=False), make_claim())

    assert card == HeadlineCard(
        statement="MobileBERT has a latency.",
        published="62\N{NO-BREAK SPACE}ms",
        measured=Measured(
            value="20.3\N{NO-BREAK SPACE}ms", interval="20.1 to 20.5\N{NO-BREAK SPACE}ms (n = 7)"
        ),
        device="on this host (Test CPU)",
        chip=Chip(word="differs", tone="mixed"),
        meaning="under other conditions, so neither supported nor refuted",
        differences=(
            Difference(name="device", published="Pixel 4", measured="this host (Test CPU)"),
        ),
        same="threads 4; sequence length 128; quantization fp32",
        notes=(),
        reason="",
        command=(),
    )


@pytest.mark.parametrize(("latency_ms", "word"), [(60.0, "supported"), (90.0, "refuted")])
def test_a_phone_under_the_same_conditions_decides(latency_ms: float, word: str) -> None:
    result = make_result({make_case(): [latency_ms] * 7}, device=PIXEL_4, stand_in=False)

    card = card_of(result, make_claim())

    tone = {"supported": "good", "refuted": "bad"}[word]
    assert (card.chip, card.differences) == (Chip(word=word, tone=tone), ())


def test_a_claim_without_a_case_says_how_to_measure_it() -> None:
    claim = make_claim(ClaimKind.LATENCY_RATIO)

    card = card_of(make_result({make_case(): STEADY}), claim)

    assert card.chip == Chip(word="not-measured", tone="none")
    assert card.measured == Measured(value="–", interval="")
    assert card.reason == "No case of this run measures it."
    assert " ".join(card.command) == (
        "mbert-bench run --device host --model bert-base,mobilebert --seq-len 128 --threads 4"
    )


def test_a_claim_whose_case_failed_names_the_failure() -> None:
    card = card_of(make_result({make_case(): [None] * 7}), make_claim())

    assert card.reason == "This run measured it in vain (signal): see Failures."


def test_too_few_invocations_show_that_there_is_no_interval() -> None:
    card = card_of(make_result({make_case(): [20.0] * 3}, stand_in=False), make_claim())

    assert card.measured.interval == "no interval (n = 3)"
    names = [row.name for row in card.differences]
    assert names == ["device", "invocations"]


@pytest.mark.parametrize(
    ("baseline", "value"),
    [
        ([19.0, 21.2, 19.5, 21.0, 20.4, 19.9, 20.6], "~"),
        ([40.0, 40.1, 40.2, 40.3, 40.4, 40.5, 40.6], "1.99×"),
    ],
)
def test_a_ratio_inside_the_noise_is_no_number(baseline: list[float], value: str) -> None:
    result = make_result({make_case("bert-base"): baseline, make_case(): STEADY})

    card = card_of(result, make_claim(ClaimKind.LATENCY_RATIO))

    assert card.measured.value == value
    assert ("holds 1" in card.measured.interval) == (value == "~")


def test_a_count_is_exact() -> None:
    card = card_of(make_result(), make_claim(ClaimKind.PARAMETERS, published=24.6))

    measured = Measured(value="24.6\N{NO-BREAK SPACE}M", interval="exact")
    assert (card.measured, card.chip.word) == (measured, "supported")


# ---- ledger -------------------------------------------------------------------------------------


def test_the_ledger_keeps_every_claim_and_sets_accuracies_apart() -> None:
    claims = load_claims()

    ledger = view_of(make_result(), *claims).ledger

    assert {row.id for row in ledger.accuracy} == {c.id for c in claims if not c.measurable}
    assert ledger.accuracy
    tables = [ledger.judged, ledger.differing, ledger.counted, ledger.open]
    found = sorted(row.id for rows in tables for row in rows)
    assert found == sorted(c.id for c in claims if c.measurable)
    assert {row.chip.word for row in ledger.open} == {"not-measured"}
    assert {(row.chip.word, row.setting) for row in ledger.counted} == {("supported", "")}
    headlines = {c.id for c in claims if c.headline}
    assert headlines <= {row.id for row in (*ledger.judged, *ledger.open)}


# ---- cases --------------------------------------------------------------------------------------


def test_a_failed_case_is_a_row_with_its_reason() -> None:
    good, bad = make_case(), make_case(threads=1)

    rows = view_of(make_result({good: STEADY, bad: [None] * 7})).cases

    assert [(r.status, r.latency, r.interval, r.count, r.problem) for r in rows] == [
        (Chip(word="ok", tone="none"), Number(text="20.3"), "20.1 to 20.5", "7", ""),
        (
            Chip(word="failed", tone="bad"),
            Number(text="–"),
            "–",
            "0",
            "signal: No result: killed.",
        ),
    ]


def test_failures_of_the_same_kind_are_told_once() -> None:
    first, second = make_case(), make_case(threads=1)

    run = view_of(make_result({first: [20.0, None, 20.1, None], second: [None] * 4}))

    assert run.failures == (
        FailureRow(
            kind="signal",
            message="No result: killed.",
            cases=(
                "mobilebert-qa-seq128-fp32, xnnpack, 4 threads: 2 of 4 invocations (rounds 2, 4)",
                "mobilebert-qa-seq128-fp32, xnnpack, 1 thread: "
                "4 of 4 invocations (rounds 1, 2, 3, 4)",
            ),
        ),
    )


def test_many_different_failures_of_a_case_are_counted() -> None:
    case = make_case()
    records = [make_failure(case, n, message=f"message {n}") for n in range(9)]

    rows = view_of(make_result({case: []}, more_records=records)).failures

    assert [row.message for row in rows] == [
        *(f"message {n}" for n in range(5)),
        "4 other messages are in records.jsonl.",
    ]


def test_a_model_that_could_not_be_built_is_a_failure() -> None:
    missing = {make_case().model_id: Failure(kind="model-build", message="no TensorFlow")}

    run = view_of(make_result({make_case(): []}, missing=missing, models={}))

    name = "mobilebert-qa-seq128-fp32, xnnpack, 4 threads: no invocation"
    assert run.failures == (FailureRow(kind="model-build", message="no TensorFlow", cases=(name,)),)
    assert run.charts == ()


def test_a_warning_of_all_cases_stands_once() -> None:
    result = make_result({make_case(): STEADY, make_case(threads=1): STEADY}, stand_in=True)

    text = "measured with the stand-in tool on the LiteRT runtime for Python"
    assert view_of(result).warnings == (WarningRow(text=text, cases="all 2 cases"),)


def test_evidence_holds_checks_sample_and_commands() -> None:
    case = make_case()
    result = make_result({case: STEADY}, stand_in=False)

    (evidence,) = view_of(result).evidence

    assert evidence.chip == Chip(word="proven", tone="good")
    assert [check.name for check in evidence.checks][:3] == ["model", "loaded model", "tool"]
    assert evidence.sample == "20.0, 20.1, 20.2, 20.3, 20.4, 20.5, 20.6"
    assert evidence.state == "load 0.500 to 0.500; clock in MHz 2,600 to 2,600"
    assert evidence.command == case_command(case, result.run.info)
    assert evidence.tool_command.startswith("/opt/benchmark_model \\\n  --graph=")


# ---- the run ------------------------------------------------------------------------------------


def test_a_host_is_told_at_the_top() -> None:
    texts = [notice.text for notice in view_of(make_result(stand_in=False)).notices]

    assert texts == ["Measured on this host, so no phone latency is confirmed or refuted."]


def test_a_complete_run_on_a_phone_needs_no_notice() -> None:
    assert view_of(make_result(device=PIXEL_4, stand_in=False)).notices == ()


def test_failed_invocations_are_not_taken_for_a_run_that_was_cut_off() -> None:
    result = make_result({make_case(): [20.0, None, 20.1]}, device=PIXEL_4, stand_in=False)

    texts = [notice.text for notice in view_of(result).notices]

    assert texts == ["Of 1 cases: 0 failed, 1 partial. See Failures."]


def test_a_run_that_was_cut_off_says_so() -> None:
    first, second = make_case(), make_case(threads=1)
    run = make_run({first: STEADY, second: STEADY[:3]}, device=PIXEL_4, stand_in=False)

    texts = [n.text for n in view_of(summarize(replace(run, stops=run.stops[:1]))).notices]

    assert texts[-1] == "The run was cut off before its last round. Continue it with --resume."


def test_several_runs_have_a_list_and_anchors_of_their_own() -> None:
    result = make_result()

    view = build_view([RunPage(result=result), RunPage(result=result)])

    assert isinstance(view, ReportView)
    assert view.title == "2 runs"
    assert [entry.name for entry in view.contents] == ["run-1", "run-2"]
    assert [run.cases[0].anchor for run in view.runs] == ["run-1-case-1", "run-2-case-1"]


@pytest.mark.parametrize("created_at", ["yesterday", ""])
def test_a_date_that_is_none_is_shown_as_it_is(created_at: str) -> None:
    assert view_of(make_result(created_at=created_at)).title == f"Test CPU, {created_at}"


# ---- commands -----------------------------------------------------------------------------------


def test_a_case_is_repeated_by_its_axes() -> None:
    case = make_case("mobilebert@paper", cpus="f0")
    info = make_info([case])

    assert " ".join(case_command(case, info)) == (
        "mbert-bench run --device host --model mobilebert@paper --task qa --seq-len 128 "
        "--quantization fp32 --delegate xnnpack --threads 4 --cpus f0 --rounds 20 --num-runs 20 "
        "--target-ci 2"
    )


def test_a_file_with_a_nasty_name_is_quoted() -> None:
    case = make_file_case("/my models/a'b;rm -rf $HOME.tflite")

    info = make_info([case], tool=make_tool())

    words = shlex.split(" ".join(case_command(case, info)))

    assert words[4:6] == ["--model-file", "/my models/a'b;rm -rf $HOME.tflite"]
    assert words[-2:] == ["--benchmark-model", "/opt/benchmark_model"]


def test_settings_that_no_option_gives_are_named() -> None:
    assert other_settings(Settings()) == ()
    assert other_settings(Settings(rounds=3, timeout_s=300, seed=7)) == (
        "timeout_s = 300",
        "seed = 7",
    )


def test_a_claim_about_a_model_that_is_not_built_has_no_command() -> None:
    info = make_info([make_case()])

    assert claim_command(make_claim(models=("nobody-s-bert",)), info) == ()


def test_an_invocation_that_never_started_has_no_tool_command() -> None:
    assert tool_command(make_record(make_case(), flags=()), make_info([make_case()])) is None


# ---- cells --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.0000123, "0.000012"),
        (0.1234, "0.123"),
        (8.571, "8.57"),
        (9.999, "10.0"),
        (14.55, "14.6"),
        (99.96, "100"),
        (999.6, "1,000"),
        (1700.0, "1,700"),
        (float("inf"), "inf"),
    ],
)
def test_numbers_have_three_digits_and_no_exponent(value: float, text: str) -> None:
    assert number(value) == text


def test_numbers_of_a_column_stand_at_their_point() -> None:
    assert aligned([101.2, None, 8.57]) == [
        Number(text="101", pad=".00"),
        Number(text="–"),
        Number(text="8.57"),
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\n b\tc", "a b c"),
        (
            "\N{RIGHT-TO-LEFT OVERRIDE}evil\x00",
            "\N{REPLACEMENT CHARACTER}evil\N{REPLACEMENT CHARACTER}",
        ),
        ("\ud800", _MARK),
        ("x" * 10_000, "x" * 299 + "…"),
        ("<b>", "<b>"),
    ],
)
def test_foreign_text_becomes_one_short_visible_line(text: str, shown: str) -> None:
    assert one_line(text) == shown


def test_lines_of_a_message_stay() -> None:
    assert many_lines("a\r\nb\x1b\n") == f"a\nb{_MARK}"


def test_labels_name_only_what_differs() -> None:
    cases = [make_case(), make_case(threads=1)]

    assert varying(cases) == ("threads",)
    assert [setting_label(case, varying(cases)) for case in cases] == ["4 threads", "1 thread"]
    assert setting_label(make_case(cpus="big")) == "xnnpack, 4 threads, cpus big"
    assert setting_label(make_case()) == "xnnpack, 4 threads"


def test_a_plan_with_a_title_of_markup_stays_text() -> None:
    case = make_case()
    plan = Plan(title="<b>", cases=(case,), settings=Settings(rounds=7))

    run = view_of(make_result({case: STEADY}, plan=plan))

    assert "plan <b> ·" in run.subtitle


def test_what_could_not_be_held_steady_stands_with_the_device() -> None:
    result = make_result(notes=("fixed-performance power: refused with exit code 255",))

    (run,) = build_view([RunPage(result=result)]).runs

    facts = {fact.name: fact.value for fact in run.environment[0].facts}
    assert facts["not held steady (1)"] == "fixed-performance power: refused with exit code 255"
