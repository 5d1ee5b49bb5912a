"""Everything that a run needs before its first invocation: model files and valid inputs, there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from android_runner.tool import ToolInput
from harness.device import Device
from harness.inputs import write_inputs
from harness.plan import Arm, Case, Plan
from harness.record import Failure, ModelFacts
from models.build import build_model, build_models, cached_path
from models.catalog import ModelSpec, config_of
from models.errors import BuildFailedError
from models.inspect import ModelInfo, inspect_model
from models.tensors import TensorInfo

# Why a model cannot be had, as a record keeps it.
MODEL_BUILD = "model-build"
MODEL_INPUTS = "model-inputs"
MODEL_FILE = "model-file"


@dataclass(frozen=True, kw_only=True)
class ReadyModel:
    """A model file with the files of its inputs, on this host."""

    path: Path
    info: ModelInfo
    inputs: tuple[tuple[TensorInfo, Path], ...]


# Told before a model is built, with its name and whether the cache holds it.
OnModel = Callable[[str, bool], None]


def check_models(plan: Plan) -> None:
    """Refuses impossible models before anything is made.

    Raises `BadSpecError` for sizes that a model cannot have, and `NotTFLiteError` for a file of
    the user that is no model.
    """
    for case in plan.cases:
        if case.spec is not None:
            config_of(case.spec)
        elif case.model_file is not None and not _is_left_out(case):
            inspect_model(Path(case.model_file))


def prepare_models(
    plan: Plan, folder: Path, cache: Path, on_model: OnModel
) -> tuple[dict[str, ReadyModel], dict[str, Failure]]:
    """Gives the plan's models by `Case.model_id`, and why some could not be had.

    A build that fails leaves out its own cases only. Raises `NotTFLiteError` and `StoreError`.
    """
    ready: dict[str, ReadyModel] = {}
    missing: dict[str, Failure] = {}
    _build_lengths(plan, cache, on_model)
    for case in {case.model_id: case for case in plan.cases}.values():
        if _is_left_out(case):
            why = f"there is no {case.model_file!r}, which the baseline has"
            missing[case.model_id] = Failure(kind=MODEL_FILE, message=why)
            continue
        try:
            path = _model_path(case, cache, on_model)
        except BuildFailedError as error:
            missing[case.model_id] = Failure(kind=MODEL_BUILD, message=str(error))
            continue
        info = inspect_model(path)
        inputs = write_inputs(info, folder, plan.settings.seed)
        if inputs is None:
            kinds = ", ".join(f"{tensor.name}: {tensor.dtype}" for tensor in info.inputs)
            why = f"no valid values can be made for its inputs ({kinds})"
            missing[case.model_id] = Failure(kind=MODEL_INPUTS, message=why)
            continue
        ready[case.model_id] = ReadyModel(path=path, info=info, inputs=tuple(inputs))
    return ready, missing


def _build_lengths(plan: Plan, cache: Path, on_model: OnModel) -> None:
    """Builds what differs in its sequence length only in one go, which makes the weights once.

    What fails is left to be built, and to be told of, by itself.
    """
    groups: dict[ModelSpec, list[ModelSpec]] = {}
    for spec in dict.fromkeys(case.spec for case in plan.cases if case.spec is not None):
        if not cached_path(spec, cache).exists():
            groups.setdefault(replace(spec, sequence_length=1), []).append(spec)
    for specs in groups.values():
        if len(specs) > 1:
            on_model(", ".join(spec.id for spec in specs), False)
            with contextlib.suppress(BuildFailedError):
                build_models(specs, cache)


def _is_left_out(case: Case) -> bool:
    """Of two folders that are compared, the second may lack a file."""
    is_candidate = case.arm == Arm.CANDIDATE and case.model_file is not None
    return is_candidate and not Path(case.model_file or "").exists()


def model_facts(model: ReadyModel, device: Device) -> ModelFacts:
    """What a run keeps of a model; the hash is that of the file on the device."""
    shape = model.info.inputs[0].shape if model.info.inputs else ()
    return ModelFacts(
        file=str(model.path),
        sha256=device.put(model.path).sha256,
        size_bytes=model.info.size_bytes,
        parameters=model.info.parameters,
        macs=model.info.model_macs,
        operators=sum(model.info.operators.values()),
        sequence_length=shape[1] if len(shape) == 2 and shape[0] == 1 else None,
        weight_types=model.info.weight_types,
    )


def tool_inputs(model: ReadyModel, device: Device) -> tuple[ToolInput, ...]:
    """The model's inputs as the tool takes them, with their files on the device."""
    return tuple(
        ToolInput(
            name=tensor.name,
            shape=tensor.shape,
            file=device.put(path).path,
            low=_low(tensor),
            high=_high(tensor),
        )
        for tensor, path in model.inputs
    )


def _model_path(case: Case, cache: Path, on_model: OnModel) -> Path:
    spec = case.spec
    if spec is None:
        assert case.model_file is not None
        return Path(case.model_file)
    on_model(spec.id, cached_path(spec, cache).exists())
    return build_model(spec, cache)


def _low(tensor: TensorInfo) -> int | None:
    """For builds of the tool that take no files: ranges that are valid, if not the same values."""
    if tensor.dtype.startswith("float"):
        return None
    return 1 if "mask" in tensor.name.lower() else 0


def _high(tensor: TensorInfo) -> int | None:
    if tensor.dtype.startswith("float"):
        return None
    if tensor.rows is not None:
        return tensor.rows - 1
    return 1
