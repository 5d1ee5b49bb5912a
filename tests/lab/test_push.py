"""The store on a phone, through the real adb server and the real adbd."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

import pytest

from android_runner.errors import LinkLostError, NoRoomError, PhoneError, PushFailedError
from android_runner.link import Link
from android_runner.push import ROOT, Store
from lab.phone import LabPhone

pytestmark = pytest.mark.lab

MB = 1_000_000


@pytest.fixture
def link(pixel6: LabPhone) -> Link:
    return Link(pixel6.serial)


def _file(folder: Path, name: str, size_bytes: int) -> Path:
    path = folder / name
    path.write_bytes(os.urandom(size_bytes))
    return path


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _stored(phone: LabPhone) -> dict[str, int]:
    """The sizes of the files in the store."""
    root = phone.path(ROOT)
    return {str(path.relative_to(root)): path.stat().st_size for path in root.glob("*/*")}


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("mobilebert.tflite", "mobilebert.tflite"),
        ('it\'s $(reboot) "x".tflite', "it_s___reboot___x_.tflite"),
        ("new\nline", "new_line"),
        (".hidden", "_hidden"),
        ("-rf", "-rf"),
    ],
)
def test_a_file_arrives_under_its_hash(
    name: str, stored: str, link: Link, pixel6: LabPhone, tmp_path: Path
) -> None:
    path = _file(tmp_path, name, 200_001)
    there = Store(link).put(path)
    assert there == f"{ROOT}/{_sha256(path)}/{stored}"
    assert pixel6.path(there).read_bytes() == path.read_bytes()
    assert _stored(pixel6) == {f"{_sha256(path)}/{stored}": 200_001}


def test_an_empty_file_arrives(link: Link, pixel6: LabPhone, tmp_path: Path) -> None:
    there = Store(link).put(_file(tmp_path, "empty", 0))
    assert pixel6.path(there).read_bytes() == b""


def test_a_tool_can_be_run_and_a_model_cannot(link: Link, tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text("#!/system/bin/sh\necho ran\n")
    store = Store(link)
    assert link.run([store.put(tool)]).exit_code == 126
    assert link.check([store.put(tool, executable=True)]) == "ran\n"


def test_progress_is_told_up_to_the_whole(link: Link, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    Store(link).put(
        _file(tmp_path, "model", 3 * MB),
        on_progress=lambda sent, total: steps.append((sent, total)),
    )
    assert len(steps) > 10
    assert steps == sorted(steps)
    assert steps[-1] == (3 * MB, 3 * MB)


def test_a_file_that_is_there_is_not_sent_again(link: Link, tmp_path: Path) -> None:
    path = _file(tmp_path, "model", MB)
    there = Store(link).put(path)
    sent: list[int] = []
    link.check(["touch", "-d", "2020-01-01T00:00:00", there])

    again = Store(link).put(path, on_progress=lambda done, total: sent.append(done))

    assert (again, sent) == (there, [])
    # It counts as used now, for `clean`.
    age_s = int(link.check(["date", "+%s"])) - int(link.check(["stat", "-c", "%Y", there]))
    assert age_s < 60


@pytest.mark.parametrize("content", [b"", b"x" * MB], ids=["cut off", "other bytes"])
def test_what_was_changed_on_the_phone_is_replaced(
    content: bytes, link: Link, pixel6: LabPhone, tmp_path: Path
) -> None:
    path = _file(tmp_path, "model", MB)
    there = Store(link).put(path)
    pixel6.path(there).write_bytes(content)
    assert Store(link).put(path) == there
    assert pixel6.path(there).read_bytes() == path.read_bytes()


def test_a_file_that_changes_while_it_is_sent_is_not_taken(
    link: Link, pixel6: LabPhone, tmp_path: Path
) -> None:
    path = _file(tmp_path, "model", MB)

    def change(sent: int, total: int) -> None:
        with path.open("r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"?")

    with pytest.raises(PushFailedError, match="its sha256 on the phone is"):
        Store(link).put(path, on_progress=change)
    assert _stored(pixel6) == {}


@pytest.mark.parametrize("how", ["adbd", "cable"])
def test_a_link_that_breaks_leaves_nothing_that_is_taken_for_whole(
    how: str, link: Link, pixel6: LabPhone, tmp_path: Path
) -> None:
    path = _file(tmp_path, "model", 20 * MB)
    broken: list[int] = []

    def break_link(sent: int, total: int) -> None:
        if sent > 10 * MB and not broken:
            broken.append(sent)
            if how == "adbd":
                pixel6.kill_adbd()
            else:
                pixel6.unplug_cable()

    store = Store(link)
    with pytest.raises(LinkLostError, match="push"):
        store.put(path, on_progress=break_link)
    assert all(".part-" in name for name in _stored(pixel6))

    if how == "adbd":
        pixel6.restart_adbd()
    else:
        pixel6.plug_in()
    there = store.put(path)
    assert pixel6.path(there).read_bytes() == path.read_bytes()


def test_a_push_into_a_black_hole_ends(link: Link, pixel6: LabPhone, tmp_path: Path) -> None:
    path = _file(tmp_path, "model", 50 * MB)

    def fall_in(sent: int, total: int) -> None:
        if sent < 100_000:
            pixel6.black_hole(gives_up_after_s=None)

    started = time.monotonic()
    with pytest.raises(LinkLostError, match="no answer in time"):
        Store(link, stall_s=1).put(path, on_progress=fall_in)
    assert time.monotonic() - started < 30


def test_a_leftover_goes_when_it_is_old(link: Link, pixel6: LabPhone, tmp_path: Path) -> None:
    folder = f"{ROOT}/{'ab' * 32}"
    link.check(["mkdir", "-p", folder])
    for name, day in (("a.part-1", "2020-01-01T00:00:00"), ("b.part-2", "2037-01-01T00:00:00")):
        link.check(["touch", "-d", day, f"{folder}/{name}"])
    there = Store(link).put(_file(tmp_path, "model", 10))
    assert set(_stored(pixel6)) == {f"{'ab' * 32}/b.part-2", there.removeprefix(f"{ROOT}/")}


def test_a_full_disk_is_told_before_anything_is_sent(
    link: Link, pixel6: LabPhone, tmp_path: Path
) -> None:
    path = _file(tmp_path, "model", 10 * MB)
    link.check(["mkdir", "-p", ROOT])
    pixel6.fill_disk(leave_bytes=9 * MB)
    sent: list[int] = []
    with pytest.raises(NoRoomError) as caught:
        Store(link).put(path, on_progress=lambda done, total: sent.append(done))
    assert sent == []
    assert caught.value.needed_bytes == 10 * MB
    assert caught.value.free_bytes is not None
    assert abs(caught.value.free_bytes - 9 * MB) < 100_000
    assert _stored(pixel6) == {}


def test_a_disk_that_fills_up_meanwhile_leaves_nothing(
    link: Link, pixel6: LabPhone, tmp_path: Path
) -> None:
    path = _file(tmp_path, "model", 40 * MB)
    filled: list[int] = []

    def fill(sent: int, total: int) -> None:
        if sent > 10 * MB and not filled:
            filled.append(sent)
            pixel6.fill_disk(leave_bytes=MB)

    with pytest.raises(NoRoomError, match="too little"):
        Store(link).put(path, on_progress=fill)
    assert filled
    assert _stored(pixel6) == {}
    pixel6.free_disk()
    there = Store(link).put(path)
    assert pixel6.path(there).stat().st_size == 40 * MB


def test_a_folder_that_cannot_be_written_is_told_with_the_phones_reason(
    link: Link, tmp_path: Path
) -> None:
    with pytest.raises(PhoneError, match=r"[Pp]ermission denied|Read-only"):
        Store(link, root="/system/store").put(_file(tmp_path, "model", 10))


def test_cleaning_removes_what_is_old_and_keeps_what_is_used(
    link: Link, pixel6: LabPhone, tmp_path: Path
) -> None:
    paths = [_file(tmp_path, name, 1000) for name in ("old", "kept", "large", "fresh")]
    old, kept, large, fresh = (Store(link).put(path) for path in paths)
    for path in (old, kept):
        link.check(["touch", "-d", "2020-01-01T00:00:00", path])
    now = int(link.check(["date", "+%s"]))
    link.check(["touch", "-d", f"@{now - 60}", large])

    removed = Store(link).clean(max_age_days=30, max_bytes=2000, keep=[kept])

    assert removed == (old, large)
    assert {f"{ROOT}/{name}" for name in _stored(pixel6)} == {kept, fresh}
    assert not pixel6.path(old).parent.exists()


def test_cleaning_keeps_what_this_session_has_put(link: Link, tmp_path: Path) -> None:
    store = Store(link)
    there = store.put(_file(tmp_path, "model", 1000))
    assert store.clean(max_age_days=0, max_bytes=0) == ()
    assert Store(link).clean(max_age_days=0, max_bytes=0) == (there,)


def test_an_empty_phone_is_clean(link: Link) -> None:
    assert Store(link).clean(max_age_days=0, max_bytes=0) == ()


def test_two_sessions_put_the_same_file_at_once(
    link: Link, pixel6: LabPhone, tmp_path: Path
) -> None:
    path = _file(tmp_path, "model", 5 * MB)
    results: list[str] = []
    threads = [
        threading.Thread(target=lambda: results.append(Store(link).put(path))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    assert set(_stored(pixel6)) == {results[0].removeprefix(f"{ROOT}/")}
