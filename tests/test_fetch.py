from __future__ import annotations

import hashlib
import json
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from elf_files import ANDROID_TOOL, Elf

from android_runner.download import Limits, first_unsafe_hop
from android_runner.errors import DeviceError
from android_runner.fetch import OFFICIAL_ABIS, fetch_tool, official_url
from android_runner.tool_errors import (
    BinaryError,
    FetchFailedError,
    HashMismatchError,
    ToolNotFoundError,
    ToolSourceError,
)

OTHER_TOOL = Elf(ndk="r27", filler=bytes(5000)).content()
QUICK = Limits(connect_s=2, read_s=0.3, total_s=5)

Answer = Callable[[BaseHTTPRequestHandler], object]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def body(
    content: bytes, *, length: int | None = None, headers: dict[str, str] | None = None
) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content) if length is None else length))
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def redirect(to: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", to)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@dataclass
class Web:
    """A server on this machine; `pages` says how each path (or `*`) is answered."""

    address: str
    over: threading.Event
    pages: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, answer: Answer, path: str = "/benchmark_model") -> str:
        self.pages[path] = answer
        return self.address + path

    def drips(self, first: bytes, drop: bytes) -> Answer:
        """Answers with a byte now and then, as long as the test runs."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(first)
            while not self.over.wait(0.05):
                handler.wfile.write(drop)

        return answer


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.asked.append(self.path)
            self.close_connection = True
            try:
                answer = here.pages.get(self.path) or here.pages.get("*")
                if answer is None:
                    self.send_error(404)
                else:
                    answer(self)
            except OSError:  # the client had enough
                pass

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = Web(address=f"http://127.0.0.1:{server.server_port}", over=threading.Event())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield here
    here.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


def leftovers(cache: Path) -> list[str]:
    """The files of the cache but its lock."""
    files = (path for path in cache.rglob("*") if path.is_file() and path.name != ".lock")
    return sorted(str(path.relative_to(cache)) for path in files)


def sidecar(cache: Path, content: bytes) -> dict[str, Any]:
    path = cache / "tools" / sha256(content) / "benchmark_model.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def test_keeps_what_it_fetched_by_its_hash_and_notes_where_it_came_from(
    web: Web, tmp_path: Path
) -> None:
    url = web.put(body(ANDROID_TOOL))
    seen: list[tuple[int, int | None]] = []

    tool = fetch_tool(url, tmp_path, on_progress=lambda done, total: seen.append((done, total)))

    assert tool.path == tmp_path / "tools" / sha256(ANDROID_TOOL) / "benchmark_model"
    assert tool.path.read_bytes() == ANDROID_TOOL
    assert tool.path.stat().st_mode & 0o777 == 0o755
    assert (tool.sha256, tool.size_bytes, tool.source, tool.downloaded, tool.warnings) == (
        sha256(ANDROID_TOOL), len(ANDROID_TOOL), url, True, (),
    )  # fmt: skip
    assert sidecar(tmp_path, ANDROID_TOOL) == {
        "schema": 1,
        "sha256": tool.sha256,
        "size_bytes": tool.size_bytes,
        "fetches": [{"source": url, "at": tool.fetched_at}],
    }
    assert seen[0] == (0, len(ANDROID_TOOL))
    assert seen[-1] == (len(ANDROID_TOOL), len(ANDROID_TOOL))
    assert seen == sorted(seen)
    assert leftovers(tmp_path) == [
        f"tools/{tool.sha256}/benchmark_model", f"tools/{tool.sha256}/benchmark_model.json",
    ]  # fmt: skip


def test_asks_nobody_for_a_hash_that_the_cache_has(web: Web, tmp_path: Path) -> None:
    url = web.put(body(ANDROID_TOOL))
    first = fetch_tool(url, tmp_path)
    web.asked.clear()

    again = fetch_tool(url, tmp_path, sha256=first.sha256.upper())

    assert web.asked == []
    assert (again.path, again.downloaded, again.fetched_at, again.source) == (
        first.path, False, first.fetched_at, url,
    )  # fmt: skip


def test_fetches_again_what_was_changed_in_the_cache(web: Web, tmp_path: Path) -> None:
    url = web.put(body(ANDROID_TOOL))
    first = fetch_tool(url, tmp_path)
    first.path.write_bytes(b"changed")
    first.path.with_suffix(".json").write_bytes(b'{"sha256": [')

    again = fetch_tool(url, tmp_path, sha256=first.sha256)

    assert again.downloaded
    assert again.path.read_bytes() == ANDROID_TOOL
    assert len(sidecar(tmp_path, ANDROID_TOOL)["fetches"]) == 1


def test_warns_when_an_address_gives_another_build_than_before(web: Web, tmp_path: Path) -> None:
    url = web.put(body(ANDROID_TOOL))
    first = fetch_tool(url, tmp_path)
    web.put(body(OTHER_TOOL))

    second = fetch_tool(url, tmp_path)
    third = fetch_tool(url, tmp_path)
    web.put(body(ANDROID_TOOL))
    fourth = fetch_tool(url, tmp_path)

    (warning,) = second.warnings
    assert first.sha256 in warning
    assert str(first.fetched_at)[:10] in warning
    assert third.warnings == ()
    assert [second.sha256 in text for text in fourth.warnings] == [True]
    assert first.path.read_bytes() == ANDROID_TOOL
    assert second.path.read_bytes() == OTHER_TOOL
    assert len(sidecar(tmp_path, ANDROID_TOOL)["fetches"]) == 2


def test_another_address_is_no_change(web: Web, tmp_path: Path) -> None:
    fetch_tool(web.put(body(ANDROID_TOOL)), tmp_path)

    assert fetch_tool(web.put(body(OTHER_TOOL), "/other"), tmp_path).warnings == ()


def test_follows_redirects(web: Web, tmp_path: Path) -> None:
    web.put(body(ANDROID_TOOL), "/there")
    url = web.put(redirect("/there"))

    tool = fetch_tool(url, tmp_path)

    assert (tool.sha256, tool.source) == (sha256(ANDROID_TOOL), url)
    assert web.asked == ["/benchmark_model", "/there"]


@pytest.mark.parametrize("to", ["/benchmark_model", "ftp://127.0.0.1/tool", "file:///bin/sh"])
def test_follows_no_redirect_in_a_circle_or_to_another_protocol(
    web: Web, tmp_path: Path, to: str
) -> None:
    with pytest.raises(FetchFailedError):
        fetch_tool(web.put(redirect(to)), tmp_path)

    assert leftovers(tmp_path) == []


def test_a_protected_address_may_not_lead_to_an_unprotected_one() -> None:
    assert first_unsafe_hop(["https://a/", "https://b/", "http://c/", "https://d/"]) == "http://c/"
    assert first_unsafe_hop(["http://a/", "https://b/"]) is None


def test_refuses_another_file_than_the_one_asked_for(web: Web, tmp_path: Path) -> None:
    with pytest.raises(HashMismatchError) as refused:
        fetch_tool(web.put(body(OTHER_TOOL)), tmp_path, sha256=sha256(ANDROID_TOOL))

    assert refused.value.exit_code == 2
    assert sha256(ANDROID_TOOL) in str(refused.value)
    assert sha256(OTHER_TOOL) in str(refused.value)
    assert leftovers(tmp_path) == []


def refuses(handler: BaseHTTPRequestHandler) -> None:
    handler.send_error(403, "Go away")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda handler: handler.send_error(404), "the server answered 404 Not Found"),
        (refuses, "the server answered 403 Go away"),
        (body(ANDROID_TOOL[:3000], length=len(ANDROID_TOOL)), "the connection ended before"),
        (body(ANDROID_TOOL[:-1]), "what came is no program: it is cut short"),
        (body(b"<!DOCTYPE html>log in"), "what came is no program: it is neither"),
        (body(b""), "what came is no program: it is empty"),
        (lambda handler: None, "without response"),
        (lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH_9\r\n"), "BadStatusLine"),
        (body(b"not gzip", headers={"Content-Encoding": "gzip"}), "failed to decode"),
    ],
)
def test_a_failed_download_says_why_and_leaves_nothing(
    web: Web, tmp_path: Path, answer: Answer, why: str
) -> None:
    url = web.put(answer)

    with pytest.raises(FetchFailedError) as failed:
        fetch_tool(url, tmp_path, limits=QUICK)

    assert why in str(failed.value)
    assert repr(url) in str(failed.value)
    assert "download it yourself and pass the path" in str(failed.value)
    assert failed.value.exit_code == 3
    assert leftovers(tmp_path) == []


def test_a_failed_download_keeps_the_copy_of_before(web: Web, tmp_path: Path) -> None:
    url = web.put(body(ANDROID_TOOL))
    tool = fetch_tool(url, tmp_path)
    web.put(body(ANDROID_TOOL[:3000], length=len(ANDROID_TOOL)))

    with pytest.raises(FetchFailedError):
        fetch_tool(url, tmp_path)

    assert tool.path.read_bytes() == ANDROID_TOOL


def hangs(web: Web) -> Answer:
    return lambda _handler: bool(web.over.wait())


@pytest.mark.parametrize(
    ("answer", "limits", "why"),
    [
        (hangs, QUICK, "nothing came for 0.3 s"),
        (lambda web: web.drips(b"HTTP/1.0 200 OK\r\n\r\n", b""), QUICK, "nothing came for 0.3 s"),
        # A byte now and then keeps any socket awake, in the body as in the head.
        (lambda web: web.drips(b"HTTP/1.0 200 OK\r\n\r\n", b"x"), Limits(total_s=0.6),
         "it was not complete after 0.6 s"),
        (lambda web: web.drips(b"HTTP/1.0 200 OK\r\nX: ", b"x"), Limits(total_s=0.6),
         "it was not complete after 0.6 s"),
        (lambda web: web.drips(b"HTTP/1.0 200 OK\r\n\r\n", b"x" * 100_000), Limits(total_s=0.6),
         "it was not complete after 0.6 s"),
    ],
)  # fmt: skip
def test_waits_for_no_server_longer_than_it_should(
    web: Web, tmp_path: Path, answer: Callable[[Web], Answer], limits: Limits, why: str
) -> None:
    started = time.monotonic()

    with pytest.raises(FetchFailedError, match=why):
        fetch_tool(web.put(answer(web)), tmp_path, limits=limits)

    assert time.monotonic() - started < 30
    assert leftovers(tmp_path) == []


def test_ends_in_time_also_where_there_is_always_more(web: Web, tmp_path: Path) -> None:
    url = web.put(body(b"\x7fELF" + bytes(20_000_000)))

    with pytest.raises(FetchFailedError, match=r"not complete after 0\.3 s"):
        fetch_tool(
            url,
            tmp_path,
            limits=Limits(total_s=0.3),
            on_progress=lambda _done, _all: time.sleep(0.02),
        )


def test_says_that_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # and does not listen
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}/tool"
        with pytest.raises(FetchFailedError, match=": Connection refused"):
            fetch_tool(url, tmp_path)


@pytest.mark.parametrize("announced", [True, False])
def test_takes_no_more_than_a_tool_can_have(web: Web, tmp_path: Path, announced: bool) -> None:
    endless = web.drips(b"HTTP/1.0 200 OK\r\n\r\n", b"x" * 70_000)
    answer = body(b"\x7fELF", length=10**15) if announced else endless

    with pytest.raises(FetchFailedError, match="more than 5,000 bytes"):
        fetch_tool(web.put(answer), tmp_path, limits=Limits(size_bytes=5000))

    assert leftovers(tmp_path) == []


def test_a_full_disk_leaves_nothing_and_says_where_to_make_room(web: Web, tmp_path: Path) -> None:
    url = web.put(body(ANDROID_TOOL))
    _, hard = before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(FetchFailedError) as failed:
            fetch_tool(url, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert f"cannot write to '{tmp_path / 'tools'}': File too large" in str(failed.value)
    assert "MBERT_BENCH_CACHE" in str(failed.value)
    assert leftovers(tmp_path) == []


def test_says_that_the_cache_is_no_folder(web: Web, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.write_text("a file", encoding="utf-8")

    with pytest.raises(FetchFailedError, match=r"cannot write to .*: Not a directory"):
        fetch_tool(web.put(body(ANDROID_TOOL)), cache)


def test_an_interrupted_download_leaves_nothing(web: Web, tmp_path: Path) -> None:
    def interrupt(_done: int, _total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_tool(web.put(body(ANDROID_TOOL)), tmp_path, on_progress=interrupt)

    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd",
        "/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/a%00b",
        "/name%0Awith%0Alines",
        "/" + "long" * 500,
        "/.lock",
        "/?response-content-disposition=filename%3D..%2Fevil",
    ],
)
def test_no_name_in_an_address_decides_where_a_file_goes(
    web: Web, tmp_path: Path, path: str
) -> None:
    answer = body(ANDROID_TOOL, headers={"Content-Disposition": 'attachment; filename="../evil"'})
    web.put(answer, "*")

    tool = fetch_tool(web.address + path, tmp_path / "cache")

    assert leftovers(tmp_path) == [
        f"cache/tools/{tool.sha256}/benchmark_model",
        f"cache/tools/{tool.sha256}/benchmark_model.json",
    ]


def test_keeps_no_password(web: Web, tmp_path: Path) -> None:
    url = web.put(body(ANDROID_TOOL))
    secret = url.replace("http://", "http://me:hunter2@")

    tool = fetch_tool(secret, tmp_path)
    with pytest.raises(FetchFailedError) as failed:
        fetch_tool(secret + "/absent", tmp_path)

    assert tool.source == url
    assert "hunter2" not in tool.path.with_suffix(".json").read_text(encoding="utf-8")
    assert "hunter2" not in str(failed.value)


@pytest.mark.parametrize(
    "source",
    [
        "ftp://example.org/tool", "file:///bin/sh", "://", "http://", "http:///tool", "https://[::1",
        "http://example.org:port/tool", "HTTPX://example.org", f"http://{'a' * 70}.org/",
        "http://user:hunter2@/tool",
    ],
)  # fmt: skip
def test_refuses_what_is_no_web_address(tmp_path: Path, source: str) -> None:
    with pytest.raises(ToolSourceError) as refused:
        fetch_tool(source, tmp_path)

    assert refused.value.exit_code == 2
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "abc", "g" * 64, "0" * 63, "0" * 65, "../" * 21 + "0"])
def test_refuses_what_is_no_hash(tmp_path: Path, text: str) -> None:
    with pytest.raises(ToolSourceError, match="64 hexadecimal digits"):
        fetch_tool("https://example.org/tool", tmp_path, sha256=text)


def test_keeps_a_file_that_the_user_downloaded(tmp_path: Path) -> None:
    file = tmp_path / "downloaded"
    file.write_bytes(ANDROID_TOOL)
    first = fetch_tool(str(file), tmp_path / "cache", sha256=sha256(ANDROID_TOOL))
    file.write_bytes(OTHER_TOOL)

    second = fetch_tool(str(file), tmp_path / "cache")

    assert first.path.read_bytes() == ANDROID_TOOL
    assert second.path.read_bytes() == OTHER_TOOL
    assert second.source == str(file)
    assert second.warnings == ()


def test_a_hash_vouches_for_a_file_of_any_kind(tmp_path: Path) -> None:
    file = tmp_path / "tool.py"
    file.write_bytes(b"print()")

    tool = fetch_tool(str(file), tmp_path / "cache", sha256=sha256(b"print()"))

    assert tool.path.read_bytes() == b"print()"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("absent", ToolNotFoundError),
        ("folder", ToolNotFoundError),
        ("a\0b", ToolNotFoundError),
        ("n" * 5000, ToolNotFoundError),
        ("page.html", BinaryError),
        ("half", BinaryError),
    ],
)
def test_refuses_a_file_that_is_no_tool(
    tmp_path: Path, name: str, error: type[DeviceError]
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "page.html").write_text("<html>", encoding="utf-8")
    (tmp_path / "half").write_bytes(ANDROID_TOOL[:5000])

    with pytest.raises(error):
        fetch_tool(str(tmp_path / name), tmp_path / "cache")

    assert leftovers(tmp_path / "cache") == []


def test_two_fetches_at_once_both_get_the_tool(web: Web, tmp_path: Path) -> None:
    url = web.put(body(ANDROID_TOOL))
    threads = [threading.Thread(target=fetch_tool, args=(url, tmp_path)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(sidecar(tmp_path, ANDROID_TOOL)["fetches"]) == 4
    assert len(leftovers(tmp_path)) == 2


def test_knows_the_documented_address_of_each_build() -> None:
    names = [official_url(abi).rpartition("/")[2] for abi in OFFICIAL_ABIS]

    assert names == [
        "android_aarch64_benchmark_model",
        "android_arm_benchmark_model",
        "linux_x86-64_benchmark_model",
        "linux_aarch64_benchmark_model",
    ]
    assert official_url("arm64-v8a").startswith("https://storage.googleapis.com/tensorflow-nightly")


@pytest.mark.parametrize("abi", ["x86_64", "x86", "darwin-arm64", ""])
def test_says_for_which_abis_there_is_a_build(abi: str) -> None:
    with pytest.raises(ToolSourceError, match="official builds for arm64-v8a, armeabi-v7a, linux"):
        official_url(abi)
