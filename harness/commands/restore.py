"""`mbert-bench restore`: puts a phone back as it was before a run that was cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from android_runner.restore import Restored


def restore(
    device: Annotated[
        str | None, typer.Option(help="An alias such as pixel8, a serial, or any.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Undoes what interrupted runs have left changed on a phone."""
    import os
    from json import dumps

    from android_runner.adb_server import server_address
    from android_runner.discovery import choose_phone, list_phones
    from android_runner.identity import identify
    from android_runner.journal import state_folder
    from android_runner.lease import lease
    from android_runner.link import Link
    from android_runner.restore import Patience, restore_pending
    from harness.errors import UsageError
    from harness.record import SCHEMA

    if device == "host":
        message = "On this machine (`--device host`) nothing is changed; `restore` is for phones."
        raise UsageError(message)
    link = Link(choose_phone(device, os.environ, list_phones(server_address(), Link)))
    with lease(identify(link).serialno):
        patience = Patience(wait_for_phone=link.wait_until_back)
        restored = restore_pending(link, state_folder(), patience=patience)
    if json:
        rows = [_row(one) for one in restored]
        typer.echo(dumps({"schema": SCHEMA, "device": link.serial, "restored": rows}, indent=1))
        return
    if not restored:
        _say(f"{link.serial}: nothing to restore")
    for one in restored:
        _say(f"{link.serial}: {_line(one)}")


def _row(one: Restored) -> dict[str, Any]:
    entry = one.entry
    return {
        "kind": entry.kind,
        "target": entry.target,
        "old": entry.old,
        "new": entry.new,
        "changed_at": entry.at,
        "how": str(one.how),
    }


def _line(one: Restored) -> str:
    old = "unset" if one.entry.old is None else repr(one.entry.old)
    return f"{one.entry.title}: {one.how} (it was {old}, we had set {one.entry.new!r})"


def _say(line: str) -> None:
    from reports.cells import visible  # a phone's words may hold anything

    typer.echo(visible(line))
