"""What stands on an encoder: names and shapes of outputs, counts, operators."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_models import BERT, DISTILBERT, Delegated, delegated, mobilebert, toy

from models.catalog import CATALOG, ModelSpec, Task, config_of
from models.configs import BertConfig, Config, MobileBertConfig
from models.errors import BadSpecError
from models.inspect import inspect_model

LENGTH, WORDS = 8, 100

OUTPUTS: dict[Task, dict[str, tuple[int, ...]]] = {
    Task.QA: {"start_logits": (1, LENGTH), "end_logits": (1, LENGTH)},
    Task.ENCODER: {"last_hidden_state": (1, LENGTH, 64)},
    Task.MASKED_LM: {"logits": (1, LENGTH, WORDS)},
    Task.PRETRAINING: {
        "prediction_logits": (1, LENGTH, WORDS),
        "seq_relationship_logits": (1, 2),
    },
    Task.NEXT_SENTENCE: {"logits": (1, 2)},
    Task.CLASSIFICATION: {"logits": (1, 2)},
    Task.TOKEN_CLASSIFICATION: {"logits": (1, LENGTH, 2)},
    Task.MULTIPLE_CHOICE: {"logits": (1, 1)},
}
PAIRS = (Task.PRETRAINING, Task.NEXT_SENTENCE)
CASES = [
    pytest.param(config, task, id=f"{name}-{task}")
    for name, config in (("bert", BERT), ("mobilebert", mobilebert()), ("distilbert", DISTILBERT))
    for task in Task
    if not (config is DISTILBERT and task in PAIRS)
]


@pytest.mark.parametrize(("config", "task"), CASES)
def test_outputs_have_their_names_and_shapes_and_run_in_one_partition(
    config: Config, task: Task, tmp_path: Path
) -> None:
    from ai_edge_litert.interpreter import Interpreter

    path = tmp_path / "toy.tflite"
    path.write_bytes(toy(config, task=task).content)
    info = inspect_model(path)

    assert {tensor.name: tensor.shape for tensor in info.outputs} == OUTPUTS[task]
    inputs = ("input_ids", "input_mask", "segment_ids")[: 3 if config.token_types else 2]
    assert tuple(tensor.name for tensor in info.inputs) == inputs
    assert {tensor.shape for tensor in info.inputs} == {(1, LENGTH)}
    tables = 2 if config.token_types else 1
    taken = delegated(Interpreter(model_path=str(path)))
    assert taken == Delegated(partitions=1, left={"GATHER": tables, "CAST": 1})


def test_a_table_of_words_that_is_used_twice_is_in_the_file_once(tmp_path: Path) -> None:
    config = BertConfig(vocabulary=30522, hidden=64, heads=4, layers=1, feed_forward=96)
    path = tmp_path / "toy.tflite"
    path.write_bytes(toy(config, task=Task.MASKED_LM).content)
    info = inspect_model(path)
    assert info.facts is not None
    assert info.facts.parameters == config.parameters
    assert info.constants <= info.facts.parameters + info.facts.head_parameters


def test_mobileberts_words_are_one_product(tmp_path: Path) -> None:
    path = tmp_path / "toy.tflite"
    counts = []
    for task in (Task.ENCODER, Task.MASKED_LM):
        path.write_bytes(toy(mobilebert(), task=task).content)
        counts.append(inspect_model(path).operators)
    assert counts[1]["FULLY_CONNECTED"] - counts[0]["FULLY_CONNECTED"] == 2
    assert counts[1]["CONCATENATION"] == counts[0]["CONCATENATION"]
    assert counts[1]["TRANSPOSE"] == counts[0]["TRANSPOSE"]


@pytest.mark.parametrize(
    ("name", "task", "parameters"),
    [
        # Counted on instances made with Hugging Face transformers.
        ("bert-base", Task.MASKED_LM, 109_514_298),
        ("bert-base", Task.PRETRAINING, 110_106_428),
        ("bert-base", Task.CLASSIFICATION, 109_482_240 + 2 * 768 + 2),
        ("bert-base", Task.QA, 108_891_648 + 2 * 768 + 2),
        ("bert-large", Task.MASKED_LM, 335_174_458),
        ("bert-large", Task.PRETRAINING, 336_226_108),
        ("bert-large", Task.NEXT_SENTENCE, 335_141_888 + 2 * 1024 + 2),
        ("tinybert-4l", Task.MASKED_LM, 14_381_394),
        ("tinybert-4l", Task.PRETRAINING, 14_479_676),
        ("tinybert-6l", Task.MASKED_LM, 66_987_066),
        ("tinybert-6l", Task.PRETRAINING, 67_579_196),
        ("distilbert", Task.MASKED_LM, 66_985_530),
        ("distilbert", Task.CLASSIFICATION, 66_362_880 + 768 * 768 + 768 + 2 * 768 + 2),
        ("mobilebert", Task.MASKED_LM, 36_596_538),
        ("mobilebert", Task.PRETRAINING, 36_597_564),
        ("mobilebert", Task.CLASSIFICATION, 24_581_888 + 2 * 512 + 2),
        ("mobilebert-tiny", Task.MASKED_LM, 27_500_346),
        ("mobilebert-tiny", Task.PRETRAINING, 27_501_372),
        ("ib-bert-large", Task.MASKED_LM, 306_219_834),
        ("ib-bert-large", Task.MULTIPLE_CHOICE, 294_467_840 + 512 + 1),
    ],
)
def test_a_model_with_its_head_has_as_many_parameters_as_the_published_one(
    name: str, task: Task, parameters: int
) -> None:
    from models.convert import declare

    spec = ModelSpec(name=name, task=task)
    assert declare(spec, config_of(spec)).count() == parameters


@pytest.mark.parametrize("name", CATALOG)
def test_every_task_that_the_catalogue_offers_has_a_graph(name: str) -> None:
    from models.convert import ARCHITECTURES

    entry = CATALOG[name]
    architecture = ARCHITECTURES[type(entry.config)]
    needs = {
        "words": (Task.MASKED_LM, Task.PRETRAINING),
        "pair": PAIRS,
        "sentence": (*PAIRS, Task.CLASSIFICATION, Task.MULTIPLE_CHOICE),
    }
    missing = {
        task for part, tasks in needs.items() for task in tasks if not getattr(architecture, part)
    }
    assert not missing & set(entry.tasks)


def test_a_task_that_the_architecture_has_no_head_for_is_refused() -> None:
    with pytest.raises(BadSpecError) as caught:
        config_of(ModelSpec(name="distilbert", task=Task.PRETRAINING))
    assert str(caught.value) == (
        "Model 'distilbert' cannot have task 'pretraining': it has qa, encoder, masked-lm, "
        "classification, token-classification, multiple-choice."
    )


def test_a_pooler_of_mobilebert_counts_where_there_is_one() -> None:
    from models.convert import declare

    spec = ModelSpec(name="mobilebert", task=Task.CLASSIFICATION)
    plain, pooled = (
        declare(spec, MobileBertConfig(layers=1, pooler=pooler)).count() for pooler in (False, True)
    )
    assert pooled - plain == 262_656
