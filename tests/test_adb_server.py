from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from fake_adb_phone import FakeAdbServer

from android_runner.adb_server import ServerAddress, ask, connect, server_address
from android_runner.errors import AdbServerAddressError, AdbServerError


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, ServerAddress(host="127.0.0.1", port=5037, said_by=None)),
        (
            {"ADB_SERVER_SOCKET": "tcp:5099"},
            ServerAddress(host="127.0.0.1", port=5099, said_by="ADB_SERVER_SOCKET"),
        ),
        (
            {"ADB_SERVER_SOCKET": "tcp:10.0.0.7:5099", "ANDROID_ADB_SERVER_PORT": "1"},
            ServerAddress(host="10.0.0.7", port=5099, said_by="ADB_SERVER_SOCKET"),
        ),
        (
            {"ADB_SERVER_SOCKET": "tcp:[::1]:5099"},
            ServerAddress(host="::1", port=5099, said_by="ADB_SERVER_SOCKET"),
        ),
        (
            {"ANDROID_ADB_SERVER_PORT": "5099"},
            ServerAddress(host="127.0.0.1", port=5099, said_by="ANDROID_ADB_SERVER_PORT"),
        ),
        (
            {"ANDROID_ADB_SERVER_ADDRESS": "farm", "ANDROID_ADB_SERVER_PORT": "5099"},
            ServerAddress(
                host="farm",
                port=5099,
                said_by="ANDROID_ADB_SERVER_ADDRESS and ANDROID_ADB_SERVER_PORT",
            ),
        ),
        (
            {"ANDROID_ADB_SERVER_ADDRESS": "farm", "ADB_SERVER_SOCKET": ""},
            ServerAddress(host="farm", port=5037, said_by="ANDROID_ADB_SERVER_ADDRESS"),
        ),
    ],
)
def test_adbs_own_variables_say_where_the_server_is(
    environ: dict[str, str], expected: ServerAddress
) -> None:
    assert server_address(environ) == expected


@pytest.mark.parametrize(
    "environ",
    [
        {"ADB_SERVER_SOCKET": "localabstract:adb"},
        {"ADB_SERVER_SOCKET": "localfilesystem:/run/adb"},
        {"ADB_SERVER_SOCKET": "5037"},
        {"ADB_SERVER_SOCKET": "tcp:"},
        {"ADB_SERVER_SOCKET": "tcp:farm"},
        {"ANDROID_ADB_SERVER_PORT": "0"},
        {"ANDROID_ADB_SERVER_PORT": "65536"},
        {"ANDROID_ADB_SERVER_PORT": "-1"},
        {"ANDROID_ADB_SERVER_PORT": "5037x"},
        {"ANDROID_ADB_SERVER_PORT": "٥٠٣٧"},
    ],
)
def test_a_variable_that_says_no_tcp_address_is_named_with_its_value(
    environ: dict[str, str],
) -> None:
    [(name, value)] = environ.items()
    with pytest.raises(AdbServerAddressError) as caught:
        server_address(environ)
    assert f"{name}={value!r}" in str(caught.value)
    assert caught.value.exit_code == 2


def _adb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """A program in adb's place; it notes that it was started, and how."""
    notes = tmp_path / "notes"
    adb = tmp_path / "adb"
    adb.write_text(f'#!/bin/sh\necho "$@ $ANDROID_ADB_SERVER_PORT" >>{notes}\n{script}\n')
    adb.chmod(0o755)
    monkeypatch.setenv("ADBUTILS_ADB_PATH", str(adb))
    return notes


def test_no_server_is_started_where_a_variable_says_that_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    notes = _adb(tmp_path, monkeypatch, "exit 0")
    with pytest.raises(AdbServerError) as caught:
        connect(ServerAddress(port=free_port, said_by="ADB_SERVER_SOCKET"))
    assert not notes.exists()
    assert f"127.0.0.1:{free_port}" in str(caught.value)
    assert "ADB_SERVER_SOCKET" in str(caught.value)


def test_a_server_is_started_once_at_the_default_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", "1")  # set after the address was read
    notes = _adb(tmp_path, monkeypatch, "echo cannot bind >&2; exit 1")
    with pytest.raises(AdbServerError, match="exited with 1: cannot bind"):
        connect(ServerAddress(port=free_port))
    assert notes.read_text() == "start-server \n"


def test_a_server_that_was_started_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    listen = f"import socket,time; s=socket.create_server(('127.0.0.1',{free_port})); print(); "
    # As adb does: it returns when its server listens, and that stays.
    _adb(
        tmp_path,
        monkeypatch,
        f'python3 -c "{listen} time.sleep(5)" & '
        f"until python3 -c \"import socket; socket.create_connection(('127.0.0.1',{free_port}))\" "
        "2>/dev/null; do sleep 0.05; done",
    )
    connect(ServerAddress(port=free_port)).close()


def test_a_server_that_has_not_come_in_spite_of_its_start_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    _adb(tmp_path, monkeypatch, "exit 0")
    with pytest.raises(AdbServerError, match="has not helped"):
        connect(ServerAddress(port=free_port))


def test_an_unknown_host_is_an_error_of_the_server() -> None:
    with pytest.raises(AdbServerError, match=r"no-such-host\.invalid:5037"):
        connect(ServerAddress(host="no-such-host.invalid", said_by="the test"))


def test_a_server_that_says_nothing_is_given_up_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = ServerAddress(port=silent.getsockname()[1], said_by="the test")
        started = time.monotonic()
        with pytest.raises(ConnectionError, match="no answer in time"):
            ask(address, "host:version", deadline_s=0.3)
        assert time.monotonic() - started < 30


def test_an_answer_may_be_empty() -> None:
    with FakeAdbServer(devices="") as server:
        assert ask(server.address, "host:devices") == ""


@pytest.mark.parametrize("request_text", ["host:" + "x" * 65536, "host:a\0b"])
def test_a_request_that_adb_cannot_carry_is_refused(request_text: str) -> None:
    with FakeAdbServer() as server, pytest.raises(ValueError, match="65535 bytes without NUL"):
        ask(server.address, request_text)
