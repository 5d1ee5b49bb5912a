"""Our files beside the same checkpoint exported by other public routes: a table of ratios.

The other routes: litert-torch from Hugging Face's PyTorch model, with both of its ways to compute
attention, and for BERT-Base Keras-Hub's backbone, by Keras's own export and by TensorFlow's
converter for a fixed length. The checkpoints have published sizes and seeded random weights.

Run: python tests/benchmarks/export_routes.py FOLDER TORCH_PYTHON [KERAS_PYTHON] [--rounds N]
The interpreters have torch, transformers and litert-torch; and keras-hub, tensorflow and
safetensors. What FOLDER holds already is not made again.

A ratio above 1 says that ours is faster. `latency` is the harness's, interleaved in one run.
`CPU time` is one thread's, which other work on the machine disturbs less; the files take turns in
a process, and the sample is the process: where its memory lies moves a file's time by some percent.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

# What only one of the interpreters has is imported where it is used.
LENGTH = 128
MODELS = ("mobilebert", "bert-base")
TORCH_ROUTES = ("torch-sdpa", "torch-eager")  # the values of `attn_implementation`
KERAS_ROUTES = ("keras-export", "keras-converter")
DELEGATES = ("xnnpack", "cpu")
INFERENCES = 5  # of each file in one process, for the CPU time


def make_checkpoint(name: str, folder: Path) -> None:
    """Saves a model for question answering whose attention is not uniform, and no bias zero."""
    import torch
    import transformers
    from safetensors.torch import save_file

    config = transformers.BertConfig()  # the defaults are the published sizes
    if name == "mobilebert":
        config = transformers.MobileBertConfig(classifier_activation=False)
    model = transformers.AutoModelForQuestionAnswering.from_config(config)
    weights = dict(model.state_dict())
    torch.manual_seed(0)
    for key, value in weights.items():
        noise = torch.randn(value.shape)
        scale = 0.3 if "_embeddings." in key else 0.4 / value.shape[-1] ** 0.5
        weights[key] = scale * noise
        if value.dim() < 2:
            weights[key] = ("LayerNorm.weight" in key) + 0.05 * noise
    if name == "bert-base":  # Keras-Hub refuses a checkpoint without the pooler
        weights["bert.pooler.dense.weight"] = torch.zeros(2 * (config.hidden_size,))
        weights["bert.pooler.dense.bias"] = torch.zeros(config.hidden_size)
    model.save_pretrained(folder)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def export_torch(checkpoint: Path, route: str, path: Path) -> None:
    """Exports with litert-torch, which makes the inputs int32."""
    import litert_torch
    import torch
    import transformers

    model = transformers.AutoModelForQuestionAnswering.from_pretrained(
        checkpoint, attn_implementation=route.removeprefix("torch-")
    )
    # One tensor for all three would become one input.
    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = {name: torch.ones(1, LENGTH, dtype=torch.long) for name in names}
    litert_torch.convert(model.eval(), sample_kwargs=inputs).export(str(path))


def export_keras(checkpoint: Path, route: str, path: Path) -> None:
    """Exports Keras-Hub's backbone with the checkpoint's head."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras_hub
    import tensorflow as tf
    from safetensors.numpy import load_file

    keras = tf.keras
    backbone = keras_hub.models.BertBackbone.from_preset(str(checkpoint))
    # The backbone's is an approximation; the checkpoint asks for the exact one.
    gelu = partial(keras.activations.gelu, approximate=False)
    for number in range(backbone.num_layers):
        layer = backbone.get_layer(f"transformer_layer_{number}")
        layer._feedforward_intermediate_dense.activation = gelu
    names = ("token_ids", "padding_mask", "segment_ids")
    inputs = {name: keras.Input((LENGTH,), 1, "int32", name=name) for name in names}
    head = keras.layers.Dense(2)
    logits = head(backbone(inputs)["sequence_output"])
    weights = load_file(checkpoint / "model.safetensors")
    head.set_weights([weights["qa_outputs.weight"].T, weights["qa_outputs.bias"]])
    model = keras.Model(inputs, {"start_logits": logits[..., 0], "end_logits": logits[..., 1]})
    if route == "keras-export":
        model.export(str(path), format="litert")
        return
    traced = tf.function(lambda given: model(given, training=False))
    specs = {name: tf.TensorSpec((1, LENGTH), tf.int32, name=name) for name in names}
    function = traced.get_concrete_function(specs)
    # The converter writes only those variables as constants that it finds in a module.
    module = tf.Module()
    module.held = [variable.value for variable in model.variables]
    path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([function], module).convert())


def make(folder: Path, name: str, what: str) -> None:
    """Makes the checkpoint or one route's file, in the interpreter that can."""
    path = folder / f"{name}-{what}.tflite"
    if what == "checkpoint":
        make_checkpoint(name, folder / name)
    else:
        export = export_torch if what in TORCH_ROUTES else export_keras
        export(folder / name, what, path)


def prepare(folder: Path, name: str, torch_python: str, keras_python: str | None) -> list[Path]:
    """The files of one model, ours first; makes those that are not there."""
    if not (folder / name).exists():
        _make_with(torch_python, folder, name, "checkpoint")
    paths = [folder / f"{name}-ours.tflite"]
    if not paths[0].exists():
        options = ("--weights", str(folder / name), "--task", "qa", "--seq-len", str(LENGTH))
        _mbert_bench("models", "build", name, *options, "--out", str(paths[0]))
    pythons = dict.fromkeys(TORCH_ROUTES, torch_python)
    if name == "bert-base" and keras_python:
        pythons |= dict.fromkeys(KERAS_ROUTES, keras_python)
    for route, python in pythons.items():
        paths.append(folder / f"{name}-{route}.tflite")
        if not paths[-1].exists():
            _make_with(python, folder, name, route)
    return paths


def _make_with(python: str, folder: Path, name: str, what: str) -> None:
    argv = [python, __file__, str(folder), python, "--make", name, what]
    with (folder / f"{name}-{what}.log").open("w") as log:
        if subprocess.run(argv, stdout=log, stderr=log, check=False).returncode:
            sys.exit(f"{name}: {what} failed; see {log.name}")


def _mbert_bench(*arguments: str) -> None:
    command = str(Path(sys.executable).with_name("mbert-bench"))
    subprocess.run([command, *arguments], check=True, stdout=subprocess.DEVNULL)


def load(path: Path, delegate: str) -> Any:
    """The file on one thread with a sentence, whatever it calls the inputs."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    kind = plain if delegate == "cpu" else OpResolverType.AUTO
    interpreter = Interpreter(str(path), num_threads=1, experimental_op_resolver_type=kind)
    interpreter.allocate_tensors()
    positions = np.arange(LENGTH)
    tokens = np.random.default_rng(0).integers(1000, 30000, LENGTH)
    for detail in interpreter.get_input_details():
        values = tokens
        if "mask" in detail["name"]:
            values = np.where(positions < LENGTH - 28, 1, 0)
        elif "segment" in detail["name"] or "token_type" in detail["name"]:
            values = np.where(positions < LENGTH // 2, 0, 1)
        interpreter.set_tensor(detail["index"], values[None].astype(detail["dtype"]))
    return interpreter


def difference(ours: Any, theirs: Any) -> float:
    """The largest difference of the outputs, in the order that fits, to the largest value."""
    outputs = []
    for each in (ours, theirs):
        each.invoke()
        outputs.append([each.get_tensor(d["index"]).ravel() for d in each.get_output_details()])
    mine, other = map(np.stack, outputs)
    nearest = min(np.abs(mine - order).max() for order in (other, other[::-1]))
    return float(nearest / np.abs(mine).max())


def cpu_times(paths: list[Path], delegate: str, seed: int) -> list[float]:
    """The median CPU time of each file's inference in this process. Their order is shuffled."""
    order = np.random.default_rng(seed).permutation(len(paths))
    loaded = {index: load(paths[index], delegate) for index in order}
    times: dict[int, list[float]] = {index: [] for index in order}
    for _ in range(INFERENCES + 1):
        for index, interpreter in loaded.items():
            started = time.thread_time()
            interpreter.invoke()
            times[index].append(time.thread_time() - started)
    return [statistics.median(times[index][1:]) for index in range(len(paths))]


def main(folder: Path, torch_python: str, keras_python: str | None, rounds: int) -> None:
    """Makes the files, measures them, and prints a row per file and delegate."""
    from harness.statistics import paired_ratio
    from harness.store import load_run
    from harness.summary import latency_ratio, summarize
    from models.delegated import find_delegation

    folder.mkdir(parents=True, exist_ok=True)
    files = [prepare(folder, name, torch_python, keras_python) for name in MODELS]
    out = folder / "run"
    if not out.exists():
        chosen = [f"--model-file={path}" for path in itertools.chain(*files)]
        where = ("--device", "host", "--threads", "1", "--delegate", ",".join(DELEGATES))
        limits = ("--rounds", str(rounds), "--num-runs", "20", "--target-ci", "0")
        _mbert_bench("run", *chosen, *where, *limits, "--allow", "cpu-busy", "--out", str(out))
    cases = {(c.case.model, c.case.delegate): c for c in summarize(load_run(out)).cases}
    print(f"{'file':<27}{'MB':>7}{'nodes':>6}{'outside XNNPACK':>17}{'partitions':>12}")
    for path in itertools.chain(*files):
        if plan := find_delegation(path):
            counts = f"{plan.nodes:>6}{plan.nodes - plan.delegated:>17}{plan.partitions:>12}"
            print(f"{path.stem:<27}{path.stat().st_size / 1e6:>7.1f}{counts}")
    print(f"\n{'theirs / ours':<36}{'differs':>8}{'latency':>26}{'CPU time':>26}")
    for delegate, paths in itertools.product(DELEGATES, files):
        with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
            samples = list(pool.map(partial(cpu_times, paths, delegate), range(rounds)))
        ours, *times = (dict(enumerate(column)) for column in zip(*samples, strict=True))
        first = load(paths[0], delegate)
        for path, mine in zip(paths[1:], times, strict=True):
            latency = latency_ratio(*(cases[p.stem, delegate] for p in (path, paths[0])))
            ratios = f"{_told(latency):>26}{_told(paired_ratio(mine, ours)):>26}"
            differs = difference(first, load(path, delegate))
            print(f"{path.stem:<27}{delegate:<9}{differs:>8.0e}{ratios}", flush=True)


def _told(ratio: Any) -> str:
    if ratio is None or ratio.low is None:
        return "too few rounds"
    return f"{ratio.value:.3f} ({ratio.low:.3f} to {ratio.high:.3f})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("torch_python")
    parser.add_argument("keras_python", nargs="?")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--make", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        make(given.folder, *given.make)
    else:
        main(given.folder, given.torch_python, given.keras_python, given.rounds)
