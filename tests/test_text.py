from __future__ import annotations

import itertools

import pytest
from conftest import DATA
from factories import (
    make_case,
    make_claim,
    make_failure,
    make_file_case,
    make_measurement,
    make_record,
    make_result,
)

from harness.claim_ledger import load_claims
from harness.claims import judge_claims
from harness.plan import Case
from reports.exports.table import render_csv
from reports.texts.results import render_cases, render_headlines, render_ledger

CASE = make_case()
BERT = make_case("bert-base")
SAMPLE = [20.0, 20.1, 20.2, 20.3, 20.4, 20.5]
RESULT = make_result({BERT: [342.0] * 6, CASE: [61.0, 62.0, 63.0, 62.0, 61.5, 62.5]}, stand_in=True)


def golden(name: str) -> str:
    return (DATA / "golden" / name).read_text(encoding="utf-8").rstrip("\n")


def test_the_case_table_reads_at_a_glance() -> None:
    assert render_cases(RESULT) == golden("cases.txt")


def test_a_failure_stands_below_the_table_with_its_reason() -> None:
    failure = make_failure(CASE, 0, "invoke-failed", "gather index\nout of \x1b[31mbounds")
    result = make_result({CASE: []}, rounds=1, more_records=[failure])

    lines = render_cases(result).splitlines()

    assert lines[4].split()[1:] == ["failed", "-", "0", "97.7", "MB", "-"]
    assert lines[6:8] == [
        "mobilebert-qa-seq128-fp32/xnnpack/threads4: invoke-failed",
        "  gather index out of \N{REPLACEMENT CHARACTER}[31mbounds",
    ]


def table(cases: list[Case]) -> list[str]:
    """The lines down to the last case."""
    text = render_cases(make_result(dict.fromkeys(cases, SAMPLE)))
    return text.partition("\n\nwarnings")[0].partition("\n\nspeed")[0].splitlines()


def test_what_cases_differ_in_has_a_column_and_the_rest_is_said_once() -> None:
    cases = [make_case(model, threads=n) for model in ("bert-base", "mobilebert") for n in (1, 2)]

    assert table(cases) == [
        "all cases: qa, 128 tokens, fp32, xnnpack; ids: MODEL-qa-seq128-fp32/xnnpack/threadsN",
        "",
        "model       threads  latency    95 % interval  n      size  evidence",
        "-" * 68,
        "bert-base   1        20.2 ms  20.0 to 20.5 ms  6  434.5 MB    proven",
        "bert-base   2        20.2 ms  20.0 to 20.5 ms  6  434.5 MB    proven",
        "mobilebert  1        20.2 ms  20.0 to 20.5 ms  6   97.7 MB    proven",
        "mobilebert  2        20.2 ms  20.0 to 20.5 ms  6   97.7 MB    proven",
    ]


def test_a_single_case_says_how_it_was_run_and_its_id() -> None:
    case = make_file_case(threads=1, cpus="big")

    first, _, _, _, row = table([case])

    assert first == "the case: xnnpack, 1 thread, cpus big; id: mine/xnnpack/threads1/cpus-big"
    assert row.startswith("mine  ")


def test_a_model_has_a_line_of_its_own_where_the_columns_do_not_fit() -> None:
    model = "mobilebert@paper+layernorm+gelu"
    cases = [
        make_case(name, quantization=q, delegate=d, cpus=c)
        for name, q, d, c in itertools.product(
            ("bert-base", model), ("fp32", "dynamic"), ("xnnpack", "gpu"), ("all", "prime")
        )
    ]

    lines = table(cases)

    assert lines[0] == (
        "all cases: qa, 128 tokens, 4 threads; "
        "ids: MODEL-qa-seq128-WEIGHTS/DELEGATE/threads4/cpus-CPUS"
    )
    assert lines[2:4] == [
        "model",
        "  weights  delegate  cpus   latency    95 % interval  n      size      evidence",
    ]
    assert [lines.index("bert-base"), lines.index(model)] == [5, 14]
    assert lines[6] == (
        "  fp32     xnnpack   all    20.2 ms  20.0 to 20.5 ms  6  434.5 MB        proven"
    )


def test_cases_that_are_named_differently_have_their_ids() -> None:
    lines = table([make_file_case(), CASE])

    assert [line.split()[0] for line in lines] == [
        "case", "-" * 90, "mine/xnnpack/threads4", CASE.id,
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a" * 300, "very-long-" * 20, "x " * 100], ids=len)
@pytest.mark.parametrize("others", [[], [CASE]], ids=["alone", "beside another"])
def test_two_long_names_never_look_alike(name: str, others: list[Case]) -> None:
    names = [f"{name[:200]}{end}" for end in "ab"]
    lines = table([*(make_file_case(f"/m/{each}.tflite") for each in names), *others])

    text = "".join(lines).replace(" ", "")
    assert all(each.replace(" ", "") in text for each in names)
    assert max(map(len, lines)) <= 100


def test_a_partial_case_says_so() -> None:
    result = make_result({CASE: SAMPLE}, more_records=[make_failure(CASE, 7)])

    assert "  6 (partial)  " in render_cases(result).splitlines()[4]


@pytest.mark.parametrize("name", ["::error::x", "##[error]x", "x ##[add-path]y"])
def test_no_name_is_a_command_to_the_runner_of_a_job(name: str) -> None:
    case = make_file_case(f"/m/{name}.tflite")
    failure = make_failure(case, 0, name, name)
    text = render_cases(make_result({case: []}, more_records=[failure]))

    for line in text.splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


def speed(fast_ms: list[float], **changes: object) -> list[str]:
    """What is said of a second case that differs in this, and of the same of another model."""
    models = ("mobilebert", "mobilebert-tiny")
    cases = {make_case(model): SAMPLE for model in models}
    cases |= {make_case(model, **changes): fast_ms for model in models}
    lines = render_cases(make_result(cases)).splitlines()
    return [line for line in lines if line.startswith("speed")]


def test_delegates_and_threads_are_compared_in_a_line() -> None:
    half = [value / 2 for value in SAMPLE]

    assert speed(half, threads=8) == [
        "speed of 8 threads against 4: mobilebert 2.00 x, mobilebert-tiny 2.00 x"
    ]
    # The reference is the first case of the plan.
    assert speed(half, delegate="default") == [
        "speed of default against xnnpack: mobilebert 2.00 x, mobilebert-tiny 2.00 x"
    ]


def test_a_difference_inside_the_noise_is_a_tilde() -> None:
    assert speed(SAMPLE[::-1], threads=8) == [
        "speed of 8 threads against 4: mobilebert ~, mobilebert-tiny ~"
    ]


def test_no_speed_is_told_that_is_not_known_or_not_of_one_axis() -> None:
    assert speed(SAMPLE[:5], threads=8) == []
    assert speed(SAMPLE, threads=8, delegate="gpu") == []
    assert speed(SAMPLE, sequence_length=256) == []


def test_no_speed_is_told_of_a_contradicted_case() -> None:
    slow = make_case(threads=1)
    lying = [
        make_record(slow, n, measurement=make_measurement(value, threads=4))
        for n, value in enumerate(SAMPLE)
    ]

    text = render_cases(make_result({CASE: SAMPLE, slow: []}, more_records=lying))

    assert "contradicted" in text
    assert "speed of" not in text


def test_every_line_fits_a_hundred_columns() -> None:
    long = make_file_case(f"/models/{'very-' * 40}long.tflite")
    failure = make_failure(CASE, 0, message="reason " * 100)
    result = make_result({long: [5.0] * 6, CASE: []}, rounds=6, more_records=[failure])
    judgements = judge_claims(load_claims(), RESULT)

    text = "\n".join(
        (render_cases(result), render_headlines(judgements), render_ledger(judgements))
    )

    assert max(map(len, text.splitlines())) <= 100


def test_the_headlines_say_what_is_claimed_what_came_out_and_what_differs() -> None:
    assert render_headlines(judge_claims(load_claims(), RESULT)) == golden("headlines.txt")


def test_the_ledger_counts_its_verdicts() -> None:
    claims = load_claims()

    last = render_ledger(judge_claims(claims, None)).splitlines()[-1]

    supported = sum(j.verdict == "supported" for j in judge_claims(claims, None))
    assert last.startswith(f"{len(claims)} claims: {supported} supported, ")
    assert last.endswith(" not-measured")


def test_the_ledger_names_the_settings_of_a_claim() -> None:
    cases = [make_case(threads=n) for n in (4, 1, 2, 3, 5, 6, 7)]
    result = make_result({case: [62.0 + case.threads] * 6 for case in cases})

    lines = render_ledger(judge_claims([make_claim()], result)).splitlines()

    assert lines[2:] == [
        "mobilebert-latency                        62 ms  66.0 ms (66.0 to 66.0 ms)  differs",
        "  judged on fp32, xnnpack, 4 threads",
        "  on fp32, xnnpack, 3 threads                    65.0 ms (65.0 to 65.0 ms)",
        "  on fp32, xnnpack, 5 threads                    67.0 ms (67.0 to 67.0 ms)",
        "  on fp32, xnnpack, 2 threads                    64.0 ms (64.0 to 64.0 ms)",
        "  on fp32, xnnpack, 6 threads                    68.0 ms (68.0 to 68.0 ms)",
        "  and 2 other settings",
        "",
        "1 claims: 0 supported, 0 refuted, 1 differs, 0 not-measured",
    ]


def test_the_summary_is_one_csv_line_per_case() -> None:
    header, bert, mobilebert = render_csv(RESULT).splitlines()

    assert header.split(",")[:5] == ["id", "model", "task", "sequence_length", "quantization"]
    assert bert.startswith("bert-base-qa-seq128-fp32/xnnpack/threads4,bert-base,qa,128,fp32,")
    assert "62.0,61.0,63.0" in mobilebert


def test_a_name_that_starts_like_a_formula_is_text_in_a_spreadsheet() -> None:
    case = make_file_case("/models/=cmd.tflite")

    assert "'=cmd" in render_csv(make_result({case: [5.0] * 6}))


def test_a_setting_from_a_stored_run_cannot_write_to_the_terminal() -> None:
    delegates = ("xnnpack", "external:/x\x1b[2J.so")
    result = make_result({make_case(delegate=delegate): SAMPLE for delegate in delegates})

    assert "\x1b" not in render_ledger(judge_claims([make_claim()], result))
