from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.claim_ledger import (
    Claim,
    ClaimFileError,
    ClaimKind,
    Conditions,
    DeviceKind,
    Grade,
    Unit,
    Wiring,
    load_claims,
)

CLAIMS = {claim.id: claim for claim in load_claims()}
PIXEL_4 = Conditions(
    device="Pixel 4",
    device_kind=DeviceKind.PHONE,
    runtime="TensorFlow Lite",
    threads=4,
    sequence_length=128,
)
# What the catalogue has, and the two models of others' claims that it has not.
MODEL_NAMES = {
    "bert-base",
    "bert-large",
    "ib-bert-large",
    "mobilebert",
    "mobilebert-tiny",
    "distilbert",
    "tinybert-4l",
    "albert-base",
    "squeezebert",
    "efficientbert",
    "canaobert",
}

GOOD = """
[[claim]]
id = "a"
statement = "A takes 5 ms."
source = "A paper, Table 1"
grade = "primary"
kind = "latency"
published = 5
unit = "ms"
models = ["mobilebert@paper+layernorm+gelu"]
tolerance_percent = 10
conditions = { device = "Pixel 4", device_kind = "phone", threads = 4 }
"""


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "claims.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


# Typed from the tables: MobileBERT paper 1, 2, 4, 5, 7; then the documents.
@pytest.mark.parametrize(
    ("claim_id", "published", "unit"),
    [
        ("bert-large-parameters", 334, "M"),
        ("bert-base-parameters", 109, "M"),
        ("ib-bert-large-parameters", 293, "M"),
        ("mobilebert-parameters", 25.3, "M"),
        ("mobilebert-without-opt-parameters", 25.3, "M"),
        ("mobilebert-tiny-parameters", 15.1, "M"),
        ("distilbert-parameters-table4", 62.2, "M"),
        ("distilbert-parameters", 66.6, "M"),
        ("tinybert-4l-parameters", 14.5, "M"),
        ("bert-base-flops", 22.5, "GFLOP"),
        ("mobilebert-flops", 5.7, "GFLOP"),
        ("mobilebert-without-opt-flops", 5.7, "GFLOP"),
        ("mobilebert-layernorm-flops", 5.7, "GFLOP"),
        ("mobilebert-gelu-flops", 5.7, "GFLOP"),
        ("mobilebert-tiny-flops", 3.1, "GFLOP"),
        ("distilbert-flops", 11.3, "GFLOP"),
        ("tinybert-4l-flops", 1.2, "GFLOP"),
        ("bert-base-latency", 342, "ms"),
        ("mobilebert-tiny-latency", 40, "ms"),
        ("mobilebert-latency", 62, "ms"),
        ("mobilebert-without-opt-latency", 192, "ms"),
        ("mobilebert-layernorm-latency", 167, "ms"),
        ("mobilebert-gelu-latency", 92, "ms"),
        ("mobilebert-speedup", 5.5, "x"),
        ("mobilebert-parameter-ratio", 4.3, "x"),
        ("mobilebert-tiny-speedup", 8.55, "x"),
        ("mobilebert-without-opt-speedup", 1.78, "x"),
        ("operational-optimisations-speedup", 3.1, "x"),
        ("nonorm-speedup", 2.69, "x"),
        ("relu-speedup", 1.48, "x"),
        ("bert-base-glue-accuracy", 78.3, "%"),
        ("mobilebert-tiny-glue-accuracy", 75.8, "%"),
        ("mobilebert-glue-accuracy", 77.7, "%"),
        ("mobilebert-without-opt-glue-accuracy", 78.5, "%"),
        ("bert-base-squad1-accuracy", 88.5, "%"),
        ("mobilebert-tiny-squad1-accuracy", 88.6, "%"),
        ("mobilebert-squad1-accuracy", 90.0, "%"),
        ("mobilebert-without-opt-squad1-accuracy", 90.3, "%"),
        ("bert-base-squad2-accuracy", 77.1, "%"),
        ("mobilebert-tiny-squad2-accuracy", 77.1, "%"),
        ("mobilebert-squad2-accuracy", 79.2, "%"),
        ("mobilebert-without-opt-squad2-accuracy", 80.2, "%"),
        ("mobilebert-tiny-8bit-squad1-accuracy", 88.4, "%"),
        ("mobilebert-8bit-squad1-accuracy", 90.0, "%"),
        ("optimization-doc-int8-accuracy", 2.08, "%"),
        ("mobilebert-released-parameters", 24.6, "M"),
        ("tfdoc-pixel4-latency", 74, "ms"),
        ("tfdoc-pixel3-latency", 123, "ms"),
        ("demo-pixel3-latency", 500, "ms"),
        ("tfdoc-file-size", 100.5, "MB"),
        ("model-maker-mobilebert-quantized-file-size", 25, "MB"),
        ("model-maker-mobilebert-file-size", 100, "MB"),
        ("model-maker-bert-base-file-size", 300, "MB"),
        ("squeezebert-paper-bert-base-latency", 1700, "ms"),
        ("squeezebert-speedup", 4.3, "x"),
        ("distilbert-iphone-speedup", 1.71, "x"),
        ("bolt-tinybert-latency", 13, "ms"),
        ("efficientbert-survey-mobilebert-tiny-latency", 96, "ms"),
        ("canao-latency", 45, "ms"),
        ("albert-gist-latency", 266.5, "ms"),
        ("iree-s20-3-threads-latency", 503, "ms"),
        ("iree-pixel6pro-gpu-int8-latency", 100.7, "ms"),
        ("onert-raspberry-pi-4-threads-latency", 1591, "ms"),
        ("aihub-s24-mobilebert-latency", 19.4, "ms"),
        ("aihub-s24-bert-base-latency", 17.1, "ms"),
        ("aihub-s25-albert-base-latency", 12.4, "ms"),
        ("aihub-8-elite-gen5-distilbert-latency", 7.1, "ms"),
    ],
)
def test_carries_the_published_number(claim_id: str, published: float, unit: str) -> None:
    claim = CLAIMS[claim_id]

    assert (claim.published, claim.unit.value) == (published, unit)


# Exact counts by closed form, in the claim's unit; FLOPs are twice the multiply-adds at 128 tokens.
@pytest.mark.parametrize(
    ("claim_id", "counted", "within"),
    [
        ("bert-large-parameters", 334.092288, True),
        ("bert-base-parameters", 108.891648, True),
        ("ib-bert-large-parameters", 294.205184, True),
        ("mobilebert-parameters", 25.359104, True),
        ("mobilebert-released-parameters", 24.581888, True),
        ("mobilebert-tiny-parameters", 15.485696, True),
        ("distilbert-parameters", 66.362880, True),
        ("distilbert-parameters-table4", 66.362880, False),  # an error of the paper
        ("tinybert-4l-parameters", 14.252592, True),
        ("mobilebert-parameter-ratio", 108.891648 / 25.359104, True),
        ("bert-base-flops", 22.348431, True),
        ("mobilebert-flops", 5.586813, True),
        ("mobilebert-flops", 5.385486, False),  # the released wiring is another model
        ("squeezebert-paper-mobilebert-flops", 5.385486, True),
        ("mobilebert-tiny-flops", 3.070231, True),
        ("distilbert-flops", 11.173626, True),
        ("tinybert-4l-flops", 1.247476, True),
        ("squeezebert-flops", 7.399932, True),
    ],
)
def test_tolerance_tells_the_model_meant_from_another(
    claim_id: str, counted: float, *, within: bool
) -> None:
    claim = CLAIMS[claim_id]
    off_percent = abs(counted / claim.published - 1) * 100

    assert (off_percent <= claim.tolerance_percent) is within


def test_has_three_headlines() -> None:
    headlines = {
        (claim.kind.value, claim.published, claim.models, claim.baselines)
        for claim in CLAIMS.values()
        if claim.headline
    }

    both_wirings = ("mobilebert@paper", "mobilebert")
    assert headlines == {
        ("latency", 62, both_wirings, ()),
        ("parameter-ratio", 4.3, both_wirings, ("bert-base",)),
        ("latency-ratio", 5.5, both_wirings, ("bert-base",)),
    }


def test_62_ms_and_40_ms_are_different_models_under_the_same_conditions() -> None:
    mobilebert = CLAIMS["mobilebert-latency"]
    tiny = CLAIMS["mobilebert-tiny-latency"]

    assert mobilebert.models == ("mobilebert@paper", "mobilebert")
    assert tiny.models == ("mobilebert-tiny",)
    assert (mobilebert.conditions, tiny.conditions) == (PIXEL_4, PIXEL_4)


def test_counts_of_the_paper_are_bound_to_its_wiring() -> None:
    counts = (ClaimKind.PARAMETERS, ClaimKind.PARAMETER_RATIO, ClaimKind.FLOPS)
    wiring = {
        claim.id: claim.models
        for claim in CLAIMS.values()
        if claim.kind in counts and claim.conditions.wiring is Wiring.PAPER
    }

    assert wiring == {
        "mobilebert-parameter-ratio": ("mobilebert@paper", "mobilebert"),
        "mobilebert-parameters": ("mobilebert@paper",),
        "mobilebert-without-opt-parameters": ("mobilebert@paper+layernorm+gelu",),
        "mobilebert-flops": ("mobilebert@paper",),
        "mobilebert-without-opt-flops": ("mobilebert@paper+layernorm+gelu",),
        "mobilebert-layernorm-flops": ("mobilebert@paper+layernorm",),
        "mobilebert-gelu-flops": ("mobilebert@paper+gelu",),
    }


def test_documents_that_say_no_sequence_length_get_none() -> None:
    claim = CLAIMS["tfdoc-pixel4-latency"]

    assert claim.conditions == Conditions(
        device="Pixel 4",
        device_kind=DeviceKind.PHONE,
        runtime="TensorFlow Lite",
        threads=4,
        task="qa",
    )
    assert "384" in claim.note


def test_latencies_name_their_device() -> None:
    nameless = {
        claim.id
        for claim in CLAIMS.values()
        if claim.kind is ClaimKind.LATENCY and claim.conditions.device is None
    }

    assert nameless == {
        "albert-gist-latency",
        "bolt-tinybert-latency",
        "canao-latency",
        "efficientbert-survey-bert-base-latency",
        "efficientbert-survey-efficientbert-latency",
        "efficientbert-survey-mobilebert-tiny-latency",
    }
    assert all("device" in CLAIMS[each].note or "phone" in CLAIMS[each].note for each in nameless)


def test_accuracy_is_carried_but_not_measurable() -> None:
    unmeasurable = {claim.id for claim in CLAIMS.values() if not claim.measurable}

    assert unmeasurable == {each for each in CLAIMS if each.endswith("-accuracy")}
    assert {CLAIMS[each].kind for each in unmeasurable} == {ClaimKind.ACCURACY}


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_uses_the_words_of_the_plan_and_fair_tolerances(claim: Claim) -> None:
    at_least = {
        ClaimKind.ACCURACY: 0,
        ClaimKind.FILE_SIZE: 5,
        ClaimKind.LATENCY: 10,
        ClaimKind.LATENCY_RATIO: 10,
    }
    names = {model.partition("@")[0] for model in (*claim.models, *claim.baselines)}
    variants = re.findall(r"[@+]([a-z0-9]+)", " ".join((*claim.models, *claim.baselines)))

    assert claim.tolerance_percent >= at_least.get(claim.kind, 3)
    assert names <= MODEL_NAMES
    assert set(variants) <= {"paper", "layernorm", "gelu"}
    assert claim.conditions.quantization in {None, "fp32", "int8"}
    assert claim.conditions.delegate in {None, "gpu", "npu"}
    assert claim.conditions.task in {None, "qa", "classification"}
    assert claim.statement.endswith(".")


def test_reads_an_entry_whole(tmp_path: Path) -> None:
    text = changed('kind = "latency"', 'kind = "latency-ratio"\nbaselines = ["bert-base"]')
    text = text.replace('"ms"', '"x"') + 'headline = true\nnote = "n"\n'

    assert load_claims(write(tmp_path, text)) == (
        Claim(
            id="a",
            statement="A takes 5 ms.",
            source="A paper, Table 1",
            grade=Grade.PRIMARY,
            kind=ClaimKind.LATENCY_RATIO,
            published=5.0,
            unit=Unit.RATIO,
            models=("mobilebert@paper+layernorm+gelu",),
            baselines=("bert-base",),
            tolerance_percent=10.0,
            headline=True,
            conditions=Conditions(device="Pixel 4", device_kind=DeviceKind.PHONE, threads=4),
            note="n",
        ),
    )


@pytest.mark.parametrize(
    ("text", "useful"),
    [
        (GOOD + "colour = 1\n", "claim 'a': `colour`: no such key"),
        (changed("threads = 4", "cores = 4"), "claim 'a': `conditions.cores`: no such key"),
        (GOOD + GOOD, "claim 'a': the id is there twice"),
        (changed("published = 5", 'published = "5"'), "claim 'a': `published`: .*, not '5'"),
        (changed("published = 5", "published = nan"), "`published`: .*finite.*, not nan"),
        (changed("published = 5", "published = 2020-01-01"), "`published`: .*'2020-01-01'"),
        (changed("published = 5", "published = 0"), "`published`: .*greater than 0, not 0"),
        (changed("published = 5", ""), "claim 'a': `published` is missing"),
        (changed("threads = 4", 'threads = "4"'), "`conditions.threads`: .*integer, not '4'"),
        (GOOD + 'headline = "yes"\n', "`headline`: .*boolean, not 'yes'"),
        (changed('"primary"', '"good"'), "`grade`: .*'primary'.*, not 'good'"),
        (changed('id = "a"', 'id = "A b"'), "claim 'A b': `id`: .*, not 'A b'"),
        (changed('id = "a"', ""), "claim number 1: `id` is missing"),
        (changed("@paper+", "@+"), r"`models.0`: .*, not 'mobilebert@\+layernorm"),
        (changed('["mobilebert@paper+layernorm+gelu"]', "[]"), "`models`: .*at least 1"),
        (changed('"ms"', '"x"'), "`unit`: latency is given in 'ms', not 'x'"),
        (changed("tolerance_percent = 10", ""), "`tolerance_percent`: latency needs one above 0"),
        (changed('device_kind = "phone", ', ""), "`conditions.device_kind`: latency needs one"),
        (GOOD + 'baselines = ["bert-base"]\n', "`baselines`: only a ratio has them"),
        (
            changed('kind = "latency"', 'kind = "latency-ratio"').replace('"ms"', '"x"'),
            "`baselines`: latency-ratio needs one",
        ),
        (
            changed('kind = "latency"', 'kind = "accuracy"').replace('"ms"', '"%"'),
            "`tolerance_percent`: accuracy is not measured and has none",
        ),
        (
            changed('kind = "latency"', 'kind = "parameters"').replace('"ms"', '"M"'),
            "`conditions`: parameters claims name no device",
        ),
        (
            changed('device = "Pixel 4", device_kind = "phone", ', "")
            .replace('"latency"', '"flops"')
            .replace('"ms"', '"GFLOP"'),
            "`conditions.sequence_length`: flops depend on it",
        ),
        ("claim = [5]", "claim number 1: `entry`: .*, not 5"),
        ("claim = 5", r"has no \[\[claim\]\]"),
        ("", r"has no \[\[claim\]\]"),
        ("version = 1\n" + GOOD, "unknown key 'version'"),
        ("[[claim]\n", "is not TOML: .*line 1"),
        (b"# \xff\n", "is not TOML: .*0xff"),
    ],
)
def test_says_what_is_wrong_with_a_file(tmp_path: Path, text: str | bytes, useful: str) -> None:
    path = write(tmp_path, text)

    with pytest.raises(ClaimFileError, match=useful) as caught:
        load_claims(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value).splitlines()) <= 3


def test_says_which_file_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "absent.toml"

    with pytest.raises(ClaimFileError, match=r"absent\.toml: cannot be read: No such file"):
        load_claims(path)
