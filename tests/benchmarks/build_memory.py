"""Time and peak memory of building models, in the child process that does it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pydantic import TypeAdapter

from models.catalog import ModelSpec, Quantization

SPECS = (
    ModelSpec(name="bert-base"),
    ModelSpec(name="bert-base", quantization=Quantization.DYNAMIC),
    ModelSpec(name="mobilebert"),
    ModelSpec(name="mobilebert-tiny"),
)


def main() -> None:
    """Builds each model once, without the cache."""
    for spec in SPECS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.tflite"
            spec_json = TypeAdapter(ModelSpec).dump_json(spec).decode()
            argv = [sys.executable, "-P", "-m", "models.convert", spec_json, str(path)]
            started = time.perf_counter()
            process = subprocess.Popen(
                argv,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"},
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            wall_s = time.perf_counter() - started
            size = path.stat().st_size
        print(
            f"{spec.id:<34} exit {process.returncode}  {wall_s:5.1f} s  "
            f"peak {usage.ru_maxrss * 1024 / 1e6:6,.0f} MB  file {size / 1e6:6.1f} MB"
        )


if __name__ == "__main__":
    main()
