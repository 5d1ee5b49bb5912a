"""The catalogue: which models there are, in which variants, tasks and quantizations.

A model is named `NAME` or `NAME@VARIANT+VARIANT`, for example `mobilebert@paper+layernorm`.
Nothing here needs TensorFlow.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from models.configs import (
    Activation,
    BertConfig,
    Config,
    DistilBertConfig,
    MobileBertConfig,
    Norm,
    Wiring,
)
from models.configs_albert import AlbertConfig
from models.configs_modernbert import ModernBertConfig
from models.configs_squeezebert import GroupedKernel, SqueezeBertConfig
from models.errors import BadSpecError, UnknownModelError, UnknownVariantError

_Choice = TypeVar("_Choice", bound=StrEnum)


class Task(StrEnum):
    """What is on top of the encoder."""

    QA = "qa"  # start and end logits of an answer
    ENCODER = "encoder"  # nothing: the last hidden state
    MASKED_LM = "masked-lm"  # a word for each token
    PRETRAINING = "pretraining"  # the words, and whether the second segment follows the first
    NEXT_SENTENCE = "next-sentence"  # whether the second segment follows the first
    CLASSIFICATION = "classification"  # a class of the whole
    TOKEN_CLASSIFICATION = "token-classification"  # a class of each token
    MULTIPLE_CHOICE = "multiple-choice"  # a score of one choice


class Quantization(StrEnum):
    """How the weights are stored; activations are float32 in all of these but `int8`."""

    FP32 = "fp32"
    FP16 = "fp16"
    DYNAMIC = "dynamic"  # int8 weights, dynamic-range
    # All arithmetic in int8, with ranges seen on made-up sentences: for latency, never for answers.
    INT8 = "int8"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One model of the catalogue. Each group of `variants` excludes one another, default first."""

    name: str
    title: str
    source: str
    checkpoint: str | None
    config: Config
    variants: tuple[tuple[str, ...], ...] = ()
    tasks: tuple[Task, ...] = tuple(Task)


@dataclass(frozen=True, kw_only=True, order=True)
class ModelSpec:
    """What is built: the same spec gives the same bytes.

    `variant` is canonical: defaults left out, in the catalogue's order, joined by `+`.
    """

    name: str
    variant: str = ""
    task: Task = Task.QA
    sequence_length: int = 128
    quantization: Quantization = Quantization.FP32
    seed: int = 0

    @property
    def model(self) -> str:
        """The reference by which the model is asked for, for example `mobilebert@paper`."""
        return f"{self.name}@{self.variant}" if self.variant else self.name

    @property
    def id(self) -> str:
        """A name for files and messages."""
        return f"{self.model}-{self.task}-seq{self.sequence_length}-{self.quantization}"


_BERT = "Devlin et al. 2018, BERT (arXiv 1810.04805)"
_TINYBERT = "Jiao et al. 2020, TinyBERT (arXiv 1909.10351)"
_DISTILBERT = "Sanh et al. 2019, DistilBERT (arXiv 1910.01108)"
_MOBILEBERT = "Sun et al. 2020, MobileBERT (arXiv 2004.02984)"
_ALBERT = "Lan et al. 2019, ALBERT (arXiv 1909.11942)"
_SQUEEZEBERT = "Iandola et al. 2020, SqueezeBERT (arXiv 2006.11316)"
_MODERNBERT = "Warner et al. 2024, ModernBERT (arXiv 2412.13663)"

_WIRINGS = (Wiring.RELEASED, Wiring.PAPER)
_OPTIMIZATIONS = ((Norm.NO_NORM, Norm.LAYER_NORM), (Activation.RELU, Activation.GELU))

# For an encoder that was trained to tell the order of two sentences, not whether they belong
# together.
_ORDER = tuple(task for task in Task if task != Task.NEXT_SENTENCE)
# For encoders that were not trained on pairs of sentences.
_ALONE = tuple(task for task in Task if task not in (Task.PRETRAINING, Task.NEXT_SENTENCE))


def _entry(
    name: str,
    title: str,
    source: str,
    config: Config,
    checkpoint: str | None = None,
    variants: tuple[tuple[str, ...], ...] = (),
    tasks: tuple[Task, ...] = tuple(Task),
) -> Entry:
    return Entry(
        name=name,
        title=title,
        source=source,
        config=config,
        checkpoint=checkpoint,
        variants=variants,
        tasks=tasks,
    )


# fmt: off
_ENTRIES = (
    # BERT
    _entry("bert-base", "BERT-Base, uncased", _BERT, BertConfig(),
           "google-bert/bert-base-uncased"),
    _entry("bert-large", "BERT-Large, uncased", _BERT,
           BertConfig(hidden=1024, layers=24, heads=16, feed_forward=4096),
           "google-bert/bert-large-uncased"),
    _entry("tinybert-4l", "TinyBERT, general, 4 layers of 312", _TINYBERT,
           BertConfig(hidden=312, layers=4, heads=12, feed_forward=1200),
           "huawei-noah/TinyBERT_General_4L_312D"),
    _entry("tinybert-6l", "TinyBERT, general, 6 layers of 768", _TINYBERT,
           BertConfig(layers=6), "huawei-noah/TinyBERT_General_6L_768D"),
    # DistilBERT
    _entry("distilbert", "DistilBERT-base, uncased", _DISTILBERT, DistilBertConfig(),
           "distilbert/distilbert-base-uncased", tasks=_ALONE),
    # MobileBERT
    _entry("mobilebert", "MobileBERT, uncased", _MOBILEBERT, MobileBertConfig(),
           "google/mobilebert-uncased", (_WIRINGS, *_OPTIMIZATIONS)),
    _entry("mobilebert-tiny", "MobileBERT-TINY", _MOBILEBERT,
           MobileBertConfig(wiring=Wiring.TINY, feed_forwards=2), variants=_OPTIMIZATIONS),
    _entry("ib-bert-large", "IB-BERT-Large, MobileBERT's teacher", _MOBILEBERT,
           MobileBertConfig(bottleneck=1024, feed_forward=4096, feed_forwards=1, pooler=True,
                            wiring=Wiring.PAPER, norm=Norm.LAYER_NORM, activation=Activation.GELU)),
    # ALBERT
    _entry("albert-base", "ALBERT-base, version 2", _ALBERT, AlbertConfig(),
           "albert/albert-base-v2", tasks=_ORDER),
    _entry("albert-large", "ALBERT-large, version 2", _ALBERT,
           AlbertConfig(hidden=1024, layers=24, heads=16, feed_forward=4096),
           "albert/albert-large-v2", tasks=_ORDER),
    # SqueezeBERT
    _entry("squeezebert", "SqueezeBERT, uncased", _SQUEEZEBERT, SqueezeBertConfig(),
           "squeezebert/squeezebert-uncased", (tuple(GroupedKernel),), _ALONE),
    # ModernBERT
    _entry("modernbert-base", "ModernBERT-base", _MODERNBERT, ModernBertConfig(),
           "answerdotai/ModernBERT-base", tasks=_ALONE),
    _entry("modernbert-large", "ModernBERT-large", _MODERNBERT,
           ModernBertConfig(hidden=1024, layers=28, heads=16, feed_forward=2624),
           "answerdotai/ModernBERT-large", tasks=_ALONE),
)
# fmt: on
CATALOG: dict[str, Entry] = {entry.name: entry for entry in _ENTRIES}


def find_entry(name: str) -> Entry:
    """Gives the catalogue's entry. Raises `UnknownModelError`."""
    if name not in CATALOG:
        raise UnknownModelError(name, sorted(CATALOG))
    return CATALOG[name]


def parse_model(reference: str) -> tuple[str, str]:
    """Splits `NAME@VARIANTS` into the name and the canonical variant.

    Raises `UnknownModelError` or `UnknownVariantError`.
    """
    name, at, variant = reference.partition("@")
    return name, canonical_variant(name, variant if at else "")


def canonical_variant(name: str, variant: str) -> str:
    """Orders the parts of a variant and leaves out what is the default anyway."""
    entry = find_entry(name)
    parts = [part for part in variant.split("+") if part]
    known = [option for group in entry.variants for option in group]
    for part in parts:
        if part not in known:
            allowed = f"it has {', '.join(known)}" if known else "it has none"
            raise UnknownVariantError(name, part, allowed)
    chosen = []
    for group in entry.variants:
        named = [option for option in group if option in parts]
        if len(named) > 1:
            raise UnknownVariantError(name, variant, f"{' and '.join(named)} exclude each other")
        chosen += [option for option in named if option != group[0]]
    return "+".join(chosen)


def parse_choice(model: str, what: str, word: str, choices: type[_Choice]) -> _Choice:
    """Gives the task or quantization of this name. Raises `BadSpecError`."""
    try:
        return choices(word)
    except ValueError:
        raise BadSpecError(model, what, word, f"choose {', '.join(choices)}") from None


def config_of(spec: ModelSpec) -> Config:
    """Gives the sizes of the spec's architecture with its variant applied.

    Raises `BadSpecError` for a task that the architecture has no head for, and for a sequence that
    is longer than the model's positions.
    """
    config = find_entry(spec.name).config
    check_fit(spec, config)
    if isinstance(config, SqueezeBertConfig):
        return dataclasses.replace(config, kernel=GroupedKernel(spec.variant or config.kernel))
    if not isinstance(config, MobileBertConfig):  # nothing else has variants
        return config
    for part in filter(None, spec.variant.split("+")):
        if part in tuple(Wiring):
            config = dataclasses.replace(config, wiring=Wiring(part))
        elif part in tuple(Norm):
            config = dataclasses.replace(config, norm=Norm(part))
        else:
            config = dataclasses.replace(config, activation=Activation(part))
    return config


def check_fit(spec: ModelSpec, config: Config) -> None:
    """Refuses what a model of these sizes cannot be; as `config_of` does."""
    entry = find_entry(spec.name)
    if spec.task not in entry.tasks:
        allowed = f"it has {', '.join(entry.tasks)}"
        raise BadSpecError(spec.model, "task", spec.task.value, allowed)
    if not 1 <= spec.sequence_length <= config.positions:
        allowed = f"it has positions for 1 to {config.positions} tokens"
        raise BadSpecError(spec.model, "sequence length", spec.sequence_length, allowed)
