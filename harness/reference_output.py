"""What a model's output should be: its fp32 build, run on this machine by plain kernels.

For a file of the user the reference is the file itself, so that only the delegate and the device
are judged by it. The inputs are those of the run, value by value.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from android_runner.tool import ToolOptions, build_flags
from harness.device import Capture, Invocation
from harness.host import Host
from harness.inputs import write_inputs
from harness.log import parse_log
from harness.log_errors import LogError
from harness.machine import allowed_cpus
from harness.plan import Case
from harness.prepare import OnModel, ReadyModel, tool_inputs
from models.build import build_model, cached_path
from models.catalog import ModelSpec, Quantization
from models.errors import ModelError
from models.inspect import inspect_model
from models.tensors import TensorInfo

# BERT-Base takes two seconds, most of it to load and to hash the file.
_TIMEOUT_S = 600.0


@dataclass(frozen=True, kw_only=True)
class ReferenceOutput:
    """The raw bytes of all outputs, in the order of `outputs`. `name` says what made them."""

    name: str
    content: bytes
    outputs: tuple[TensorInfo, ...]


def make_reference(
    case: Case, model: ReadyModel, cache: Path, folder: Path, seed: int, on_model: OnModel
) -> ReferenceOutput | str:
    """Runs the reference once, or says why it cannot be had. `model` is the case's own.

    `folder` is where inputs are kept, `cache` where models are. `on_model` is told of a model
    before it is made. Raises `StoreError` when an input cannot be written.
    """
    try:
        path = _reference_path(case, model, cache, on_model)
        info = inspect_model(path)
    except ModelError as error:
        return str(error)
    inputs = write_inputs(info, folder, seed)
    if inputs is None:
        return f"no valid values can be made for the inputs of {path.name}"
    if _by_name(inputs) != _by_name(model.inputs):
        return f"the inputs of {path.name} are not those of {model.path.name}"
    return _run(ReadyModel(path=path, info=info, inputs=tuple(inputs)))


def _reference_path(case: Case, model: ReadyModel, cache: Path, on_model: OnModel) -> Path:
    spec: ModelSpec | None = case.spec
    # Full integers are for latency only: too far from fp32 to tell right answers from wrong ones.
    if spec is None or spec.quantization in (Quantization.FP32, Quantization.INT8):
        return model.path
    exact = dataclasses.replace(spec, quantization=Quantization.FP32)
    on_model(exact.id, cached_path(exact, cache).exists())
    return build_model(exact, cache)


def _run(model: ReadyModel) -> ReferenceOutput | str:
    host, threads = Host(), len(allowed_cpus())
    try:
        with tempfile.TemporaryDirectory() as name:
            output = Path(name, "output")
            invocation = Invocation(
                flags=build_flags(_options(model, host, threads), host.tool()),
                cpus="all",
                threads=threads,
                timeout_s=_TIMEOUT_S,
                patience_s=0.0,
                stdout=Path(name, "stdout"),
                stderr=Path(name, "stderr"),
                captures=(Capture(flag="output_filepath", file=output),),
            )
            log = host.invoke(invocation)
            # A time of 0 us is no latency, but the output is one all the same.
            if log.exit_code != 0:
                parse_log(log)
            content = output.read_bytes()
    except LogError as error:
        return f"{model.path.name} does not run on the host. {error}"
    except OSError as error:
        return f"the host's output of {model.path.name} could not be kept: {error.strerror}"
    digest = host.put(model.path).sha256[:16]
    return ReferenceOutput(
        name=f"{model.path.stem} (sha256 {digest}) by built-in kernels of LiteRT on the host",
        content=content,
        outputs=model.info.outputs,
    )


def _options(model: ReadyModel, host: Host, threads: int) -> ToolOptions:
    return ToolOptions(
        graph=host.put(model.path).path,
        num_threads=threads,
        num_runs=1,
        min_secs=0.0,
        max_secs=_TIMEOUT_S,
        warmup_runs=0,
        warmup_min_secs=0.0,
        delegate="cpu",
        inputs=tool_inputs(model, host),
    )


def _by_name(inputs: Iterable[tuple[TensorInfo, Path]]) -> dict[str, str]:
    """The files' names, which stand for their content."""
    return {tensor.name: file.name for tensor, file in inputs}
