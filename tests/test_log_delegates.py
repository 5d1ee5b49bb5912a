from __future__ import annotations

import pytest

from harness.log_delegates import read_delegations
from harness.log_lines import split_prefix
from harness.measurement import Delegation

_WHOLE = ", and the model graph will be completely executed"
_PART = ", and the model graph will be partially executed"
_CREATED = "INFO: Created TensorFlow Lite XNNPACK delegate for CPU."


def delegations(*lines: str) -> tuple[Delegation, ...]:
    return read_delegations(split_prefix(line) for line in lines)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # TensorFlow 2.0 to 2.2
        ("Applied GPU delegate.", Delegation(delegate="GPU")),
        # 2.3
        (
            f"Applied GPU delegate{_WHOLE} w/ the delegate.",
            Delegation(delegate="GPU", applied="completely"),
        ),
        (
            f"Applied Hexagon delegate{_PART} w/ the delegate.",
            Delegation(delegate="Hexagon", applied="partially"),
        ),
        # 2.4
        (
            f"Applied NNAPI delegate{_WHOLE} by the delegate.",
            Delegation(delegate="NNAPI", applied="completely"),
        ),
        (
            f"Applied NNAPI delegate{_PART} by the delegate w/ 4 delegate kernels.",
            Delegation(delegate="NNAPI", applied="partially", partitions=4),
        ),
        (
            "Though XNNPACK delegate is applied, the model graph will not be executed by the "
            "delegate.",
            Delegation(delegate="XNNPACK", applied="not at all"),
        ),
        # since 2.5, with a level since 2.10-2.14
        (
            f"INFO: Explicitly applied EXTERNAL delegate{_WHOLE} by the delegate.",
            Delegation(delegate="EXTERNAL", applied="completely"),
        ),
        (
            f"Explicitly applied COREML delegate{_PART} by the delegate w/ 12 delegate kernels.",
            Delegation(delegate="COREML", applied="partially", partitions=12),
        ),
        (
            "INFO: Though STABLE_DELEGATE delegate is explicitly applied, the model graph will not "
            "be executed by the delegate.",
            Delegation(delegate="STABLE_DELEGATE", applied="not at all"),
        ),
        # the runtime: up to 2.9, 2.14, LiteRT 1.1, LiteRT 2.2
        (
            "Replacing 64 node(s) with delegate (TfLiteNnapiDelegate) node, yielding 1 partitions.",
            Delegation(delegate="NNAPI", nodes=64, partitions=1),
        ),
        (
            "VERBOSE: Replacing 290 out of 290 node(s) with delegate (TfLiteGpuDelegateV2) node, "
            "yielding 1 partitions for the whole graph.",
            Delegation(delegate="GPU", nodes=290, nodes_total=290, partitions=1),
        ),
        (
            "INFO: Replacing 0 out of 290 node(s) with delegate (TfLiteXNNPackDelegate) node, "
            "yielding 0 partitions for subgraph 0.",
            Delegation(delegate="XNNPACK", nodes=0, nodes_total=290, partitions=0),
        ),
        (
            "VERBOSE: [subgraph.cc:99] Replacing 7 out of 9 node(s) with delegate "
            "(TfLiteQnnDelegate) node, yielding 2 partitions for subgraph 0 (main).",
            Delegation(delegate="TfLiteQnnDelegate", nodes=7, nodes_total=9, partitions=2),
        ),
        (_CREATED, Delegation(delegate="XNNPACK")),
        ("INFO: Created TensorFlow Lite delegate for GPU.", Delegation(delegate="GPU")),
    ],
)
def test_reads_the_line_of_every_version(line: str, expected: Delegation) -> None:
    assert delegations("INFO: STARTING!", line) == (expected,)


def test_puts_together_what_tool_and_runtime_say_of_one_delegate() -> None:
    assert delegations(
        f"INFO: Explicitly applied XNNPACK delegate{_PART} by the delegate w/ 3 delegate kernels.",
        f"INFO: Explicitly applied GPU delegate{_WHOLE} by the delegate.",
        _CREATED,
        "VERBOSE: Replacing 180 out of 200 node(s) with delegate (TfLiteXNNPackDelegate) node, "
        "yielding 3 partitions for the whole graph.",
        "VERBOSE: Replacing 23 out of 23 node(s) with delegate (TfLiteGpuDelegateV2) node, "
        "yielding 1 partitions for the whole graph.",
    ) == (
        Delegation(
            delegate="XNNPACK", applied="partially", nodes=180, nodes_total=200, partitions=3
        ),
        Delegation(delegate="GPU", applied="completely", nodes=23, nodes_total=23, partitions=1),
    )


def test_the_tool_counts_the_kernels_last() -> None:
    assert delegations(
        f"Applied NNAPI delegate{_PART} by the delegate w/ 2 delegate kernels.",
        "Replacing 9 node(s) with delegate (TfLiteNnapiDelegate) node, yielding 3 partitions.",
    ) == (Delegation(delegate="NNAPI", applied="partially", nodes=9, partitions=2),)


@pytest.mark.parametrize("first", [_CREATED, "Applied XNNPACK delegate."])
def test_a_statement_counts_wherever_it_stands(first: str) -> None:
    statement = f"Explicitly applied XNNPACK delegate{_WHOLE} by the delegate."
    expected = (Delegation(delegate="XNNPACK", applied="completely"),)

    assert delegations(first, statement) == expected
    assert delegations(statement, first) == expected


def test_a_delegate_that_is_applied_again_keeps_what_it_took() -> None:
    taken = "VERBOSE: Replacing 290 out of 300 node(s) with delegate (TfLiteXNNPackDelegate) node, "
    again = "VERBOSE: Replacing 0 out of 12 node(s) with delegate (TfLiteXNNPackDelegate) node, "

    assert delegations(
        taken + "yielding 2 partitions for subgraph 0.",
        again + "yielding 0 partitions for subgraph 0.",
    ) == (Delegation(delegate="XNNPACK", nodes=290, nodes_total=300, partitions=2),)


def test_the_graphs_of_a_model_are_summed() -> None:
    replacing = "VERBOSE: Replacing 10 out of 12 node(s) with delegate (TfLiteXNNPackDelegate) node"

    assert delegations(
        f"{replacing}, yielding 2 partitions for subgraph 0 (main).",
        f"{replacing}, yielding 1 partitions for subgraph 1 (while_body).",
    ) == (Delegation(delegate="XNNPACK", nodes=20, nodes_total=24, partitions=3),)


@pytest.mark.parametrize(
    "line",
    [
        "INFO: XNNPACK delegate created.",
        "INFO: Going to apply 2 delegates one after another.",
        "INFO: Use gpu: [1]",
        "INFO: Created TensorFlow Lite delegate for select TF ops.",
        "INFO: Created 1 GPU delegate kernels.",
        "ERROR: Failed to apply GPU delegate.",
        "Replacing " + "9" * 5000 + " node(s) with delegate (X) node, yielding 1 partitions.",
    ],
)
def test_other_lines_prove_no_delegate(line: str) -> None:
    assert delegations(line) == ()
