"""The control: a small model that never changes, measured beside every comparison.

Where it moves, the device has changed and not the model. It is 64 fully connected layers of 128 by
128 fp32 weights on 128 rows, some 134 million multiply-accumulates; all layers share their weights,
so that the file is small.
"""

from __future__ import annotations

from pathlib import Path

CONTROL_FILE = Path(__file__).with_name("control.tflite")
CONTROL_SHA256 = "1c89f1f948686a7fc6e391b3365386770f67528737b2bede29202de4eb211f0e"
