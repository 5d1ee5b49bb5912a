from __future__ import annotations

import pytest
from fake_phone import FakePhone, android_text
from hypothesis import given
from hypothesis import strategies as st

from android_runner.properties import (
    PhoneInfo,
    describe_phone,
    parse_properties,
    read_phone_info,
)


def test_describes_a_pixel_8() -> None:
    phone = FakePhone({"getprop": android_text("getprop_pixel8.txt")}, serial="10.0.0.7:5555")

    assert read_phone_info(phone) == PhoneInfo(
        serial="10.0.0.7:5555",
        serialno="39061FDJH005AB",
        manufacturer="Google",
        model="Pixel 8",
        device="shiba",
        soc="zuma",
        fingerprint="google/shiba/shiba:14/UQ1A.240105.004/11206848:userdebug/dev-keys",
        build_id="UQ1A.240105.004",
        build_type="userdebug",
        android_release="14",
        sdk=34,
        security_patch="2024-01-05",
        abi="arm64-v8a",
        abis=("arm64-v8a",),
        emulator=False,
        debuggable=True,
        booted=True,
    )


@pytest.mark.parametrize(
    ("text", "properties"),
    [
        pytest.param("[a.b]: [1]\n", {"a.b": "1"}, id="plain"),
        pytest.param("[a]: []\n[b]: [2]\n", {"a": "", "b": "2"}, id="empty value"),
        pytest.param("[a]: [x\ny]\n[b]: [2]\n", {"a": "x\ny", "b": "2"}, id="two lines"),
        pytest.param("[a]: [x]\ny]\n", {"a": "x]\ny"}, id="bracket at the end of a line"),
        pytest.param("[a]: [[x]: [y]]\n", {"a": "[x]: [y]"}, id="looks like a property"),
        pytest.param("[a]: [1]\r\n[b]: [2]\r\n", {"a": "1", "b": "2"}, id="terminal line ends"),
        pytest.param("[a]: [1]\nwarning\n[b]: [2]\n", {"a": "1", "b": "2"}, id="foreign line"),
        pytest.param("[a]: [1]\n[b]: [2", {"a": "1"}, id="cut in a value"),
        pytest.param("[a]: [1]\n[b]: [2]", {"a": "1"}, id="cut before the line end"),
        pytest.param("[a]: [1]\n[b]:", {"a": "1"}, id="cut in a key"),
        pytest.param("[a]: [1]\n[a]: [1]\n", {"a": "1"}, id="twice the same"),
        pytest.param("[a]: [1]\n[a]: [2]\n[b]: [3]\n", {"b": "3"}, id="twice, not the same"),
        pytest.param("/system/bin/sh: getprop: not found\n", {}, id="no getprop"),
        pytest.param("", {}, id="nothing"),
    ],
)
def test_parses(text: str, properties: dict[str, str]) -> None:
    assert parse_properties(text) == properties


def test_says_nothing_of_a_phone_without_properties() -> None:
    info = describe_phone("A", {})

    assert {name: value for name, value in vars(info).items() if value is not None} == {
        "serial": "A",
        "abis": (),
    }


@pytest.mark.parametrize(
    ("properties", "booted"),
    [
        ({"sys.boot_completed": "1"}, True),
        ({"dev.bootcomplete": "1"}, False),
        ({"ro.product.model": "Pixel 8"}, False),
        ({"sys.boot_completed": "0", "dev.bootcomplete": "1"}, False),
    ],
)
def test_tells_whether_android_has_started(properties: dict[str, str], booted: bool) -> None:
    assert describe_phone("A", properties).booted is booted


@pytest.mark.parametrize(
    "properties",
    [
        {"ro.kernel.qemu": "1"},
        {"ro.boot.qemu": "1"},
        {"ro.hardware": "ranchu"},
        {"ro.hardware": "cutf_cvm"},
    ],
)
def test_tells_an_emulator(properties: dict[str, str]) -> None:
    assert describe_phone("A", properties).emulator is True


def test_prefers_the_name_of_the_chip_to_that_of_its_platform() -> None:
    properties = {"ro.soc.model": "SM8150", "ro.board.platform": "msmnile"}

    assert describe_phone("A", properties).soc == "SM8150"


def test_passes_over_a_release_that_is_no_number() -> None:
    assert describe_phone("A", {"ro.build.version.sdk": "٣٤"}).sdk is None


@given(st.text(alphabet="[]: ab1\n\r", max_size=60))
def test_never_fails(text: str) -> None:
    for key, value in parse_properties(text).items():
        assert key
        assert f"[{key}]: [{value}]\n" in text.replace("\r\n", "\n")
