from __future__ import annotations

import dataclasses

import pytest
from factories import PIXEL_4, make_case, make_record, make_result, make_run

from harness.claim_conditions import Condition
from harness.claim_ledger import Claim, load_claims
from harness.claims import Judgement, Verdict, judge_claims
from harness.summary import RunResult, summarize

CLAIMS = {claim.id: claim for claim in load_claims()}
SPEED = CLAIMS["mobilebert-latency"]  # 62 ms
RATIO = CLAIMS["mobilebert-speedup"]  # 5.5x
SIZE = CLAIMS["mobilebert-parameter-ratio"]  # 4.3x

MOBILEBERT = make_case("mobilebert")
BERT = make_case("bert-base")


def judge(claim: Claim, result: RunResult | None) -> Judgement:
    (judgement,) = judge_claims([claim], result)
    return judgement


def on_pixel_4(mobilebert_ms: float = 62.0, bert_ms: float = 342.0, n: int = 8) -> RunResult:
    spread = [1 + 0.001 * number for number in range(n)]
    samples = {
        MOBILEBERT: [mobilebert_ms * factor for factor in spread],
        BERT: [bert_ms * factor for factor in spread],
    }
    return make_result(samples, device=PIXEL_4, stand_in=False)


def differing(judgement: Judgement) -> dict[str, tuple[str, str]]:
    return {row.name: (row.published, row.measured) for row in judgement.conditions if row.differs}


def test_a_phone_that_meets_the_number_supports_the_claim() -> None:
    judgement = judge(SPEED, on_pixel_4(62.0))

    assert judgement.verdict == Verdict.SUPPORTED
    assert judgement.measured is not None
    assert judgement.measured.low is not None
    assert differing(judgement) == {}


@pytest.mark.parametrize(
    ("latency_ms", "verdict"),
    [(40.0, "supported"), (67.0, "supported"), (69.0, "refuted"), (90.0, "refuted")],
)
def test_a_latency_claim_says_at_least_this_fast(latency_ms: float, verdict: str) -> None:
    assert judge(SPEED, on_pixel_4(latency_ms)).verdict == verdict


@pytest.mark.parametrize(("bert_ms", "verdict"), [(342.0, "supported"), (250.0, "refuted")])
def test_a_speedup_is_judged_by_the_ratio_of_paired_rounds(bert_ms: float, verdict: str) -> None:
    judgement = judge(RATIO, on_pixel_4(62.0, bert_ms))

    assert judgement.verdict == verdict
    assert judgement.measured is not None
    assert judgement.measured.value == pytest.approx(bert_ms / 62.0, rel=1e-3)


def test_too_few_invocations_judge_nothing() -> None:
    judgement = judge(SPEED, on_pixel_4(n=5))

    assert judgement.verdict == Verdict.DIFFERS
    assert differing(judgement) == {"invocations": ("enough for an interval", "5")}


def test_contradicted_evidence_judges_nothing() -> None:
    run = make_run({MOBILEBERT: [62.0] * 8}, device=PIXEL_4, stand_in=False)
    wrong = make_record(MOBILEBERT, 8, 62.0, model_sha256="0" * 64)
    result = summarize(dataclasses.replace(run, records=(*run.records, wrong)))

    judgement = judge(SPEED, result)

    assert judgement.verdict == Verdict.DIFFERS
    assert "evidence" in differing(judgement)


@pytest.mark.parametrize(
    "claim", [claim for claim in CLAIMS.values() if claim.kind.startswith("latency")]
)
@pytest.mark.parametrize("latency_ms", [1.0, 62.0, 5000.0])
def test_a_host_never_supports_or_refutes_a_latency_of_a_device(
    claim: Claim, latency_ms: float
) -> None:
    samples = {
        make_case(model): [latency_ms] * 8
        for model in dict.fromkeys([*claim.models, *claim.baselines])
    }

    assert judge(claim, make_result(samples)).verdict in (Verdict.DIFFERS, Verdict.NOT_MEASURED)


def test_on_a_host_the_conditions_that_differ_are_listed() -> None:
    case = make_case("mobilebert", threads=2)

    judgement = judge(SPEED, make_result({case: [15.0] * 8}))

    assert judgement.verdict == Verdict.DIFFERS
    assert differing(judgement) == {
        "device": ("Pixel 4", "this host (Test CPU)"),
        "threads": ("4", "2"),
        "runtime": ("TensorFlow Lite", "LiteRT for Python (stand-in tool)"),
    }


def test_the_case_nearest_to_the_claim_is_judged() -> None:
    near = make_case("mobilebert", threads=4)
    samples = {
        make_case("mobilebert", threads=1): [200.0] * 8,
        make_case("mobilebert", threads=4, quantization="dynamic"): [20.0] * 8,
        make_case("mobilebert", threads=4, sequence_length=384): [190.0] * 8,
        near: [62.0] * 8,
    }

    judgement = judge(SPEED, make_result(samples, device=PIXEL_4, stand_in=False))

    assert judgement.verdict == Verdict.SUPPORTED
    assert judgement.measured is not None
    assert judgement.measured.value == 62.0


def test_a_ratio_is_never_made_across_settings() -> None:
    samples = {
        make_case("mobilebert", threads=4): [62.0] * 8,
        make_case("bert-base", threads=1): [900.0] * 8,
    }

    assert judge(RATIO, make_result(samples)).verdict == Verdict.NOT_MEASURED


def test_the_parameter_ratio_is_counted_without_a_device() -> None:
    judgement = judge(SIZE, None)

    assert judgement.verdict == Verdict.SUPPORTED
    assert judgement.measured is not None
    assert judgement.measured.value == pytest.approx(108_891_648 / 25_359_104)


def test_the_released_checkpoints_ratio_is_shown_beside_the_papers() -> None:
    judgement = judge(SIZE, make_result({MOBILEBERT: [62.0] * 8}))

    assert judgement.verdict == Verdict.SUPPORTED
    assert (
        Condition(
            name="model of this run",
            published="mobilebert@paper",
            measured="mobilebert gives 4.43 x",
            differs=False,
        )
        in judgement.conditions
    )


@pytest.mark.parametrize(
    ("claim", "value", "verdict"),
    [
        ("bert-base-parameters", 108.891648, "supported"),
        ("mobilebert-parameters", 25.359104, "supported"),
        ("mobilebert-tiny-parameters", 15.485696, "supported"),
        ("bert-base-flops", 22.498, "supported"),
        ("mobilebert-flops", 5.654, "supported"),
        ("mobilebert-tiny-flops", 3.137, "supported"),
    ],
)
def test_counts_of_the_papers_tables_hold(claim: str, value: float, verdict: str) -> None:
    judgement = judge(CLAIMS[claim], None)

    assert judgement.verdict == verdict
    assert judgement.measured is not None
    assert judgement.measured.value == pytest.approx(value, rel=2e-4)


def test_forty_and_sixty_two_milliseconds_are_claims_of_two_models() -> None:
    tiny = CLAIMS["mobilebert-tiny-latency"]

    assert (tiny.published, tiny.models) == (40, ("mobilebert-tiny",))
    assert judge(tiny, on_pixel_4()).verdict == Verdict.NOT_MEASURED
    assert "mobilebert-tiny" not in SPEED.models


def test_accuracies_are_carried_and_not_measured() -> None:
    accuracies = [claim for claim in CLAIMS.values() if not claim.measurable]

    judgements = judge_claims(accuracies, on_pixel_4())

    assert len(accuracies) > 10
    assert {judgement.verdict for judgement in judgements} == {Verdict.NOT_MEASURED}


def test_a_file_size_is_judged_by_the_built_file() -> None:
    sizes = [claim for claim in CLAIMS.values() if claim.kind == "file-size"]
    result = on_pixel_4()

    judgements = judge_claims(sizes, result)

    measured = {j.claim.models[0]: j.measured.value for j in judgements if j.measured is not None}
    assert measured["mobilebert"] == pytest.approx(97.666928)
