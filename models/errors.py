"""What can go wrong with a model.

ModelError                 exit code
├── UnknownModelError      2   no such name in the catalogue
├── UnknownVariantError    2   the architecture has no such variant, or two that exclude each other
├── BadSpecError           2   a size that the architecture cannot have
├── CheckpointError        2   a folder of weights cannot be read, or is of another model
├── TextError              2   a text has no gap to fill, or is too long
├── NotTFLiteError         2   the file is no readable TFLite model
└── BuildFailedError       3   TensorFlow, or the disk, failed while building
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

# What the process that builds exits with when it refuses a checkpoint; the reason is its output.
REFUSED = 65


class ModelError(Exception):
    """Anything that goes wrong with a model; `exit_code` is what the command line exits with."""

    exit_code = 2


class UnknownModelError(ModelError):
    """The catalogue has no model of this name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        super().__init__(f"There is no model {name!r}.{hint} Known models: {', '.join(known)}.")


class UnknownVariantError(ModelError):
    """The model has no such variant."""

    def __init__(self, model: str, variant: str, why: str) -> None:
        super().__init__(f"Model {model!r} has no variant {variant!r}: {why}.")


class BadSpecError(ModelError):
    """A model cannot be built with these sizes."""

    def __init__(self, model: str, what: str, value: object, allowed: str) -> None:
        super().__init__(f"Model {model!r} cannot have {what} {value!r}: {allowed}.")


class CheckpointError(ModelError):
    """A checkpoint cannot be used."""

    def __init__(self, folder: Path, why: str) -> None:
        self.why = why
        super().__init__(f"The checkpoint in {str(folder)!r} cannot be used: {why}.")


class TextError(ModelError):
    """A text cannot be given to a model."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(f"The text {text[:60]!r} cannot be completed: {why}.")


class NotTFLiteError(ModelError):
    """The file is not a TFLite model, or only a part of one."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{str(path)!r} is not a TFLite model: {why}.")


class BuildFailedError(ModelError):
    """The build process failed; the last lines of what it said are kept."""

    exit_code = 3

    def __init__(self, model: str, how: str, said: str) -> None:
        tail = "\n".join(said.strip().splitlines()[-5:]) or "(it printed nothing)"
        super().__init__(f"Building {model} failed ({how}):\n{tail}")
