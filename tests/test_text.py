from __future__ import annotations

from conftest import DATA
from factories import make_case, make_claim, make_failure, make_file_case, make_result

from harness.claim_ledger import load_claims
from harness.claims import judge_claims
from reports.table import render_csv
from reports.text import render_cases, render_headlines, render_ledger

CASE = make_case()
BERT = make_case("bert-base")
RESULT = make_result({BERT: [342.0] * 6, CASE: [61.0, 62.0, 63.0, 62.0, 61.5, 62.5]}, stand_in=True)


def golden(name: str) -> str:
    return (DATA / "golden" / name).read_text(encoding="utf-8").rstrip("\n")


def test_the_case_table_reads_at_a_glance() -> None:
    assert render_cases(RESULT) == golden("cases.txt")


def test_a_failure_stands_below_the_table_with_its_reason() -> None:
    failure = make_failure(CASE, 0, "invoke-failed", "gather index\nout of \x1b[31mbounds")
    result = make_result({CASE: []}, rounds=1, more_records=[failure])

    lines = render_cases(result).splitlines()

    assert lines[2].split()[1:] == ["failed", "-", "0", "97.7", "MB", "-"]
    assert lines[4:6] == [
        "mobilebert-qa-seq128-fp32/xnnpack/threads4: invoke-failed",
        "  gather index out of \N{REPLACEMENT CHARACTER}[31mbounds",
    ]


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
