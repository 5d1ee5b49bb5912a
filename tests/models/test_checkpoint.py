"""Folders of weights: what is read, and what is refused with which words."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from reference_checkpoints import FOLDER, Tensors, built, copy_checkpoint, read_reference, run
from safetensors.numpy import load_file, save_file

from models.build import build_model
from models.catalog import ModelSpec, Task, find_entry
from models.checkpoint import Checkpoint, open_checkpoint
from models.configs import Activation, BertConfig, DistilBertConfig, MobileBertConfig, Norm, Wiring
from models.errors import BadSpecError, CheckpointError

BERT = BertConfig()


def build(folder: Path, *, task: Task = Task.ENCODER, name: str = "bert-base") -> bytes:
    from models.convert import convert

    spec = ModelSpec(name=name, task=task, sequence_length=16)
    checkpoint = open_checkpoint(folder, find_entry(name).config)
    return bytes(convert(spec, checkpoint.config, checkpoint))


def with_config(folder: Path, **changes: object) -> Path:
    path = folder / "config.json"
    values = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in values.items() if value != "-"}))
    return folder


@pytest.fixture
def bert(tmp_path: Path) -> Path:
    return copy_checkpoint("bert", tmp_path / "bert")


def refused(folder: Path, like: object = BERT) -> str:
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(folder, like)  # type: ignore[arg-type]
    assert caught.value.exit_code == 2
    prefix = f"The checkpoint in {str(folder)!r} cannot be used: "
    assert str(caught.value).startswith(prefix)
    return str(caught.value).removeprefix(prefix)


def refused_weights(folder: Path, task: Task = Task.ENCODER) -> list[str]:
    with pytest.raises(CheckpointError) as caught:
        build(folder, task=task)
    return str(caught.value).splitlines()[1:]


@pytest.mark.parametrize(
    ("name", "model", "config"),
    [
        (
            "bert",
            "bert-base",
            BertConfig(vocabulary=90, positions=40, hidden=48, layers=2, heads=6, feed_forward=80),
        ),
        (
            "distilbert",
            "distilbert",
            DistilBertConfig(
                vocabulary=90, positions=40, hidden=48, layers=2, heads=6, feed_forward=80
            ),
        ),
        (
            "mobilebert-layernorm",
            "mobilebert",
            MobileBertConfig(
                vocabulary=90,
                positions=40,
                embedding=20,
                hidden=48,
                bottleneck=36,
                layers=2,
                heads=6,
                feed_forward=80,
                feed_forwards=2,
                wiring=Wiring.RELEASED,
                norm=Norm.LAYER_NORM,
                activation=Activation.GELU,
                pooler=True,
            ),
        ),
    ],
)
def test_sizes_are_those_of_the_configuration(name: str, model: str, config: object) -> None:
    checkpoint = open_checkpoint(FOLDER / name, find_entry(model).config)
    assert checkpoint.config == config
    assert len(checkpoint.digest) == 64


def test_what_a_configuration_leaves_out_has_hugging_faces_default(bert: Path) -> None:
    (bert / "config.json").write_text('{"model_type": "bert", "layer_norm_eps": 0.001}')
    assert open_checkpoint(bert, BERT).config == BertConfig(norm_epsilon=0.001)


def test_labels_are_counted(bert: Path) -> None:
    labels = {str(number): f"LABEL_{number}" for number in range(5)}
    assert open_checkpoint(with_config(bert, id2label=labels), BERT).config.labels == 5


def rename(pairs: dict[str, str]) -> Callable[[Tensors], None]:
    def edit(tensors: Tensors) -> None:
        for key in list(tensors):
            new = key
            for old, word in pairs.items():
                new = new.replace(old, word)
            tensors[new] = tensors.pop(key)

    return edit


def add(**more: np.ndarray) -> Callable[[Tensors], None]:
    def edit(tensors: Tensors) -> None:
        tensors |= {key.replace("__", "."): value for key, value in more.items()}

    return edit


def add_copies(tensors: Tensors) -> None:
    words = tensors["bert.embeddings.word_embeddings.weight"]
    tensors["cls.predictions.decoder.weight"] = words.copy()
    tensors["cls.predictions.decoder.bias"] = tensors["cls.predictions.bias"].copy()


def only_the_copy(tensors: Tensors) -> None:
    tensors["cls.predictions.decoder.bias"] = tensors.pop("cls.predictions.bias")


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(
            rename({"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}),
            id="gamma and beta",
        ),
        pytest.param(rename({"bert.": ""}), id="no prefix"),
        pytest.param(add_copies, id="tied weights stored twice"),
        pytest.param(only_the_copy, id="a bias under its other name"),
        pytest.param(
            add(
                bert__embeddings__position_ids=np.arange(40, dtype=np.int64)[None],
                fit_denses__0__weight=np.zeros((3, 4), np.float32),
            ),
            id="what was for training",
        ),
    ],
)
def test_every_way_to_store_the_same_weights_gives_the_same_outputs(
    edit: Callable[[Tensors], None], tmp_path: Path
) -> None:
    folder = copy_checkpoint("bert", tmp_path / "bert", edit=edit)
    reference = read_reference("bert", Task.MASKED_LM, 16)
    found = run(build(folder, task=Task.MASKED_LM), reference.inputs)
    expected = run(built("bert", Task.MASKED_LM, 16), reference.inputs)
    np.testing.assert_array_equal(found["logits"], expected["logits"])


def test_half_precision_is_read(tmp_path: Path) -> None:
    def halve(tensors: Tensors) -> None:
        for key, value in tensors.items():
            tensors[key] = value.astype(np.float16)

    folder = copy_checkpoint("bert", tmp_path / "bert", edit=halve)
    reference = read_reference("bert", Task.ENCODER, 16)
    found = run(build(folder), reference.inputs)["last_hidden_state"]
    assert np.abs(found - reference.outputs["last_hidden_state"]).max() < 0.02


def test_bfloat16_is_read(bert: Path) -> None:
    path = bert / "model.safetensors"
    tensors = load_file(path)
    header, data, start = {}, b"", 0
    for key, value in tensors.items():
        upper = (np.ascontiguousarray(value).view(np.uint32) >> 16).astype("<u2").tobytes()
        offsets = [start, start + len(upper)]
        header[key] = {"dtype": "BF16", "shape": list(value.shape), "data_offsets": offsets}
        data, start = data + upper, offsets[1]
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    reference = read_reference("bert", Task.ENCODER, 16)
    found = run(build(bert), reference.inputs)["last_hidden_state"]
    assert np.abs(found - reference.outputs["last_hidden_state"]).max() < 0.1


def test_what_is_missing_unexpected_and_misshapen_is_listed(tmp_path: Path) -> None:
    def edit(tensors: Tensors) -> None:
        tensors["bert.encoder.layer.7.output.dense.bias"] = tensors.pop(
            "bert.encoder.layer.1.output.dense.bias"
        )
        key = "bert.encoder.layer.0.attention.self.query.weight"
        tensors[key] = tensors[key][:, :40].copy()

    assert refused_weights(copy_checkpoint("bert", tmp_path / "bert", edit=edit)) == [
        "  missing: encoder.layer.1.output.dense.bias",
        "  unexpected: bert.encoder.layer.7.output.dense.bias",
        "  of another shape: bert.encoder.layer.0.attention.self.query.weight [48, 40] instead of "
        "[48, 48].",
    ]


def test_a_head_that_the_weights_do_not_have_is_missing(tmp_path: Path) -> None:
    def edit(tensors: Tensors) -> None:
        del tensors["qa_outputs.weight"], tensors["qa_outputs.bias"]

    folder = copy_checkpoint("bert", tmp_path / "bert", edit=edit)
    assert refused_weights(folder, Task.QA) == ["  missing: qa_outputs.weight, qa_outputs.bias."]
    assert build(folder)


def test_words_of_their_own_are_refused(tmp_path: Path) -> None:
    def edit(tensors: Tensors) -> None:
        add_copies(tensors)
        tensors["cls.predictions.decoder.weight"] += 1

    folder = copy_checkpoint("bert", tmp_path / "bert", edit=edit)
    with pytest.raises(CheckpointError, match="only heads with tied words can be built"):
        build(folder, task=Task.MASKED_LM)


def test_a_value_that_is_no_number_is_refused(tmp_path: Path) -> None:
    def edit(tensors: Tensors) -> None:
        tensors["bert.embeddings.LayerNorm.bias"][3] = np.nan

    with pytest.raises(CheckpointError, match=r"LayerNorm\.bias holds values that are not finite"):
        build(copy_checkpoint("bert", tmp_path / "bert", edit=edit))


def test_another_architecture_is_refused(bert: Path) -> None:
    assert refused(bert, MobileBertConfig()) == (
        "its model_type is 'bert', and this model's is 'mobilebert'."
    )


@pytest.mark.parametrize("size", [0, 7, 8, 100, 5000, -1])
def test_weights_that_are_cut_short_are_refused(bert: Path, size: int) -> None:
    path = bert / "model.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:size])
    assert refused(bert).startswith("model.safetensors is broken or cut short (")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xff" * 64, id="an endless header"),
        pytest.param(struct.pack("<Q", 2) + b"{}", id="no weights"),
        pytest.param(struct.pack("<Q", 5) + b"[[[[[", id="no object"),
        pytest.param(
            struct.pack("<Q", 68)
            + b'{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}'[:68],
            id="a shape that overflows",
        ),
    ],
)
def test_hostile_weights_are_refused(bert: Path, content: bytes) -> None:
    (bert / "model.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError):
        build(bert)


def test_a_pickle_is_not_opened(bert: Path) -> None:
    (bert / "model.safetensors").rename(bert / "pytorch_model.bin")
    assert refused(bert) == (
        "it has pytorch_model.bin and no model.safetensors; other formats are not opened. Save it "
        "again with save_pretrained(…, safe_serialization=True)."
    )


def test_an_empty_folder_and_no_folder_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none") == "there is no such folder."
    assert refused(tmp_path) == "config.json cannot be read (No such file or directory)."
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    assert refused(tmp_path) == "it has no model.safetensors."


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "config.json is not JSON"),
        ("[]", "config.json is not an object"),
        ("[" * 100_000, "config.json is not JSON"),
        ('{"hidden_size": 768}', "its model_type is None"),
        (" " * 2_000_000, "config.json is no configuration: it is too long"),
    ],
)
def test_a_broken_configuration_is_refused(bert: Path, text: str, why: str) -> None:
    (bert / "config.json").write_text(text)
    assert refused(bert).startswith(why)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"hidden_size": 10**12}, "hidden_size is 1000000000000: "),
        ({"hidden_size": -48}, "hidden_size is -48: "),
        ({"hidden_size": "48"}, "hidden_size is '48': "),
        ({"hidden_size": 48.0}, "hidden_size is 48.0: "),
        ({"hidden_size": True}, "hidden_size is True: "),
        ({"hidden_size": None}, "hidden_size is None: "),
        ({"num_hidden_layers": 10**6}, "num_hidden_layers is 1000000: "),
        ({"num_hidden_layers": 0}, "num_hidden_layers is 0: "),
        ({"num_attention_heads": 7}, "7 attention heads do not divide a width of 48"),
        ({"hidden_act": "swish"}, "hidden_act is 'swish': "),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type is"),
        ({"layer_norm_eps": float("nan")}, "layer_norm_eps is nan: "),
    ],
    ids=str,
)
def test_sizes_that_no_model_has_are_refused(
    bert: Path, change: dict[str, object], why: str
) -> None:
    assert refused(with_config(bert, **change)).startswith(f"config.json: {why}")


def test_sizes_far_above_the_weights_are_refused_without_taking_memory(bert: Path) -> None:
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    folder = with_config(bert, hidden_size=6 * 2**17, vocab_size=2**20, num_hidden_layers=12)
    assert any("of another shape" in line for line in refused_weights(folder))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000  # kilobytes


def opened(folder: Path) -> Checkpoint:
    return open_checkpoint(folder, BERT)


def test_a_build_is_kept_by_what_the_checkpoint_holds(bert: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    spec = ModelSpec(name="bert-base", task=Task.ENCODER, sequence_length=16)
    first = build_model(spec, cache, opened(bert))
    moved = bert.rename(tmp_path / "moved")
    assert build_model(spec, cache, opened(moved)) == first
    tensors = load_file(moved / "model.safetensors")
    tensors["bert.embeddings.LayerNorm.bias"] += 1
    save_file(tensors, moved / "model.safetensors")
    assert build_model(spec, cache, opened(moved)) != first


def test_a_refusal_of_the_building_process_is_told_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    def edit(tensors: Tensors) -> None:
        del tensors["bert.embeddings.LayerNorm.bias"]

    folder = copy_checkpoint("bert", tmp_path / "bert", edit=edit)
    cache = tmp_path / "cache"
    spec = ModelSpec(name="bert-base", task=Task.ENCODER, sequence_length=16)
    with pytest.raises(CheckpointError, match=r"missing: embeddings\.LayerNorm\.bias\."):
        build_model(spec, cache, opened(folder))
    assert [path for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"] == []


def test_a_sequence_longer_than_the_checkpoints_positions_is_refused(
    bert: Path, tmp_path: Path
) -> None:
    spec = ModelSpec(name="bert-base", sequence_length=41)
    with pytest.raises(BadSpecError, match="it has positions for 1 to 40 tokens"):
        build_model(spec, tmp_path / "cache", opened(bert))
