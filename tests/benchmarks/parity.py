"""How near built files come to PyTorch: a table of model x task x quantization.

The small checkpoints of the tests, and what PyTorch gave for them, come from
`tests/models/make_references.py`; here they are compared with our files of them. A cell is the
largest difference over all sentences, relative to the largest value of the output.
Run: make parity, or python tests/benchmarks/parity.py [TASK ...]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from reference_checkpoints import LENGTHS, REFERENCES, difference, tasks_of

from models.catalog import Quantization, Task


def main(tasks: list[Task]) -> None:
    """Prints a row per model and task as soon as it is known."""
    print(f"{'model':<22}{'task':<22}" + "".join(f"{each:>10}" for each in Quantization))
    for name in REFERENCES:
        for task in tasks_of(name):
            if task in tasks:
                worst = [
                    max(difference(name, task, length, quantization) for length in LENGTHS)
                    for quantization in Quantization
                ]
                cells = "".join(f"{value:>10.1e}" for value in worst)
                print(f"{name:<22}{task:<22}{cells}", flush=True)


if __name__ == "__main__":
    main([Task(word) for word in sys.argv[1:]] or list(Task))
