from __future__ import annotations

import hashlib

import numpy as np
from ai_edge_litert.tools import flatbuffer_utils
from control_model import LAYERS, WIDTH, make_control

from models.control import CONTROL_FILE, CONTROL_SHA256
from models.inspect import inspect_model


def test_the_control_is_the_file_that_it_always_was() -> None:
    assert hashlib.sha256(CONTROL_FILE.read_bytes()).hexdigest() == CONTROL_SHA256


def test_the_control_holds_what_its_maker_makes() -> None:
    info = inspect_model(CONTROL_FILE)
    stored, made = (
        flatbuffer_utils.read_model_from_bytearray(bytearray(content)).buffers[1].data
        for content in (CONTROL_FILE.read_bytes(), make_control())
    )

    assert info.operators == {"FULLY_CONNECTED": LAYERS}
    assert (info.macs, info.constants) == (LAYERS * WIDTH**3, WIDTH**2)
    assert np.array_equal(stored, made)
