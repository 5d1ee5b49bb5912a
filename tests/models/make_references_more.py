"""How the references of ALBERT, SqueezeBERT and ModernBERT were made: small checkpoints with
random weights, and what Hugging Face's PyTorch models give for a few sentences.

Run by hand with torch 2.13 and transformers 5.23, which the tests do not need:
python tests/models/make_references_more.py tests/data/references

Each folder holds `config.json` and `model.safetensors` as a checkpoint does, with the weights of
all heads, and `outputs.npz` with the keys LENGTH/NAME: the inputs `input_ids`, `input_mask` and
`segment_ids`, and the outputs TASK/OUTPUT. The classifier of one choice has the name of the
other classifiers and another shape: it is in `choice.safetensors`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.torch import save_file

VOCABULARY = 90
# No size is a multiple of another where the architecture allows it, so that a product with axes
# exchanged fails. SqueezeBERT's heads and groups do not coincide.
SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "intermediate_size": 80,
}
ALBERT = transformers.AlbertConfig(**SIZES, embedding_size=20, max_position_embeddings=40)
SQUEEZEBERT = transformers.SqueezeBertConfig(**SIZES, embedding_size=48, max_position_embeddings=40)
# Layers 0 and 3 are global. Half a window is 4 tokens, far less than the longer sentence.
MODERNBERT = transformers.ModernBertConfig(
    **{**SIZES, "num_hidden_layers": 5},
    max_position_embeddings=64,
    local_attention=8,
    classifier_pooling="mean",
    pad_token_id=0,
    bos_token_id=1,
    eos_token_id=2,
    cls_token_id=1,
    sep_token_id=2,
)

# The model of each task and the fields of its output.
TASKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "encoder": ("Model", ("last_hidden_state",)),
    "qa": ("ForQuestionAnswering", ("start_logits", "end_logits")),
    "masked-lm": ("ForMaskedLM", ("logits",)),
    "pretraining": ("ForPreTraining", ("prediction_logits", "sop_logits")),
    "classification": ("ForSequenceClassification", ("logits",)),
    "token-classification": ("ForTokenClassification", ("logits",)),
    "multiple-choice": ("ForMultipleChoice", ("logits",)),
}
# The kind of model, its sizes, the lengths of its sentences.
ARCHITECTURES = {
    "albert": ("Albert", ALBERT, (16, 7)),
    "squeezebert": ("SqueezeBert", SQUEEZEBERT, (16, 7)),
    "modernbert": ("ModernBert", MODERNBERT, (30, 16, 7)),
}


def make_reference(folder: Path, kind: str, config: Any, lengths: tuple[int, ...]) -> None:
    """Writes one folder."""
    config.vocab_size = VOCABULARY
    weights: dict[str, torch.Tensor] = {}
    choice: dict[str, torch.Tensor] = {}
    outputs: dict[str, Any] = {}
    for task, (suffix, fields) in TASKS.items():
        model_class = getattr(transformers, kind + suffix, None)
        if model_class is None:
            continue
        model = model_class._from_config(config, attn_implementation="eager")
        choices = task == "multiple-choice"
        give_weights(model.eval(), weights, choice if choices else weights)
        for length in lengths:
            sentence = make_sentence(length, config)
            outputs |= {f"{length}/{name}": values for name, values in sentence.items()}
            found = run(model, sentence, (1, 1, length) if choices else (1, length))
            outputs |= {f"{length}/{task}/{name}": found[name].numpy()[0] for name in fields}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config.to_diff_dict(), indent=2) + "\n")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    save_file(choice, folder / "choice.safetensors", metadata={"format": "pt"})
    np.savez_compressed(folder / "outputs.npz", **outputs)


def give_weights(
    model: Any, weights: dict[str, torch.Tensor], classifiers: dict[str, torch.Tensor]
) -> None:
    """Spreads a model's weights widely, those that an earlier model had alike.

    With the usual small ones attention is uniform and biases are next to nothing: a mistake in
    them would drown in rounding.
    """
    prefix = f"{model.base_model_prefix}."
    is_base = model.base_model is model
    for name, parameter in model.named_parameters():
        full = prefix + name if is_base else name
        table = classifiers if full.startswith("classifier.") else weights
        if full not in table:
            generator = torch.Generator().manual_seed(len(weights))
            values = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() > 1 and "embeddings" not in name:
                table[full] = values / parameter.shape[1] ** 0.5
            else:
                is_gamma = parameter.dim() == 1 and name.endswith("weight")
                table[full] = values * 0.3 + is_gamma
        parameter.data.copy_(table[full])


def make_sentence(length: int, config: Any) -> dict[str, np.ndarray]:
    """Seeded tokens in two segments where there are any, the last two of them padding."""
    generator = np.random.default_rng(length)
    position = np.arange(length)
    sentence = {
        "input_ids": generator.integers(0, VOCABULARY, length, dtype=np.int32),
        "input_mask": (position < length - 2).astype(np.int32),
    }
    if hasattr(config, "type_vocab_size"):
        sentence["segment_ids"] = (position >= length // 2).astype(np.int32)
    return sentence


def run(model: Any, sentence: dict[str, np.ndarray], shape: tuple[int, ...]) -> Any:
    """Gives what the model says of one sentence."""
    names = {"input_mask": "attention_mask", "segment_ids": "token_type_ids"}
    given = {
        names.get(name, name): torch.from_numpy(values).reshape(shape).long()
        for name, values in sentence.items()
    }
    with torch.no_grad():
        return model(**given)


def main(folder: Path) -> None:
    """Writes the folders of all architectures."""
    for name, (kind, config, lengths) in ARCHITECTURES.items():
        make_reference(folder / name, kind, config, lengths)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
