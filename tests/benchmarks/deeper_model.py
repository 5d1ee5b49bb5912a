"""Builds MobileBERT with more layers than it has, to see what a known slowdown looks like.

Run by hand: python tests/benchmarks/deeper_model.py LAYERS_MORE FILE.tflite. One layer more adds
1/24 of the encoder's multiplications; then `mbert-bench ab --baseline mobilebert --candidate FILE`.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from models.catalog import ModelSpec, Task, config_of
from models.configs import MobileBertConfig
from models.convert import convert


def main() -> None:
    """Writes the file."""
    more, path = int(sys.argv[1]), Path(sys.argv[2])
    spec = ModelSpec(name="mobilebert", task=Task.QA, sequence_length=128)
    config = config_of(spec)
    assert isinstance(config, MobileBertConfig)
    path.write_bytes(convert(spec, replace(config, layers=config.layers + more)))


if __name__ == "__main__":
    main()
