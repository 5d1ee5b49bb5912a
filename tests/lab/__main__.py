"""`python -m lab up pixel4 pixel8`: phones to try things on, until Ctrl-C. Run it in `tests/`."""

from __future__ import annotations

import signal
import sys

from lab.errors import LabError
from lab.lab import Lab
from lab.rootfs import rootfs
from lab.state import KINDS
from lab.trial import try_namespaces

USAGE = f"usage: python -m lab build | python -m lab up PHONE...   (phones: {', '.join(KINDS)})\n"


def main(arguments: list[str]) -> int:
    """Exit code 0, or 2 where the lab does not work here or the arguments are none."""
    verb, *kinds = arguments or [""]
    try:
        if verb == "build" and not kinds:
            sys.stdout.write(f"{rootfs()}\n")
            return 0
        if verb == "up" and kinds and set(kinds) <= set(KINDS):
            try_namespaces()
            _up(kinds)
            return 0
    except LabError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stderr.write(USAGE)
    return 2


def _up(kinds: list[str]) -> None:
    with Lab() as lab:
        stop = {signal.SIGINT, signal.SIGTERM}
        for kind in kinds:
            phone = lab.phone(kind)
            sys.stdout.write(f"# {kind}: {phone.serial}, its state: {phone.state_folder}\n")
        # Blocked before anybody is told, so that a signal at once is waited for as well.
        signal.pthread_sigmask(signal.SIG_BLOCK, stop)
        sys.stdout.write(f"export ADB_SERVER_SOCKET={lab.server.address}\n")
        sys.stdout.flush()
        sys.stderr.write("The phones are on until Ctrl-C.\n")
        signal.sigwait(stop)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
