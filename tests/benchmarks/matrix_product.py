"""How close our models come to what LiteRT reaches on one core with one large matrix product.

The product and the models run on one thread, interleaved in one process, on XNNPACK. The share of
a model is its achieved rate (two operations per multiply-accumulate) over that of the product.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from models.build import build_model, cache_folder
from models.catalog import ModelSpec
from models.inspect import inspect_model

# [ROWS, INNER] x [INNER, COLUMNS], as one FULLY_CONNECTED. 1024^3 fits the caches' blocking and
# is large enough that overheads vanish.
SIZE = 1024
ROUNDS = 12

_MAKE_PRODUCT = """
import sys
import numpy as np
import tensorflow as tf
size = int(sys.argv[1])
kernel = tf.constant(np.random.default_rng(0).standard_normal((size, size), dtype=np.float32))
function = tf.function(lambda x: tf.matmul(x, kernel),
                       input_signature=[tf.TensorSpec((size, size), tf.float32)])
converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
open(sys.argv[2], "wb").write(converter.convert())
"""


def main() -> None:
    """Prints GFLOP/s of the product and of each model."""
    paths = {
        name: build_model(ModelSpec(name=name), cache_folder())
        for name in ("bert-base", "mobilebert", "mobilebert-tiny")
    }
    with tempfile.TemporaryDirectory() as folder:
        product = Path(folder) / "product.tflite"
        subprocess.run(
            [sys.executable, "-c", _MAKE_PRODUCT, str(SIZE), str(product)],
            check=True,
            capture_output=True,
        )
        paths = {f"matrix product {SIZE}^3": product, **paths}
        macs = {name: inspect_model(path).macs for name, path in paths.items()}
        interpreters = {name: _load(path) for name, path in paths.items()}
        times: dict[str, list[float]] = {name: [] for name in paths}
        for number in range(ROUNDS + 2):
            for name, interpreter in interpreters.items():
                started = time.perf_counter()
                for _ in range(3):
                    interpreter.invoke()
                if number >= 2:
                    times[name].append((time.perf_counter() - started) / 3)
    rates = {name: 2 * macs[name] / statistics.median(times[name]) / 1e9 for name in paths}
    peak = rates[f"matrix product {SIZE}^3"]
    for name, rate in rates.items():
        print(f"{name:<24} {rate:6.1f} GFLOP/s  {rate / peak * 100:5.1f} % of the product")


def _load(path: Path) -> Interpreter:
    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        ones = np.ones(detail["shape"], detail["dtype"])
        interpreter.set_tensor(detail["index"], ones)
    return interpreter


if __name__ == "__main__":
    main()
