"""Checkpoints of ALBERT, SqueezeBERT and ModernBERT: what is read, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from reference_checkpoints import FOLDER, REFERENCES, copy_checkpoint

from models.catalog import ModelSpec, Task, find_entry
from models.checkpoint import open_checkpoint
from models.configs import Activation, Config
from models.configs_albert import AlbertConfig
from models.configs_modernbert import ModernBertConfig, Pooling
from models.configs_squeezebert import SqueezeBertConfig
from models.errors import CheckpointError

LOCAL, GLOBAL = "sliding_attention", "full_attention"


def opened(folder: Path, name: str) -> Config:
    return open_checkpoint(folder, find_entry(REFERENCES[name]).config).config


def with_config(tmp_path: Path, name: str, **changes: object) -> Path:
    """A copy of a checkpoint with other values in its configuration; "-" takes one out."""
    folder = copy_checkpoint(name, tmp_path / name)
    path = folder / "config.json"
    values = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in values.items() if value != "-"}))
    return folder


@pytest.mark.parametrize(
    ("name", "config"),
    [
        (
            "albert",
            AlbertConfig(
                vocabulary=90,
                positions=40,
                embedding=20,
                hidden=48,
                layers=3,
                heads=6,
                feed_forward=80,
                activation=Activation.GELU_NEW,
            ),
        ),
        (
            "squeezebert",
            SqueezeBertConfig(
                vocabulary=90,
                positions=40,
                hidden=48,
                layers=3,
                heads=6,
                feed_forward=80,
                groups=4,
            ),
        ),
        (
            "modernbert",
            ModernBertConfig(
                vocabulary=90,
                positions=64,
                hidden=48,
                layers=5,
                heads=6,
                feed_forward=80,
                global_every=3,
                window=8,
                pooling=Pooling.MEAN,
            ),
        ),
    ],
)
def test_sizes_are_those_of_the_configuration(name: str, config: Config) -> None:
    assert opened(FOLDER / name, name) == config


def test_what_an_albert_leaves_out_has_hugging_faces_default(tmp_path: Path) -> None:
    folder = with_config(tmp_path, "albert")
    (folder / "config.json").write_text('{"model_type": "albert"}')
    xxlarge = AlbertConfig(hidden=4096, layers=12, heads=64, feed_forward=16384)
    assert opened(folder, "albert") == xxlarge


def test_a_modernbert_may_be_written_in_the_words_of_older_files(tmp_path: Path) -> None:
    folder = with_config(
        tmp_path,
        "modernbert",
        layer_types="-",
        rope_parameters="-",
        global_attn_every_n_layers=2,
        global_rope_theta=80_000.0,
        local_rope_theta=None,
        classifier_pooling="cls",
    )
    config = opened(folder, "modernbert")
    assert isinstance(config, ModernBertConfig)
    assert (config.global_every, config.global_theta, config.local_theta, config.pooling) == (
        2,
        80_000.0,
        80_000.0,
        Pooling.CLS,
    )


@pytest.mark.parametrize(
    ("kinds", "every"),
    [
        ([GLOBAL] * 5, 1),
        ([GLOBAL, LOCAL, GLOBAL, LOCAL, GLOBAL], 2),
        ([GLOBAL, LOCAL, LOCAL, LOCAL, LOCAL], 5),
    ],
)
def test_a_regular_pattern_of_layers_is_read(kinds: list[str], every: int, tmp_path: Path) -> None:
    config = opened(with_config(tmp_path, "modernbert", layer_types=kinds), "modernbert")
    assert isinstance(config, ModernBertConfig)
    assert config.global_every == every


@pytest.mark.parametrize(
    ("name", "changes", "word"),
    [
        ("albert", {"num_hidden_groups": 2}, "num_hidden_groups is 2"),
        ("albert", {"inner_group_num": 2}, "inner_group_num is 2"),
        ("albert", {"num_attention_heads": 7}, "7 attention heads do not divide a width of 48"),
        ("squeezebert", {"q_groups": 2}, "q_groups 2, k_groups 4"),
        ("squeezebert", {"post_attention_groups": 4}, "post_attention_groups is 4"),
        ("squeezebert", {"embedding_size": 24}, "embedding_size 24 is not hidden_size 48"),
        ("squeezebert", {"intermediate_size": 82}, "4 groups do not divide"),
        ("squeezebert", {"layer_norm_eps": 1e-5}, "layer_norm_eps is 1e-05"),
        ("modernbert", {"norm_bias": True}, "norm_bias is True"),
        ("modernbert", {"num_attention_heads": 48}, "do not divide a width of 48"),
        ("modernbert", {"classifier_activation": "relu"}, "classifier_activation is not"),
        ("modernbert", {"classifier_pooling": "max"}, "classifier_pooling is 'max'"),
        ("modernbert", {"layer_types": [GLOBAL, GLOBAL, LOCAL, GLOBAL, LOCAL]}, "no regular"),
        ("modernbert", {"layer_types": [GLOBAL, LOCAL, LOCAL]}, "no regular pattern of 5 layers"),
        ("modernbert", {"layer_types": []}, "no regular pattern"),
        (
            "modernbert",
            {"rope_parameters": {GLOBAL: {"rope_type": "yarn", "rope_theta": 1e4}}},
            "rope_parameters is",
        ),
    ],
)
def test_what_the_graph_cannot_be_is_refused(
    name: str, changes: dict[str, object], word: str, tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError, match=r"cannot be used: config\.json: ") as caught:
        opened(with_config(tmp_path, name, **changes), name)
    assert word in str(caught.value)


def test_a_convolution_that_is_wider_than_one_token_is_refused(tmp_path: Path) -> None:
    from models.convert import convert

    name = "squeezebert"
    key = "transformer.encoder.layers.0.attention.query.weight"
    folder = copy_checkpoint(
        name,
        tmp_path / name,
        edit=lambda tensors: tensors.update({key: tensors[key].repeat(3, axis=2)}),
    )
    checkpoint = open_checkpoint(folder, find_entry(name).config)
    spec = ModelSpec(name=name, task=Task.ENCODER, sequence_length=16)
    with pytest.raises(CheckpointError) as caught:
        convert(spec, checkpoint.config, checkpoint)
    assert f"{key} [48, 12, 3] instead of [48, 12]" in str(caught.value)
