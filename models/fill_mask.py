"""Words for the gaps of a text, from a built masked language model and a checkpoint's vocabulary.

It shows that a checkpoint was read rightly: a model with one weight in a wrong place says nonsense.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.errors import CheckpointError, TextError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MASK = "[MASK]"

# What every list of words of BERT has.
_SPECIAL = ("[UNK]", "[CLS]", "[SEP]", MASK)


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A word for a gap, and how probable the model says it is."""

    word: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text as ids of its tokens, with the places of the gaps."""

    ids: tuple[int, ...]
    gaps: tuple[int, ...]


def open_tokenizer(folder: Path, vocabulary: int) -> Tokenizer:
    """Reads `tokenizer.json`, or else `vocab.txt`, of a checkpoint.

    Raises `CheckpointError` where there is none, and for one that knows more words than the model.
    """
    from tokenizers import Tokenizer

    path, words = folder / "tokenizer.json", folder / "vocab.txt"
    try:
        if path.is_file():
            tokenizer = Tokenizer.from_file(str(path))
        elif words.is_file():
            tokenizer = _word_pieces(folder, words)
        else:
            raise CheckpointError(folder, "it has no vocabulary (tokenizer.json or vocab.txt)")
    except CheckpointError:
        raise
    except Exception as error:  # what tokenizers raises has no type of its own
        raise CheckpointError(folder, f"its vocabulary cannot be read ({error})") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    size = 1 + max(tokenizer.get_vocab().values(), default=-1)
    if size > vocabulary:
        why = f"its vocabulary has {size:,} words, and the model {vocabulary:,}"
        raise CheckpointError(folder, why)
    if tokenizer.token_to_id(MASK) is None:
        raise CheckpointError(folder, f"its vocabulary has no {MASK}")
    return tokenizer


def read_text(tokenizer: Tokenizer, text: str, sequence_length: int) -> Text:
    """Splits a text. Raises `TextError` without a gap, and for more tokens than the model takes."""
    ids = tuple(tokenizer.encode(text).ids)
    mask = tokenizer.token_to_id(MASK)
    gaps = tuple(place for place, token in enumerate(ids) if token == mask)
    if not gaps:
        raise TextError(text, f"it has no {MASK}")
    if len(ids) > sequence_length:
        raise TextError(text, f"it has {len(ids)} tokens, and the model takes {sequence_length}")
    return Text(ids=ids, gaps=gaps)


def fill_gaps(model: Path, tokenizer: Tokenizer, text: Text, top: int) -> list[list[Guess]]:
    """The `top` most probable words for each gap, with XNNPACK on this machine."""
    logits = _logits(model, text)
    guesses = []
    for gap in text.gaps:
        odds = np.exp(logits[gap].astype(np.float64) - logits[gap].max())
        probabilities = odds / odds.sum()
        best = np.argsort(-probabilities, kind="stable")[:top]
        guesses.append(
            [
                Guess(
                    word=tokenizer.id_to_token(int(token)) or f"id {token}",
                    probability=float(probabilities[token]),
                )
                for token in best
            ]
        )
    return guesses


def _word_pieces(folder: Path, words: Path) -> Tokenizer:
    """BERT's tokenizer from its list of words, one in a line."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import BertProcessing

    settings = folder / "tokenizer_config.json"
    lowercase = True
    if settings.is_file():
        lowercase = bool(json.loads(settings.read_bytes()).get("do_lower_case", True))
    vocabulary = WordPiece.read_file(str(words))
    missing = [word for word in _SPECIAL if word not in vocabulary]
    if missing:
        raise CheckpointError(folder, f"its vocabulary has no {', '.join(missing)}")
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    first, last = (("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"]))
    tokenizer.post_processor = BertProcessing(last, first)
    tokenizer.add_special_tokens(list(_SPECIAL))  # so that they are not split
    return tokenizer


def _logits(model: Path, text: Text) -> npt.NDArray[np.float32]:
    """The logits of all words, [S, vocabulary]."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(model))
    interpreter.allocate_tensors()
    for tensor in interpreter.get_input_details():
        values = np.zeros(tensor["shape"], np.int32)
        if tensor["name"] == "input_ids":
            values[0, : len(text.ids)] = text.ids
        elif tensor["name"] == "input_mask":
            values[0, : len(text.ids)] = 1
        interpreter.set_tensor(tensor["index"], values)
    interpreter.invoke()
    (output,) = interpreter.get_output_details()
    logits: npt.NDArray[np.float32] = interpreter.get_tensor(output["index"])[0]
    return logits
