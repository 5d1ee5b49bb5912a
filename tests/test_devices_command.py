from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import typer
from fake_adb_server import adb_server, okay
from typer.testing import CliRunner

from android_runner.errors import NoPhoneError
from harness.commands.devices import devices, doctor
from harness.errors import UsageError

app = typer.Typer()
app.command()(devices)
app.command()(doctor)

LOCKED = "P1\x1b[2J  unauthorized usb:1-1 transport_id:3\n"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    with adb_server(okay(request.param)) as address:
        monkeypatch.setenv("ADB_SERVER_SOCKET", f"tcp:{address.host}:{address.port}")
        yield


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("server", [LOCKED], indirect=True)
def test_lists_a_phone_with_what_to_do_about_it() -> None:
    done = CliRunner().invoke(app, ["devices"])

    first, *remedy = done.stdout.splitlines()
    assert done.exit_code == 0
    assert first.split()[-1] == "unauthorized"
    assert "Allow USB debugging" in " ".join(line.strip() for line in remedy)
    assert max(map(len, (first, *remedy))) <= 100
    assert "\x1b" not in done.stdout


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("server", ["P1  offline\n"], indirect=True)
def test_lists_phones_as_json() -> None:
    document = json.loads(CliRunner().invoke(app, ["devices", "--json"]).stdout)

    (row,) = document["devices"]
    assert document["schema"] == 1
    assert row.pop("remedy").startswith("Unplug it")
    assert row == {
        "serial": "P1",
        "state": "offline",
        "ready": False,
        "problem": "offline",
        "alias": None,
        "model": None,
        "soc": None,
        "android": None,
        "fingerprint": None,
        "in_use": None,
    }


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("server", [""], indirect=True)
def test_no_phone_is_no_failure() -> None:
    done = CliRunner().invoke(app, ["devices"])

    assert (done.exit_code, done.stdout) == (0, "")
    assert "--device host" in done.stderr


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("server", ["P1  offline\n"], indirect=True)
def test_a_phone_that_is_not_ready_is_not_fit() -> None:
    done = CliRunner().invoke(app, ["doctor", "--json"])

    document = json.loads(done.stdout)
    assert done.exit_code == 3
    assert document["fit"] is False
    assert [finding["id"] for finding in document["findings"]] == ["state"]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("server", ["P1  offline\n"], indirect=True)
def test_findings_are_set_in_columns_within_a_hundred() -> None:
    first, finding, *more = CliRunner().invoke(app, ["doctor"]).stdout.splitlines()

    assert first == "P1: not fit to be measured"
    assert finding.startswith("  NO    state              adb says 'offline'. ")
    assert all(line.startswith(" " * 27) for line in more)
    assert max(map(len, (finding, *more))) <= 100


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("server", ["P1  offline\n"], indirect=True)
def test_looks_at_no_other_phone_than_the_one_asked_for() -> None:
    done = CliRunner().invoke(app, ["doctor", "--device", "P2"])

    assert isinstance(done.exception, NoPhoneError)


def test_does_not_look_at_this_machine() -> None:
    done = CliRunner().invoke(app, ["doctor", "--device", "host"])

    assert isinstance(done.exception, UsageError)
