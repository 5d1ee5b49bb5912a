from __future__ import annotations

import subprocess
import sys

import pytest

from harness.commands.restore import restore
from harness.errors import UsageError


def test_this_machine_is_never_changed() -> None:
    with pytest.raises(UsageError, match="for phones"):
        restore(device="host")


def test_its_help_loads_nothing_that_is_heavy_or_touches_adb() -> None:
    script = (
        "import sys; import harness.commands.restore; "
        "print(sorted({'android_runner.link', 'harness.store', 'pandas'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"
