"""Small checkpoints of Hugging Face's form with what PyTorch gives for them, which
`models/make_references.py` made, and the files that our builder makes of them."""

from __future__ import annotations

import functools
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter
from safetensors.numpy import load_file, save_file

from models.catalog import ModelSpec, Quantization, Task, find_entry
from models.checkpoint import open_checkpoint

FOLDER = Path(__file__).parent / "data" / "references"
LENGTHS = (16, 7)

Array = npt.NDArray[np.float32]
Tensors = dict[str, npt.NDArray[np.float32]]

# The name of the catalogue under which each is built.
REFERENCES = {
    "bert": "bert-base",
    "distilbert": "distilbert",
    "mobilebert": "mobilebert",
    "mobilebert-tiny": "mobilebert-tiny",
    "mobilebert-layernorm": "mobilebert",
    "albert": "albert-base",
    "squeezebert": "squeezebert",
    "modernbert": "modernbert-base",
}


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A sentence of one length, and what PyTorch gives for it without the batch axis."""

    inputs: dict[str, npt.NDArray[np.int32]]
    outputs: dict[str, Array]


def tasks_of(reference: str) -> tuple[Task, ...]:
    """The tasks of the reference's architecture."""
    return find_entry(REFERENCES[reference]).tasks


@functools.cache
def read_reference(name: str, task: Task, length: int) -> Reference:
    """Reads what PyTorch gave."""
    arrays = np.load(FOLDER / name / "outputs.npz")
    here = {key.removeprefix(f"{length}/"): arrays[key] for key in arrays}
    return Reference(
        inputs={key: value for key, value in here.items() if value.dtype == np.int32},
        outputs={
            key.removeprefix(f"{task}/"): value
            for key, value in here.items()
            if key.startswith(f"{task}/")
        },
    )


@functools.cache
def built(
    name: str, task: Task, length: int, quantization: Quantization = Quantization.FP32
) -> bytes:
    """The file that our builder makes of the checkpoint."""
    from models.convert import convert

    with tempfile.TemporaryDirectory() as folder:
        copied = copy_checkpoint(name, Path(folder) / name, task=task)
        spec = ModelSpec(
            name=REFERENCES[name], task=task, sequence_length=length, quantization=quantization
        )
        checkpoint = open_checkpoint(copied, find_entry(spec.name).config)
        return bytes(convert(spec, checkpoint.config, checkpoint))


def copy_checkpoint(
    name: str,
    target: Path,
    *,
    task: Task = Task.ENCODER,
    edit: Callable[[Tensors], None] = lambda _tensors: None,
) -> Path:
    """Copies a checkpoint with the classifier of its task, changed by `edit`."""
    target.mkdir(parents=True)
    shutil.copy(FOLDER / name / "config.json", target)
    tensors = load_file(FOLDER / name / "model.safetensors")
    if task == Task.MULTIPLE_CHOICE:
        tensors |= load_file(FOLDER / name / "choice.safetensors")
    edit(tensors)
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    return target


def difference(
    name: str, task: Task, length: int, quantization: Quantization = Quantization.FP32
) -> float:
    """The largest difference to PyTorch's outputs, relative to the largest value of each."""
    reference = read_reference(name, task, length)
    found = run(built(name, task, length, quantization), reference.inputs)
    shapes = {key: value.shape for key, value in reference.outputs.items()}
    assert {key: value.shape for key, value in found.items()} == shapes
    return max(
        float(np.abs(found[key] - expected).max() / np.abs(expected).max())
        for key, expected in reference.outputs.items()
    )


def run(content: bytes, inputs: dict[str, npt.NDArray[np.int32]]) -> dict[str, Array]:
    """Runs a file with XNNPACK: its outputs by name, without the batch axis."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    for tensor in interpreter.get_input_details():
        interpreter.set_tensor(tensor["index"], inputs[tensor["name"]][np.newaxis])
    interpreter.invoke()
    return {
        tensor["name"]: interpreter.get_tensor(tensor["index"])[0]
        for tensor in interpreter.get_output_details()
    }
