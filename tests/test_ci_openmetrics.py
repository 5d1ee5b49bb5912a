"""OpenMetrics text, against the grammar, Prometheus' own parser, and as GitLab splits it."""

from __future__ import annotations

import importlib
import re
import shlex

import pytest
from gate_samples import BIG, EMPTY, GPU, HOSTILE_TEXT, RESULT, RESULTS, hostile
from hypothesis import example, given, settings

from harness.ci import words
from harness.ci.openmetrics import render_openmetrics
from harness.gate_result import GateResult, GateVerdict

# The ABNF of the specification, in the order in which its rules use each other.
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL_NAME = r"[a-zA-Z_][a-zA-Z0-9_]*"
ESCAPED = r'(?:[^\n"\\]|\\n|\\"|\\\\|\\[^\n"\\])*'
LABEL = rf'{LABEL_NAME}="{ESCAPED}"'
LABELS = rf"\{{(?:{LABEL}(?:,{LABEL})*)?\}}"
REAL = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|[0-9]*\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
NUMBER = rf"(?:{REAL}|[+-]?(?i:inf|infinity)|(?i:nan))"
TYPES = "counter|gauge|histogram|gaugehistogram|stateset|info|summary|unknown"
DESCRIPTOR = re.compile(
    rf"# (?:(TYPE) ({NAME}) ({TYPES})|(HELP) ({NAME}) ({ESCAPED})|(UNIT) ({NAME}) ([\w:]*))"
)
SAMPLE = re.compile(rf"({NAME})({LABELS})? ({NUMBER})")


def read(text: str) -> dict[str, dict[str, str]]:
    """The samples of each family. Asserts the grammar and the rules on families and metadata."""
    families: dict[str, dict[str, str]] = {}
    metadata: dict[tuple[str, str], str] = {}
    current = ""
    assert text.endswith("# EOF\n")
    for line in text.removesuffix("# EOF\n").split("\n")[:-1]:
        if line.startswith("#"):
            found = DESCRIPTOR.fullmatch(line)
            assert found is not None, line
            kind, name, value = (part for part in found.groups() if part is not None)
            assert (kind, name) not in metadata, "metadata stands once"
            metadata[kind, name] = value
            if name != current:
                assert name not in families, "families are not interleaved"
                families[name] = {}
                current = name
            assert not families[name], "metadata stands before the samples"
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample is not None, line
        assert sample[1] == current, "gauges and state sets have no suffix"
        assert (sample[2] or "") not in families[current], "labels are unique"
        families[current][sample[2] or ""] = sample[3]
    for (kind, name), value in metadata.items():
        if kind == "UNIT" and value:
            assert name.endswith(f"_{value}")
            assert metadata["TYPE", name] not in ("info", "stateset")
    for name, samples in families.items():
        if metadata.get(("TYPE", name)) == "stateset":
            assert all(f'{name}="' in labels for labels in samples)
            assert set(samples.values()) <= {"0", "1"}
    return families


def labels(case: str, extra: str = "") -> str:
    return f'{{case="{case}",device="Pixel 4"{extra}}}'


def test_families_values_and_units() -> None:
    families = read(render_openmetrics(RESULT))

    gate = {
        f'{{device="Pixel 4",mbert_bench_gate="{verdict}"}}': str(int(verdict == "fail"))
        for verdict in GateVerdict
    }
    assert families == {
        "mbert_bench_latency_seconds": {labels(BIG): "0.017", labels(GPU): "0.00824"},
        "mbert_bench_init_seconds": {labels(BIG): "0.0998"},
        "mbert_bench_model_size_bytes": {labels(BIG): "97722345"},
        "mbert_bench_partitions": {labels(BIG): "3"},
        "mbert_bench_undelegated_nodes": {labels(BIG): "3"},
        "mbert_bench_change_ratio": {
            labels(BIG, ',metric="latency"'): "1.0625",
            labels(BIG, ',metric="init"'): "0.998",
            labels(BIG, ',metric="size"'): "1.0001",
            labels(BIG, ',metric="partitions"'): "3",
            labels(BIG, ',metric="undelegated-nodes"'): "1",
            labels(GPU, ',metric="latency"'): "1.03",
        },
        "mbert_bench_gate": gate,
    }


def test_an_empty_result_is_a_verdict_alone() -> None:
    assert list(read(render_openmetrics(EMPTY))) == ["mbert_bench_gate"]


def test_gitlab_finds_a_name_and_a_value_in_every_line() -> None:
    """It cuts a line at the first `#`, splits it as a shell does, and takes two words."""
    for result in (RESULT, hostile()):
        for line in render_openmetrics(result).splitlines():
            found = shlex.split(re.sub(r"#.*$", "", line))
            if not line.startswith("#"):
                assert len(found) == 2
                float(found[1])
            else:
                assert found == []


def test_hostile_labels_fit_the_grammar() -> None:
    families = read(render_openmetrics(hostile()))

    (sample,) = families["mbert_bench_partitions"]
    assert "\\\\| \\\\ \\\" ' %23 $x" in sample


@settings(max_examples=100, deadline=None)
@given(RESULTS)
def test_the_text_fits_the_grammar_whatever_is_in_the_result(result: GateResult) -> None:
    read(render_openmetrics(result))


def prometheus(text: str) -> dict[str, list[float]]:
    """The values of each family, as the client library of Prometheus reads them."""
    parser = importlib.import_module("prometheus_client.openmetrics.parser")
    families = parser.text_string_to_metric_families(text)
    return {family.name: [sample.value for sample in family.samples] for family in families}


@settings(max_examples=100, deadline=None)
@given(RESULTS)
@example(RESULT)
@example(hostile())
def test_prometheus_reads_the_same_values(result: GateResult) -> None:
    text = render_openmetrics(result)

    numbers = {name: [*map(float, samples.values())] for name, samples in read(text).items()}
    assert prometheus(text) == numbers


def test_prometheus_reads_labels_as_they_were_meant() -> None:
    parser = importlib.import_module("prometheus_client.openmetrics.parser")
    families = parser.text_string_to_metric_families(render_openmetrics(hostile()))

    (sample,) = next(each.samples for each in families if each.name == "mbert_bench_partitions")
    meant = words.clean(HOSTILE_TEXT).replace("#", "%23")
    assert sample.labels == {"case": f"6{meant}/gpu/threads4", "device": meant}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a 1\n",
        "# TYPE a gauge\na  1\n# EOF\n",
        "# TYPE a gauge\na 1 \n# EOF\n",
        '# TYPE a gauge\na{b="c} 1\n# EOF\n',
        '# TYPE a gauge\na{b="c\nd"} 1\n# EOF\n',
        "# TYPE a gauge\na 1\na 2\n# EOF\n",
        "# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n",
        "# TYPE a gauge\n# TYPE a gauge\na 1\n# EOF\n",
        "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\n# EOF\n",
        "# TYPE a gauge\na 1\n\n# EOF\n",
        "# TYPE a gauge\na 0x1\n# EOF\n",
        "# TYPE a-b gauge\n# EOF\n",
        "# EOF\n# EOF\n",
    ],
)
def test_the_check_against_the_grammar_finds_faults(text: str) -> None:
    with pytest.raises(AssertionError):
        read(text)
