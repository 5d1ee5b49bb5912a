"""`mbert-bench devices` and `doctor`: which phones there are, and whether one is fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from android_runner.diagnosis import Finding
    from android_runner.discovery import AttachedPhone
    from android_runner.lease import Holder
    from android_runner.shell import Shell

_EXIT_UNFIT = 3


def devices(
    json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """Lists the attached phones, their state, and what to do about it."""
    from json import dumps

    from harness.commands.printing import print_result
    from harness.record import SCHEMA

    phones = _attached()
    if json:
        rows = [_row(phone) for phone in phones]
        typer.echo(dumps({"schema": SCHEMA, "devices": rows}, indent=1))
        return
    if not phones:
        typer.echo("no phone is attached; `--device host` measures on this machine", err=True)
    else:
        print_result("\n".join(line for phone in phones for line in _lines(phone)))


def doctor(
    device: Annotated[
        str | None, typer.Option(help="An alias such as pixel8, a serial, or any.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Says whether a phone is fit to be measured, and changes nothing. Exits 3 if it is not."""
    from dataclasses import asdict
    from json import dumps

    from android_runner.diagnosis import diagnose
    from harness.commands.printing import print_result
    from harness.record import SCHEMA

    phone = _chosen(device)
    findings = diagnose(phone, _open_shell, _holder(phone))
    fit = not any(finding.prevents for finding in findings)
    if json:
        document = {
            "schema": SCHEMA,
            "device": _row(phone),
            "fit": fit,
            "findings": [asdict(finding) for finding in findings],
        }
        typer.echo(dumps(document, indent=1))
    else:
        lines = [f"{_shown(phone.serial)}: {'fit' if fit else 'not fit'} to be measured"]
        for finding in findings:
            lines += _finding_lines(finding)
        print_result("\n".join(lines))
    if not fit:
        raise typer.Exit(_EXIT_UNFIT)


def _attached() -> tuple[AttachedPhone, ...]:
    from android_runner.adb_server import server_address
    from android_runner.discovery import list_phones

    return list_phones(server_address(), _open_shell)


def _open_shell(serial: str) -> Shell:
    from android_runner.link import Link

    return Link(serial)


def _chosen(device: str | None) -> AttachedPhone:
    """The phone that is meant, ready or not. Raises the other errors of `choose_phone`."""
    import os

    from android_runner.discovery import choose_phone
    from android_runner.errors import PhoneNotReadyError
    from harness.errors import UsageError

    if device == "host":
        message = "`doctor` looks at phones; this machine (`--device host`) is none."
        raise UsageError(message)
    phones = _attached()
    try:
        serial = choose_phone(device, os.environ, phones)
    except PhoneNotReadyError as error:
        serial = error.serial
    return next(phone for phone in phones if phone.serial == serial)


def _holder(phone: AttachedPhone) -> Holder | None:
    from android_runner.lease import lease_holder

    return lease_holder(phone.lease_key)


def _row(phone: AttachedPhone) -> dict[str, Any]:
    from dataclasses import asdict

    holder = _holder(phone)
    info = phone.info
    return {
        "serial": phone.serial,
        "state": phone.state,
        "ready": phone.problem is None,
        "problem": phone.problem,
        "remedy": phone.remedy or None,
        "alias": phone.pixel.alias if phone.pixel else None,
        "model": (info.model if info else None) or phone.model,
        "soc": info.soc if info else None,
        "android": info.android_release if info else None,
        "fingerprint": info.fingerprint if info else None,
        "in_use": asdict(holder) if holder else None,
    }


def _lines(phone: AttachedPhone) -> list[str]:
    from reports.texts.layout import wrap

    row, set_back = _row(phone), " " * 23
    release = f"Android {row['android']}" if row["android"] else None
    facts = [row["alias"], row["model"], row["soc"], release]
    known = ", ".join(str(fact) for fact in facts if fact)
    state = _shown(phone.problem or "ready")
    lines = wrap(f"{_shown(phone.serial):<22} {state:<14} {_shown(known)}".rstrip(), "", set_back)
    if phone.problem:
        lines += wrap(_shown(phone.remedy), set_back)
    if row["in_use"]:
        lines.append(f"{set_back}in use by process {row['in_use']['process_id']}")
    return lines


def _finding_lines(finding: Finding) -> list[str]:
    from reports.texts.layout import wrap

    mark = {True: "ok", False: "NO" if finding.required else "note", None: "?"}[finding.ok]
    text = f"{finding.what}. {finding.remedy}" if finding.remedy else finding.what
    return wrap(f"  {mark:<5} {finding.id:<18} {_shown(text)}", "", " " * 27)


def _shown(text: str) -> str:
    from reports.cells import one_line  # a phone's words may hold anything

    return one_line(text)
