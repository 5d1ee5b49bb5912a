from __future__ import annotations

import pytest
from fake_adb_server import adb_server, okay
from fake_phone import FakePhone, android_text
from hypothesis import given
from mutations import mutations_of

from android_runner.discovery import (
    AttachedPhone,
    choose_phone,
    list_phones,
    parse_attached,
)
from android_runner.errors import (
    AdbServerError,
    AmbiguousPhoneError,
    DeadlineError,
    DeviceError,
    NoPhoneError,
    PhoneNotReadyError,
    UnknownAliasError,
)
from android_runner.properties import describe_phone, parse_properties
from android_runner.shell import Shell

DEVICES = android_text("devices-l.txt")
NO_PERMISSIONS = (
    "no permissions (user alice is not in the plugdev group); "
    "see [http://developer.android.com/tools/device.html]"
)
PIXEL_8 = describe_phone("P8", parse_properties(android_text("getprop_pixel8.txt")))

PHONE_6 = AttachedPhone(serial="P6", state="device", codename="oriole", model="Pixel 6")
PHONE_8 = AttachedPhone(serial="P8", state="device", info=PIXEL_8)
LOCKED = AttachedPhone(serial="LOCKED", state="unauthorized")
STARTING = AttachedPhone(
    serial="STARTING", state="device", info=describe_phone("STARTING", {"ro.product.model": "x"})
)


def test_lists_phones_of_every_state() -> None:
    missing_rules = NO_PERMISSIONS.replace("user alice is not in", "missing udev rules? user is in")

    assert parse_attached(DEVICES) == (
        AttachedPhone(serial="(no serial number)", state=missing_rules),
        AttachedPhone(serial="127.0.0.1:5555", state="offline"),
        AttachedPhone(serial="ABC123", state="device", codename="oriole", model="Pixel 6"),
        AttachedPhone(serial="DEF456", state="unauthorized"),
        AttachedPhone(serial="GHI789", state=NO_PERMISSIONS),
        AttachedPhone(serial="JKL012", state="recovery", codename="flame", model="Pixel 4"),
        AttachedPhone(serial="MNO345", state="a-state-of-tomorrow"),
        AttachedPhone(
            serial="adb-43081FDAS000VS-QXjCrW (2)._adb-tls-connect._tcp",
            state="device",
            codename="shiba",
            model="Pixel 8",
        ),
        AttachedPhone(serial="emulator-5554", state="device"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "List of devices attached\n",
        "* daemon not running; starting now at tcp:5037\n",
        "ABC123\n",
        "ABC123  dev",
    ],
)
def test_invents_no_phones(text: str) -> None:
    assert [phone for phone in parse_attached(text) if phone.state == "device"] == []


@pytest.mark.parametrize(
    ("state", "remedy"),
    [
        ("offline", "plug it in again"),
        ("unauthorized", "Allow USB debugging"),
        ("authorizing", "try again in some seconds"),
        ("connecting", "try again in some seconds"),
        (NO_PERMISSIONS, "install udev rules"),
        ("recovery", "`adb reboot`"),
        ("sideload", "`adb reboot`"),
        ("rescue", "`adb reboot`"),
        ("bootloader", "`fastboot reboot`"),
        ("detached", "`adb attach`"),
        ("host", "no phone"),
        ("a-state-of-tomorrow", "`adb devices`"),
    ],
)
def test_each_state_has_its_remedy(state: str, remedy: str) -> None:
    (phone,) = parse_attached(f"X1                     {state} usb:1-1 transport_id:4\n")

    assert phone == AttachedPhone(serial="X1", state=state)
    with pytest.raises(PhoneNotReadyError) as caught:
        choose_phone("X1", {}, [phone])
    assert caught.value.exit_code == 3
    assert caught.value.serial == "X1"
    assert str(caught.value).startswith(f"Phone 'X1': it is not ready ({state}). ")
    assert remedy in str(caught.value)


def test_asks_ready_phones_who_they_are() -> None:
    asked: list[str] = []

    def open_shell(serial: str) -> Shell:
        asked.append(serial)
        properties = android_text("getprop_pixel8.txt")
        return FakePhone({"getprop": properties}, serial=serial)

    text = "P8  device transport_id:1\nOFF  offline transport_id:2\n"
    with adb_server(okay(text)) as address:
        phones = list_phones(address, open_shell)

    assert phones == (AttachedPhone(serial="OFF", state="offline"), PHONE_8)
    assert asked == ["P8"]
    assert phones[1].lease_key == "39061FDJH005AB"
    assert phones[1].pixel is not None
    assert phones[1].pixel.alias == "pixel8"


def test_a_phone_that_hangs_hides_no_other() -> None:
    def open_shell(serial: str) -> Shell:
        return FakePhone({"getprop": DeadlineError(serial, "getprop", 10)}, serial=serial)

    with adb_server(okay("P8  device\n")) as address:
        (phone,) = list_phones(address, open_shell)

    assert phone == AttachedPhone(serial="P8", state="device")
    assert phone.lease_key == "P8"
    assert choose_phone(None, {}, [phone]) == "P8"


def test_lists_nothing_where_nothing_is_attached() -> None:
    with adb_server(okay("")) as address:
        assert list_phones(address) == ()


@pytest.mark.parametrize("answer", [b"", b"OKAY00", b"FAIL0007no such", b"HTTP/1.1 400"])
def test_a_server_that_answers_badly_is_an_error(answer: bytes) -> None:
    with adb_server(answer) as address, pytest.raises(AdbServerError) as caught:
        list_phones(address, deadline_s=5)

    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("name", "environment", "serial"),
    [
        ("P6", {}, "P6"),
        ("P6", {"ANDROID_SERIAL": "P8"}, "P6"),
        (None, {"ANDROID_SERIAL": "P8"}, "P8"),
        (None, {"DEVICEFARM_DEVICE_UDID": "P6"}, "P6"),
        (None, {"ANDROID_SERIAL": "P8", "DEVICEFARM_DEVICE_UDID": "P6"}, "P8"),
        (None, {"ANDROID_SERIAL": "", "DEVICEFARM_DEVICE_UDID": "P6"}, "P6"),
        ("pixel6", {}, "P6"),
        ("pixel8", {}, "P8"),
        ("Pixel 8", {}, "P8"),
        ("any", {}, "P6"),
    ],
)
def test_chooses_the_phone_that_is_meant(
    name: str | None, environment: dict[str, str], serial: str
) -> None:
    assert choose_phone(name, environment, [LOCKED, PHONE_6, PHONE_8]) == serial


def test_chooses_the_only_phone() -> None:
    assert choose_phone(None, {}, [PHONE_6]) == "P6"


@pytest.mark.parametrize(
    ("in_use", "serial"), [(set(), "P6"), ({"P6"}, "P8"), ({"P6", "P8"}, "P6")]
)
def test_any_prefers_a_phone_that_nobody_uses(in_use: set[str], serial: str) -> None:
    assert choose_phone("any", {}, [LOCKED, STARTING, PHONE_6, PHONE_8], in_use) == serial


@pytest.mark.parametrize(
    ("name", "environment", "attached", "error", "exit_code", "text"),
    [
        (None, {}, [], NoPhoneError, 3, "No phone is attached: adb sees none."),
        ("any", {}, [], NoPhoneError, 3, "No phone is attached: adb sees none."),
        ("pixel4", {}, [], NoPhoneError, 3, "No phone 'pixel4' is attached: adb sees none."),
        (
            "pixel4",
            {},
            [PHONE_6, LOCKED],
            NoPhoneError,
            3,
            "No phone 'pixel4' is attached. Attached:\n"
            "  P6 (Pixel 6): ready\n"
            "  LOCKED: unauthorized. Unlock it and confirm",
        ),
        ("0A1B2C", {}, [PHONE_6], NoPhoneError, 3, "No phone '0A1B2C' is attached. Attached:\n"),
        (None, {"ANDROID_SERIAL": "GONE"}, [PHONE_6], NoPhoneError, 3, "No phone 'GONE' is "),
        (
            "pixle6",
            {},
            [PHONE_6],
            UnknownAliasError,
            2,
            "There is no phone called 'pixle6'. Did you mean 'pixel6",
        ),
        ("pixel12", {}, [PHONE_6], UnknownAliasError, 2, "There is no phone called 'pixel12'."),
        (
            None,
            {},
            [PHONE_6, LOCKED],
            AmbiguousPhoneError,
            2,
            "Several phones are attached: name one with `--device SERIAL` or ANDROID_SERIAL.\n"
            "  P6 (Pixel 6): ready\n  LOCKED: unauthorized. ",
        ),
        (
            "pixel6",
            {},
            [PHONE_6, AttachedPhone(serial="Q6", state="device", codename="oriole")],
            AmbiguousPhoneError,
            2,
            "Several phones are 'pixel6': name one with ",
        ),
        (None, {}, [LOCKED], PhoneNotReadyError, 3, "Phone 'LOCKED': it is not ready (unauth"),
        ("any", {}, [LOCKED], PhoneNotReadyError, 3, "Phone 'LOCKED': it is not ready (unauth"),
        (
            "STARTING",
            {},
            [STARTING],
            PhoneNotReadyError,
            3,
            "Phone 'STARTING': it is not ready (not",
        ),
    ],
)
def test_says_why_no_phone_can_be_chosen(
    name: str | None,
    environment: dict[str, str],
    attached: list[AttachedPhone],
    error: type[DeviceError],
    exit_code: int,
    text: str,
) -> None:
    with pytest.raises(error) as caught:
        choose_phone(name, environment, attached)

    assert str(caught.value).startswith(text)
    assert caught.value.exit_code == exit_code


@given(mutations_of(DEVICES))
def test_never_fails(text: str) -> None:
    for phone in parse_attached(text):
        assert phone.serial
        assert phone.state
