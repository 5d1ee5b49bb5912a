"""What this machine's CPUs reach at most: the rate of a matrix product on LiteRT, measured now.

A latency is compared with it, so the product runs where the models do: on XNNPACK. numpy's would
not do: on an x86-64 CPU that its OpenBLAS did not know, it reached half of XNNPACK's rate.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from harness.machine import allowed_cpus

# Square products, of 2 SIZE^3 operations. They fit into second and third level caches. The small
# ones end within one time slice, so other work on this machine does not slow the best of many.
_SIZES = (384, 512, 768)
_IN_A_ROW = 3  # the first may find its data out of the cache
# Other work can hold a CPU for so long that two threads reach the rate of one. So the products go
# on until the threads had this share of the CPU time that they could use; at most so many looks.
_LOOK_S = 0.5
_MOST_LOOKS = 8
_UNDISTURBED = 0.9
_TIMEOUT_S = 20.0

# The runtime prints messages, on stderr only; the rate is all of stdout.
_CHILD = """
import sys
from harness.peak import reach_gflops
sys.stdout.write(repr(reach_gflops(int(sys.argv[1]), int8=sys.argv[2] == "int8")))
"""


def measure_peak_gflops(
    threads: int, *, int8: bool = False, timeout_s: float = _TIMEOUT_S
) -> float | None:
    """The fp32 rate (10^9 operations per second, an FMA counts as two) of so many threads; with
    `int8` that of weights in int8, to which the values are quantized as they come.

    It takes a second, up to five where other work uses the CPUs. A process of its own measures:
    the memory of this one stays small, and if the runtime fails, or does not end in time, the rate
    is None.
    """
    # -P: a folder `harness` in the current directory must not be taken for ours.
    argv = [sys.executable, "-P", "-c", _CHILD, str(threads), "int8" if int8 else "fp32"]
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",  # what a crash prints need not be text
            timeout=timeout_s,
            check=False,
        )
        gflops = float(done.stdout) if done.returncode == 0 else math.nan
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None
    return gflops if math.isfinite(gflops) and gflops > 0 else None


def reach_gflops(threads: int, *, int8: bool = False) -> float:
    """Runs the products in this process and gives the best rate."""
    products = [(2 * size**3, _load(size, threads, int8=int8)) for size in _SIZES]
    usable = min(threads, len(allowed_cpus()))
    best = 0.0
    for _ in range(_MOST_LOOKS):
        started, cpu_started = time.perf_counter(), time.process_time()
        best = max(best, _best_rate(products, started + _LOOK_S))
        wall_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu_started
        if cpu_s >= _UNDISTURBED * usable * wall_s:
            break
    return best / 1e9


def _best_rate(products: Sequence[tuple[int, Any]], ends_at: float) -> float:
    """Operations per second of the fastest product."""
    best = 0.0
    while time.perf_counter() < ends_at:
        for operations, interpreter in products:
            for _ in range(_IN_A_ROW):
                started = time.perf_counter()
                interpreter.invoke()
                best = max(best, operations / (time.perf_counter() - started))
    return best


def _load(size: int, threads: int, *, int8: bool) -> Any:  # noqa: ANN401 - LiteRT ships no types
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=build_product(size, int8=int8), num_threads=threads)
    interpreter.allocate_tensors()
    values = np.ones((size, size), dtype=np.float32)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
    interpreter.invoke()
    return interpreter


def build_product(size: int, *, int8: bool = False) -> bytes:
    """A model file of one FULLY_CONNECTED: [size, size] times a constant [size, size] of ones.

    With `int8` as the converter makes it for dynamic ranges: a scale for each row of the constant.
    """
    import numpy as np
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.tools import flatbuffer_utils

    def tensor(name: str, buffer: int) -> Any:  # noqa: ANN401 - the schema ships no types
        made = schema.TensorT()
        made.name, made.buffer = name, buffer
        made.shape, made.type = [size, size], schema.TensorType.FLOAT32
        return made

    kernel = tensor("kernel", 1)
    if int8:
        kernel.type, kernel.quantization = schema.TensorType.INT8, schema.QuantizationParametersT()
        kernel.quantization.scale = np.ones(size, np.float32)
        kernel.quantization.zeroPoint = np.zeros(size, np.int64)

    constant = schema.BufferT()
    constant.data = np.frombuffer(
        np.ones((size, size), np.int8 if int8 else np.float32).tobytes(), np.uint8
    )
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    code.version = 9 if int8 else 1  # the first one with a scale for each row
    product = schema.OperatorT()
    product.inputs, product.outputs = [0, 1, -1], [2]  # -1: without a bias
    product.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    product.builtinOptions = schema.FullyConnectedOptionsT()
    product.builtinOptions.asymmetricQuantizeInputs = int8
    graph = schema.SubGraphT()
    graph.tensors = [tensor("rows", 0), kernel, tensor("product", 0)]
    graph.inputs, graph.outputs, graph.operators = [0], [2], [product]
    model = schema.ModelT()
    model.version = 3  # of the schema; the only one that is in use
    model.buffers = [schema.BufferT(), constant]  # the first one stands for no data
    model.operatorCodes, model.subgraphs = [code], [graph]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
