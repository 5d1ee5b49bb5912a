from __future__ import annotations

import pytest

from android_runner.store_entries import (
    Entry,
    choose_leftovers,
    choose_old,
    parse_entries,
    parse_free_bytes,
    store_name,
)

ROOT = "/data/local/tmp/mbert-bench/store"
SHA = "0123456789abcdef" * 4


def _entry(name: str, *, size_bytes: int = 10, used_s: int = 1000) -> Entry:
    return Entry(path=f"{ROOT}/{SHA}/{name}", size_bytes=size_bytes, used_s=used_s)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("benchmark_model", "benchmark_model"),
        ("mobile bert.tflite", "mobile_bert.tflite"),
        ("$(rm -rf).tflite", "__rm_-rf_.tflite"),
        ('it\'s\n"x".so', "it_s__x_.so"),
        (".hidden", "_hidden"),
        ("größe", "gr__e"),
        ("a.part-1", "a_part-1"),
        ("x" * 200 + ".tflite", "x" * 93 + ".tflite"),
        ("", "_"),
    ],
)
def test_a_name_in_the_store_means_nothing_to_a_shell(name: str, expected: str) -> None:
    assert store_name(name) == expected


@pytest.mark.parametrize("name", ["a.tflite", ".part-", "..", "x.part-.part-y", "ä"])
def test_a_name_in_the_store_is_found_again_and_is_no_part(name: str) -> None:
    line = f"1000 10 {ROOT}/{SHA}/{store_name(name)}\n"
    [entry] = parse_entries(line, ROOT)
    assert entry == _entry(store_name(name))
    assert not entry.is_part


@pytest.mark.parametrize(
    "line",
    [
        f"1000 10 {ROOT}/{SHA[:-1]}/a",
        f"1000 10 /elsewhere/{SHA}/a",
        f"1000 10 {ROOT}/{SHA}/a b",
        f"1000 10 {ROOT}/{SHA}/*",
        f"1000 10 {ROOT}/{SHA}",
        f"-5 10 {ROOT}/{SHA}/a",
        "stat: permission denied",
        "",
    ],
)
def test_what_is_not_ours_is_no_entry(line: str) -> None:
    assert parse_entries(line, ROOT) == ()


@pytest.mark.parametrize(
    ("df", "expected"),
    [
        (
            "Filesystem     1K-blocks     Used Available Use% Mounted on\n"
            "/dev/block/dm-8 114477040 20561180  93784788  18% /data\n",
            93784788 * 1024,
        ),
        (
            "Filesystem 1024-blocks Used Available Capacity Mounted on\n"
            "/dev/block/a/very/long/name\n           100 40 60 40% /data/user/0\n",
            60 * 1024,
        ),
        ("tmpfs 16384 16384 0 100% /data\n", 0),
        ("Filesystem     1K-blo", None),
        ("df: /data: Permission denied", None),
        ("", None),
    ],
)
def test_free_space_is_read_from_df(df: str, expected: int | None) -> None:
    assert parse_free_bytes(df) == expected


def test_only_parts_that_nobody_sends_any_more_are_leftovers() -> None:
    old = _entry("a.part-1", used_s=1000)
    entries = [old, _entry("b.part-2", used_s=4000), _entry("c", used_s=1000)]
    assert choose_leftovers(entries, now_s=5000) == (old,)


def _choose(entries: list[Entry], *, max_bytes: int = 1000, keep: tuple[str, ...] = ()) -> set[str]:
    chosen = choose_old(entries, now_s=5000, max_age_s=1000, max_bytes=max_bytes, keep=keep)
    return {entry.path.rpartition("/")[2] for entry in chosen}


def test_what_was_not_used_for_long_goes() -> None:
    entries = [_entry("old", used_s=3999), _entry("new", used_s=4000)]
    assert _choose(entries) == {"old"}


def test_the_longest_unused_go_until_the_rest_is_small_enough() -> None:
    entries = [_entry(str(second), used_s=second) for second in (4400, 4100, 4300, 4200)]
    assert _choose(entries, max_bytes=20) == {"4100", "4200"}


def test_what_is_kept_and_what_is_on_its_way_stays() -> None:
    kept = _entry("kept", used_s=1)
    entries = [
        kept,
        _entry("x.part-1", used_s=1),
        _entry("old", used_s=1),
        _entry("new", used_s=4999),
    ]
    assert _choose(entries, max_bytes=15, keep=(kept.path,)) == {"old", "new"}
