"""What is wrong with a policy is told with its file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.policy_file import PolicyError, load_policy


def write(folder: Path, text: str) -> Path:
    path = folder / "gate.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problem(folder: Path, text: str) -> str:
    """The message for this file, without its name."""
    path = write(folder, text)
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    assert caught.value.exit_code == 2
    return str(caught.value).removeprefix(f"policy {str(path)!r}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n\nsize_budget_bytes = true", ", line 3: 'size_budget_bytes': Input should be a valid"),
        ("noise_floor_percent = nan", ", line 1: 'noise_floor_percent': Input should be a finite"),
        ("noise_floor_percent = -inf", ", line 1: 'noise_floor_percent': Input should be a finite"),
        ("noise_floor_percent = -1", ", line 1: 'noise_floor_percent': Input should be greater"),
        ("advisory = 0", ", line 1: 'advisory': Input should be a valid boolean"),
        (
            "inconclusive = 'red'",
            ", line 1: 'inconclusive': Input should be 'pass', 'warn' or 'strict'",
        ),
        ("missing = []", ", line 1: 'missing': Input should be 'infrastructure' or 'fail'"),
        ("case = 3", ", line 1: 'case': Input should be a valid array"),
        ("tolerance_percent = 5", ", line 1: 'tolerance_percent': Input should be an object"),
        ("[tolerance_percent]\nsize = '5'", ", line 2: 'tolerance_percent.size': Input should be"),
        ("tolerance_percent.size = -1", ", line 1: 'tolerance_percent.size': Input should be"),
        ("size_budget_bytes = 0", ", line 1: 'size_budget_bytes': Input should be greater than 0"),
        (f"size_budget_bytes = {'9' * 40}", ", line 1: 'size_budget_bytes': Input should be less"),
        ("size_budget_bytes = 1.5", ", line 1: 'size_budget_bytes': Input should be a valid int"),
        ("size_budget_bytes = 1979-05-27", ", line 1: 'size_budget_bytes': Input should be a"),
        ("absolute_floor = {size_bytes = 1e99}", ", line 1: 'absolute_floor.size_bytes': Input"),
        (
            '[[case]]\npattern = "a"\n\n[[case]]\npattern = "b"\ntolerance_percent={latency=1e9}',
            ", line 6: 'case[2].tolerance_percent.latency': Input should be less than or equal",
        ),
        ("[[case]]\nsize_budget_bytes = 1", ", line 1: 'case[1].pattern' is missing"),
        ('[[case]]\npattern = ""', ", line 2: 'case[1].pattern': String should have at least 1"),
    ],
)
def test_a_wrong_value_is_refused_with_its_line_and_key(
    tmp_path: Path, text: str, message: str
) -> None:
    assert problem(tmp_path, text).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("advisor = 3", ", line 1: unknown key 'advisor'. Did you mean 'advisory'? Known: noise_f"),
        ("[tolerances]", ", line 1: unknown key 'tolerances'. Did you mean 'tolerance_percent'?"),
        (
            "[tolerance_percent]\n# a comment\nlatncy = 3",
            ", line 3: unknown key 'tolerance_percent.latncy'. Did you mean 'latency'? Known: la",
        ),
        (
            "[absolute_floor]\nlatency_us = 3",
            ", line 2: unknown key 'absolute_floor.latency_us'. Did you mean 'latency_ms'? Known",
        ),
        (
            '[[case]]\npattern = "*"\nsize_budget = 3',
            ", line 3: unknown key 'case[1].size_budget'. Did you mean 'size_budget_bytes'? Know",
        ),
        (
            '[[case]]\npattern = "*"\n[case.tolerance_percent]\nmemori = 3',
            ", line 4: unknown key 'case[1].tolerance_percent.memori'. Did you mean 'memory'? Kn",
        ),
        ("zzz = 1", ", line 1: unknown key 'zzz'. Known: noise_floor_percent, inconclusive, miss"),
        (
            "[tolerance_percent]\npartitions = 3",
            ", line 2: unknown key 'tolerance_percent.partitions'. Known: latency, init, first, m",
        ),
    ],
)
def test_an_unknown_key_is_refused_with_the_one_that_was_meant(
    tmp_path: Path, text: str, message: str
) -> None:
    assert problem(tmp_path, text).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "noise_floor_percent = 5",
            ", line 1: 'noise_floor_percent': the one for latency, 5, is not below its tolera",
        ),
        (
            "noise_floor_percent = 6\ntolerance_percent = {latency = 9, memory = 9}",
            ", line 1: 'noise_floor_percent': the one for init, 12, is not below its tolerance, 10",
        ),
        (
            "[tolerance_percent]\nlatency = 1",
            ", line 2: 'tolerance_percent.latency': 1 is not above the noise floor for latency, 1",
        ),
        (
            '[[case]]\npattern = "*"\ntolerance_percent = { init = 2 }',
            ", line 3: 'case[1].tolerance_percent.init': 2 is not above the noise floor for init",
        ),
    ],
)
def test_a_tolerance_within_the_noise_floor_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    assert problem(tmp_path, text).startswith(message)


def test_an_absolute_floor_of_what_is_not_gated_is_refused(tmp_path: Path) -> None:
    text = "[absolute_floor]\nlatency_ms = 1\nfirst_ms = 1\n"

    message = ", line 3: 'absolute_floor.first_ms': no tolerance_percent for first, so it is not"
    assert problem(tmp_path, text).startswith(message)


@pytest.mark.parametrize("text", ["a = = 1", "[a", f"a = {'[' * 100_000}", "a = 1\na = 2"])
def test_what_is_no_toml_is_a_usage_error(tmp_path: Path, text: str) -> None:
    assert problem(tmp_path, text).startswith(": is no TOML: ")


def test_a_file_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read \(No such file"):
        load_policy(tmp_path / "none.toml")
    with pytest.raises(UsageError, match=r"cannot be read \(Is a directory"):
        load_policy(tmp_path)
    binary = tmp_path / "model.tflite"
    binary.write_bytes(b"\x1c\x00TFL3\xff\xfe")
    with pytest.raises(UsageError, match="is no TOML"):
        load_policy(binary)
