"""Which phones are attached, and which of them is meant.

adb is asked for `host:devices-l` and the answer is read here: a state may have spaces (`no
permissions (…)`), and so may a serial (`adb-X (2)._adb-tls-connect._tcp`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from android_runner.adb_server import ConnectionLostError, ServerAddress, ask
from android_runner.errors import (
    AdbServerError,
    AmbiguousPhoneError,
    DeviceError,
    NoPhoneError,
    PhoneNotReadyError,
    UnknownAliasError,
)
from android_runner.pixels import Pixel, aliases, find_pixel, load_pixels
from android_runner.properties import PhoneInfo, read_phone_info
from android_runner.readout import complete_lines
from android_runner.shell import Shell

OpenShell = Callable[[str], Shell]

READY = "device"

# adb's own, then that of a device farm, where a job has one phone.
SERIAL_VARIABLES = ("ANDROID_SERIAL", "DEVICEFARM_DEVICE_UDID")

# The states of adb's `ConnectionState`, and what a person can do about each.
_REMEDIES = {
    "offline": "Unplug it and plug it in again, or `adb reconnect offline`; over Wi-Fi, "
    "`adb connect` again.",
    "unauthorized": "Unlock it and confirm “Allow USB debugging”; if it does not ask, revoke the "
    "authorisations in its developer options and plug it in again.",
    "authorizing": "adb is proving who it is: try again in some seconds, and look at its screen.",
    "connecting": "adb is still connecting: try again in some seconds.",
    "no permissions": "This user may not open the USB device: install udev rules for adb, or add "
    "the user to the group that they name, and plug it in again.",
    "recovery": "It has started its recovery system: `adb reboot`.",
    "sideload": "It waits for an update: `adb reboot`.",
    "rescue": "It has started its rescue system: `adb reboot`.",
    "bootloader": "It is in its bootloader: `fastboot reboot`.",
    "host": "This is no phone but the other end of one.",
    "detached": "Another program may have it: `adb attach`.",
    "not booted": "Android is still starting: try again when its screen is there.",
}
_OTHER_REMEDY = "Unplug it and plug it in again, and look at `adb devices`."
_NOT_BOOTED = "not booted"

_STATES = "|".join((READY, *(re.escape(state) for state in _REMEDIES), "unknown"))
_NO_SERIAL = "(no serial number)"
_LINE = re.compile(rf"(?P<serial>\S.*?)\s+(?P<state>(?:{_STATES})\b.*)")
_OTHER_LINE = re.compile(r"(?P<serial>\S+)\s+(?P<state>\S.*)")
_FIELD = re.compile(r"\s+(usb|product|model|device|features|transport_id):(\S*)$")


@dataclass(frozen=True, kw_only=True)
class AttachedPhone:
    """A phone that adb sees. `state` is adb's word, `device` for one that can be used; `codename`
    and `model` are what adb knows of it, `info` what it says itself, None where it was not asked or
    did not answer."""

    serial: str
    state: str
    codename: str | None = None
    model: str | None = None
    info: PhoneInfo | None = None

    @property
    def pixel(self) -> Pixel | None:
        """Its entry among the known phones."""
        return find_pixel(self.info.device if self.info else self.codename)

    @property
    def lease_key(self) -> str:
        """What `lease` is keyed by: the phone's own serial number, or adb's name for it."""
        return (self.info.serialno if self.info else None) or self.serial

    @property
    def problem(self) -> str | None:
        """Why it cannot be used now; None if it can."""
        if self.state != READY:
            return self.state
        return _NOT_BOOTED if self.info and self.info.booted is False else None

    @property
    def remedy(self) -> str:
        """What can be done about the problem; nothing without one."""
        if self.problem is None:
            return ""
        known = (text for state, text in _REMEDIES.items() if self.problem.startswith(state))
        return next(known, _OTHER_REMEDY)


def list_phones(
    address: ServerAddress, open_shell: OpenShell | None = None, *, deadline_s: float = 10
) -> tuple[AttachedPhone, ...]:
    """The attached phones by serial; with `open_shell` those that are ready are asked who they are.

    A phone that does not answer is in the list all the same. Raises `AdbServerError`.
    """
    try:
        text = ask(address, "host:devices-l", deadline_s=deadline_s)
    except ConnectionLostError as error:
        why = f"it did not list the phones: {error}"
        raise AdbServerError(address.host, address.port, why) from error
    phones = parse_attached(text)
    if open_shell is None:
        return phones
    return tuple(_introduce(phone, open_shell, deadline_s) for phone in phones)


def parse_attached(text: str) -> tuple[AttachedPhone, ...]:
    """The server's answer to `host:devices-l`; lines that are none of it are passed over."""
    phones = (_parse_line(line.strip()) for line in complete_lines(text))
    return tuple(sorted(filter(None, phones), key=lambda phone: phone.serial))


def choose_phone(
    name: str | None,
    environment: Mapping[str, str],
    attached: Sequence[AttachedPhone],
    in_use: Collection[str] = (),
) -> str:
    """The serial of the phone that is meant.

    `name` is a serial, an alias (`pixel8pro`, also written as `Pixel 8 Pro`) or `any`, which takes
    a phone that is ready and not among the serials `in_use` if there is one. Without a name the
    environment says it, else it is the only phone attached. Raises `NoPhoneError`,
    `UnknownAliasError`, `AmbiguousPhoneError` and `PhoneNotReadyError`.
    """
    by_serial = {phone.serial: phone for phone in attached}
    if name is None:
        said = [environment[key] for key in SERIAL_VARIABLES if environment.get(key)]
        if said and said[0] not in by_serial:
            raise NoPhoneError(said[0], _listing(attached))
        return _ready(by_serial[said[0]]) if said else _only(None, attached, attached)
    if name in by_serial:
        return _ready(by_serial[name])
    if name == "any":
        return _any(attached, in_use)
    alias = re.sub(r"[^a-z0-9]", "", name.lower())
    codename = next((pixel.codename for pixel in load_pixels() if pixel.alias == alias), None)
    if codename is None:
        _refuse_misspelt(name, alias)
        raise NoPhoneError(name, _listing(attached))
    fits = [phone for phone in attached if phone.pixel and phone.pixel.codename == codename]
    return _only(name, fits, attached)


def _any(attached: Sequence[AttachedPhone], in_use: Collection[str]) -> str:
    ready = [phone for phone in attached if phone.problem is None]
    free = [phone for phone in ready if phone.serial not in in_use]
    if free or ready:
        return (free or ready)[0].serial
    if attached:
        return _ready(attached[0])
    raise NoPhoneError(None, ())


def _only(
    wanted: str | None, fits: Sequence[AttachedPhone], attached: Sequence[AttachedPhone]
) -> str:
    if not fits:
        raise NoPhoneError(wanted, _listing(attached))
    if len(fits) > 1:
        raise AmbiguousPhoneError(wanted, _listing(fits))
    return _ready(fits[0])


def _ready(phone: AttachedPhone) -> str:
    if phone.problem is not None:
        raise PhoneNotReadyError(phone.serial, phone.problem, phone.remedy)
    return phone.serial


def _refuse_misspelt(name: str, alias: str) -> None:
    """A name that looks like an alias is a mistake; any other is a serial that is not there."""
    near = difflib.get_close_matches(alias, aliases(), n=2, cutoff=0.75)
    if near or alias.startswith("pixel"):
        raise UnknownAliasError(name, near)


def _listing(attached: Sequence[AttachedPhone]) -> list[str]:
    return [_described(phone) for phone in attached]


def _described(phone: AttachedPhone) -> str:
    model = (phone.info.model if phone.info else None) or phone.model
    state = "ready" if phone.problem is None else f"{phone.problem}. {phone.remedy}"
    return f"{phone.serial}{f' ({model})' if model else ''}: {state}"


def _introduce(phone: AttachedPhone, open_shell: OpenShell, deadline_s: float) -> AttachedPhone:
    if phone.state != READY:
        return phone
    try:
        return replace(phone, info=read_phone_info(open_shell(phone.serial), deadline_s=deadline_s))
    except DeviceError:  # it went away, or hangs: another phone may be meant
        return phone


def _parse_line(line: str) -> AttachedPhone | None:
    fields: dict[str, str] = {}
    while match := _FIELD.search(line):
        fields[match[1]] = match[2]
        line = line[: match.start()]
    if line.startswith("* "):  # `* daemon not running; starting now …`
        return None
    if line.startswith(_NO_SERIAL):
        return AttachedPhone(serial=_NO_SERIAL, state=line[len(_NO_SERIAL) :].strip())
    parsed = _LINE.fullmatch(line) or _OTHER_LINE.fullmatch(line)
    if parsed is None:
        return None
    return AttachedPhone(
        serial=parsed["serial"],
        state=parsed["state"].strip(),
        codename=fields.get("device") or None,
        model=fields.get("model", "").replace("_", " ") or None,
    )
