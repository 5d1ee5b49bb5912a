"""Words for gaps: a checkpoint whose answer is known by its place in the sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from reference_checkpoints import Tensors
from safetensors.numpy import save_file
from tokenizers import BertWordPieceTokenizer

from models.errors import CheckpointError, TextError
from models.fill_mask import open_tokenizer, read_text

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = (*SPECIAL, "the", "cat", "sat", "on", "mat", "dog", "play", "##ing")
WIDTH, POSITIONS, FEED_FORWARD = 16, 24, 8
TEXT = "The [MASK] sat on the [MASK]"
# Places behind [CLS]: the first gap is token 2, the second token 6.
ANSWERS = {2: "cat", 6: "mat"}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A BERT whose positions say the word: position 2 looks like "cat", position 6 like "mat"."""
    folder = tmp_path / "answers"
    folder.mkdir()
    config = {
        "model_type": "bert",
        "vocab_size": len(WORDS),
        "hidden_size": WIDTH,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": FEED_FORWARD,
        "max_position_embeddings": POSITIONS,
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    save_file(_weights(), folder / "model.safetensors")
    return folder


def _weights() -> Tensors:
    square, wide, vector = (WIDTH, WIDTH), (FEED_FORWARD, WIDTH), (WIDTH,)
    words = np.eye(len(WORDS), WIDTH, dtype=np.float32)
    words[WORDS.index("[MASK]")] = 0
    positions = np.zeros((POSITIONS, WIDTH), np.float32)
    for place, word in ANSWERS.items():
        positions[place, WORDS.index(word)] = 1
    layer = "bert.encoder.layer.0"
    weights = {
        "bert.embeddings.word_embeddings.weight": words,
        "bert.embeddings.position_embeddings.weight": positions,
        "bert.embeddings.token_type_embeddings.weight": np.zeros((2, WIDTH), np.float32),
        f"{layer}.intermediate.dense.weight": np.zeros(wide, np.float32),
        f"{layer}.intermediate.dense.bias": np.zeros(FEED_FORWARD, np.float32),
        f"{layer}.output.dense.weight": np.zeros(wide[::-1], np.float32),
        f"{layer}.output.dense.bias": np.zeros(vector, np.float32),
        "cls.predictions.transform.dense.weight": np.eye(WIDTH, dtype=np.float32),
        "cls.predictions.transform.dense.bias": np.zeros(vector, np.float32),
        "cls.predictions.bias": np.zeros(len(WORDS), np.float32),
    }
    for name in ("self.query", "self.key", "self.value", "output.dense"):
        weights[f"{layer}.attention.{name}.weight"] = np.zeros(square, np.float32)
        weights[f"{layer}.attention.{name}.bias"] = np.zeros(vector, np.float32)
    norms = ("bert.embeddings", f"{layer}.attention.output", f"{layer}.output")
    for name in (*norms, "cls.predictions.transform"):
        weights[f"{name}.LayerNorm.gamma"] = np.full(vector, 3, np.float32)
        weights[f"{name}.LayerNorm.beta"] = np.zeros(vector, np.float32)
    return weights


def bench(*words: object, cache: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from harness.cli import main; main()", *map(str, words)],
        env=os.environ | {"MBERT_BENCH_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_gap_gets_the_word_that_the_weights_put_there(
    checkpoint: Path, tmp_path: Path
) -> None:
    words = ("models", "fill-mask", "bert-base", "--weights", checkpoint, "--text", TEXT)
    done = bench(*words, "--json", "--seq-len", 16, cache=tmp_path / "cache")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert [gap[0]["word"] for gap in document["gaps"]] == ["cat", "mat"]
    assert all(gap[0]["probability"] > 0.9 for gap in document["gaps"])
    assert [len(gap) for gap in document["gaps"]] == [5, 5]

    # From the cache, for people, and shorter than asked for: it has 24 positions.
    done = bench(*words, "--top", 1, cache=tmp_path / "cache")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[-1] for line in lines] == ["1", "cat", "2", "mat"]


def test_a_text_without_a_gap_is_refused_before_anything_is_built(
    checkpoint: Path, tmp_path: Path
) -> None:
    words = ("models", "fill-mask", "bert-base", "--weights", checkpoint, "--text", "The cat")
    done = bench(*words, cache=tmp_path / "cache")
    assert (done.returncode, done.stdout) == (2, "")
    assert "The text 'The cat' cannot be completed: it has no [MASK]." in done.stderr
    assert not (tmp_path / "cache").exists()


def test_words_are_split_as_the_vocabulary_has_them(checkpoint: Path) -> None:
    text = read_text(open_tokenizer(checkpoint, len(WORDS)), "the DOG playing [MASK] zebra", 16)
    known = [WORDS[token] for token in text.ids]
    assert known == ["[CLS]", "the", "dog", "play", "##ing", "[MASK]", "[UNK]", "[SEP]"]
    assert text.gaps == (5,)


def test_a_vocabulary_may_tell_small_and_capital_letters_apart(checkpoint: Path) -> None:
    (checkpoint / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    text = read_text(open_tokenizer(checkpoint, len(WORDS)), "The the [MASK]", 16)
    assert [WORDS[token] for token in text.ids[1:3]] == ["[UNK]", "the"]


def test_a_tokenizer_file_comes_before_a_list_of_words(checkpoint: Path) -> None:
    tokenizer = BertWordPieceTokenizer(str(checkpoint / "vocab.txt"))
    tokenizer.enable_padding(length=20)
    tokenizer.enable_truncation(3)
    tokenizer.save(str(checkpoint / "tokenizer.json"))
    (checkpoint / "vocab.txt").unlink()
    text = read_text(open_tokenizer(checkpoint, len(WORDS)), TEXT, 16)
    assert (len(text.ids), text.gaps) == (8, (2, 6))


def test_a_text_that_is_too_long_is_refused(checkpoint: Path) -> None:
    tokenizer = open_tokenizer(checkpoint, len(WORDS))
    with pytest.raises(TextError, match="it has 8 tokens, and the model takes 7"):
        read_text(tokenizer, TEXT, 7)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        pytest.param("vocab.txt", None, "it has no vocabulary", id="none"),
        pytest.param("tokenizer.json", "{", "its vocabulary cannot be read", id="half a file"),
        pytest.param("tokenizer_config.json", "{", "its vocabulary cannot be read", id="settings"),
        pytest.param("vocab.txt", "[CLS]\n[UNK]\n", r"has no \[SEP\], \[MASK\]", id="no mask"),
        pytest.param("vocab.txt", "\n".join((*WORDS, *"abcdefg")), "20 words, and", id="too many"),
    ],
)
def test_a_vocabulary_that_does_not_fit_is_refused(
    checkpoint: Path, name: str, content: str | None, why: str
) -> None:
    if content is None:
        (checkpoint / name).unlink()
    else:
        (checkpoint / name).write_text(content)
    with pytest.raises(CheckpointError, match=why):
        open_tokenizer(checkpoint, len(WORDS))
