"""How the references of BERT, DistilBERT and MobileBERT were made: small checkpoints with random
weights, and what Hugging Face's PyTorch models give for a few sentences.

Run by hand with torch 2.13 and transformers 5.23, which the tests do not need:
python tests/models/make_references.py tests/data/references

Each folder holds `config.json` and `model.safetensors` as a checkpoint does, with the weights of
all heads, and `outputs.npz` with the keys LENGTH/NAME: the inputs `input_ids`, `input_mask` and
`segment_ids`, and the outputs TASK/OUTPUT. The classifier of one choice has the name of the
other classifiers and another shape: it is in `choice.safetensors`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.torch import save_file

VOCABULARY = 90
# No size is a multiple of another where the architecture allows it, so that a product with axes
# exchanged fails.
SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 6,
    "intermediate_size": 80,
    "max_position_embeddings": 40,
}
MOBILE = {**SIZES, "embedding_size": 20, "intra_bottleneck_size": 36}
LENGTHS = (16, 7)
PADDING = 3

CONFIGS: dict[str, tuple[str, Any]] = {
    "bert": ("Bert", transformers.BertConfig(**SIZES)),
    "distilbert": (
        "DistilBert",
        transformers.DistilBertConfig(
            vocab_size=VOCABULARY,
            dim=48,
            n_layers=2,
            n_heads=6,
            hidden_dim=80,
            max_position_embeddings=40,
        ),
    ),
    "mobilebert": (
        "MobileBert",
        transformers.MobileBertConfig(
            **MOBILE, num_feedforward_networks=3, classifier_activation=False
        ),
    ),
    "mobilebert-tiny": (
        "MobileBert",
        transformers.MobileBertConfig(
            **MOBILE,
            num_feedforward_networks=2,
            use_bottleneck_attention=True,
            key_query_shared_bottleneck=False,
            classifier_activation=False,
        ),
    ),
    "mobilebert-layernorm": (
        "MobileBert",
        transformers.MobileBertConfig(
            **MOBILE,
            num_feedforward_networks=2,
            normalization_type="layer_norm",
            hidden_act="gelu",
            classifier_activation=True,
        ),
    ),
}
# The model of each task and the fields of its output.
TASKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "encoder": ("Model", ("last_hidden_state",)),
    "qa": ("ForQuestionAnswering", ("start_logits", "end_logits")),
    "masked-lm": ("ForMaskedLM", ("logits",)),
    "pretraining": ("ForPreTraining", ("prediction_logits", "seq_relationship_logits")),
    "next-sentence": ("ForNextSentencePrediction", ("logits",)),
    "classification": ("ForSequenceClassification", ("logits",)),
    "token-classification": ("ForTokenClassification", ("logits",)),
    "multiple-choice": ("ForMultipleChoice", ("logits",)),
}


def lively(name: str, value: torch.Tensor, seed: int) -> torch.Tensor:
    """Values so wide that attention is not uniform and no bias drowns in rounding, and not so wide
    that a stack without LayerNorm grows without end."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(value.shape, generator=generator)
    if "LayerNorm.weight" in name or "layer_norm.weight" in name:
        return 1 + 0.2 * noise
    if value.dim() < 2 or "embeddings" in name:
        return 0.3 * noise
    return noise * 0.7 / value.shape[-1] ** 0.5


def inputs(length: int, *, segments: bool) -> dict[str, torch.Tensor]:
    """Seeded tokens in two segments, the last ones padding."""
    generator = np.random.default_rng(length)
    position = np.arange(length)
    values = {
        "input_ids": generator.integers(0, VOCABULARY, length),
        "input_mask": (position < length - PADDING).astype(np.int64),
    }
    if segments:
        values["segment_ids"] = (position >= length // 3).astype(np.int64)
    return {name: torch.from_numpy(value) for name, value in values.items()}


def run(model: Any, given: dict[str, torch.Tensor], *, choices: bool) -> Any:
    names = {"input_mask": "attention_mask", "segment_ids": "token_type_ids"}
    shape = (1, 1, -1) if choices else (1, -1)
    batch = {names.get(name, name): value.reshape(shape) for name, value in given.items()}
    with torch.no_grad():
        return model(**batch)


def make(name: str, folder: Path) -> None:
    kind, config = CONFIGS[name]
    config._attn_implementation = "eager"
    weights: dict[str, torch.Tensor] = {}
    choice: dict[str, torch.Tensor] = {}
    arrays: dict[str, Any] = {}
    for task, (suffix, fields) in TASKS.items():
        model_class = getattr(transformers, f"{kind}{suffix}", None)
        if model_class is None:
            continue
        model = model_class(config).eval()
        stem = f"{model.base_model_prefix}." if task == "encoder" else ""
        tied = set(getattr(model, "_tied_weights_keys", None) or ())
        state = model.state_dict()
        own = choice if task == "multiple-choice" else weights
        for key in state:
            if key in tied or "position_ids" in key:
                continue
            full = stem + key
            table = own if full.startswith("classifier.") else weights
            if full not in table:
                table[full] = lively(full, state[key], len(weights) + 1000 * len(choice))
            state[key].copy_(table[full])
        model.tie_weights()
        for length in LENGTHS:
            given = inputs(length, segments=kind != "DistilBert")
            output = run(model, given, choices=task == "multiple-choice")
            for field in fields:
                arrays[f"{length}/{task}/{field}"] = output[field][0].numpy()
            for field, value in given.items():
                arrays[f"{length}/{field}"] = value.numpy().astype(np.int32)
    target = folder / name
    target.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(target)
    save_file(weights, target / "model.safetensors", metadata={"format": "pt"})
    save_file(choice, target / "choice.safetensors", metadata={"format": "pt"})
    np.savez_compressed(target / "outputs.npz", **arrays)


if __name__ == "__main__":
    for wanted in CONFIGS:
        make(wanted, Path(sys.argv[1]))
