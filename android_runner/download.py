"""A file from the web, with an end to every wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, Full, Queue
from urllib.parse import urlsplit

import requests

from android_runner.tool_errors import FetchFailedError, ToolSourceError

_BLOCK_BYTES = 65_536
_BLOCKS_AHEAD = 16
_POLL_S = 0.2

# Takes a block (it may be empty), with the size of the whole file where the server tells.
Sink = Callable[[bytes, int | None], None]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long to wait: for a connection, for the next bytes, for all; and how much to take."""

    connect_s: float = 10
    read_s: float = 30
    total_s: float = 900
    # The largest official build (with TensorFlow's operators) has some hundred megabytes.
    size_bytes: int = 512 * 1024 * 1024


@dataclass(frozen=True)
class _Block:
    content: bytes
    total_bytes: int | None


def check_url(url: str) -> None:
    """Raises `ToolSourceError` for what no request can be made of; asks nobody."""
    try:
        requests.Request("GET", url).prepare()
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")  # refuses a label of 64 letters
    except ValueError:  # requests' own errors about addresses are ValueErrors, too
        raise ToolSourceError(public_url(url), "it is no address that can be asked") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ToolSourceError(public_url(url), "only http:// and https:// addresses are fetched")


def public_url(url: str) -> str:
    """The address without a user's name and password, for messages and files."""
    scheme, separator, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}{separator}{place.rpartition('@')[2]}{slash}{path}" if separator else url


def download(url: str, limits: Limits, sink: Sink) -> None:
    """Gives the file to `sink`, block by block, following redirects. Raises `FetchFailedError`.

    The work is done on a thread: no time limit of a socket covers a slow name server, or a server
    that sends one byte a second.
    """
    blocks: Queue[_Block | Exception | None] = Queue(maxsize=_BLOCKS_AHEAD)
    stop = threading.Event()

    def put(item: _Block | Exception | None) -> None:
        while not stop.is_set():
            try:
                return blocks.put(item, timeout=_POLL_S)
            except Full:
                continue
        return None

    worker = threading.Thread(target=_work, args=(url, limits, put, stop), daemon=True)
    worker.start()
    try:
        _pass_on(url, limits, blocks, sink)
    finally:
        stop.set()


def _work(
    url: str,
    limits: Limits,
    put: Callable[[_Block | Exception | None], None],
    stop: threading.Event,
) -> None:
    try:
        with (
            requests.Session() as session,
            session.get(
                url,
                stream=True,
                timeout=(limits.connect_s, limits.read_s),
                headers={"Accept-Encoding": "identity", "User-Agent": "mbert-bench"},
            ) as response,
        ):
            _check_response(url, response)
            total_bytes = _length(response)
            put(_Block(b"", total_bytes))  # so that the size is known before the first block
            for content in response.iter_content(_BLOCK_BYTES):
                if stop.is_set():
                    return
                put(_Block(content, total_bytes))
        put(None)
    except Exception as error:  # whatever it is, the other thread must hear of it
        put(error)


def _pass_on(
    url: str, limits: Limits, blocks: Queue[_Block | Exception | None], sink: Sink
) -> None:
    ends_at = time.monotonic() + limits.total_s
    size_bytes = 0
    while True:
        try:
            item = blocks.get(timeout=max(0.001, ends_at - time.monotonic()))
        except Empty:
            raise _late(url, limits) from None
        if item is None:
            return
        if isinstance(item, FetchFailedError):
            raise item
        if isinstance(item, OSError | ValueError):  # all of requests' errors are OSErrors
            raise FetchFailedError(public_url(url), _why(item, limits)) from item
        if isinstance(item, Exception):
            raise item
        if time.monotonic() > ends_at:
            raise _late(url, limits)
        size_bytes += len(item.content)
        if max(size_bytes, item.total_bytes or 0) > limits.size_bytes:
            why = f"it has more than {limits.size_bytes:,} bytes, which no benchmark tool has"
            raise FetchFailedError(public_url(url), why, "Check the address.")
        sink(item.content, item.total_bytes)


def _late(url: str, limits: Limits) -> FetchFailedError:
    return FetchFailedError(public_url(url), f"it was not complete after {limits.total_s:g} s")


def _check_response(url: str, response: requests.Response) -> None:
    hops = [str(hop.url) for hop in (*response.history, response)]
    unsafe = first_unsafe_hop(hops)
    if unsafe is not None:
        why = f"it leads from https to the unprotected {public_url(unsafe)!r}"
        raise FetchFailedError(public_url(url), why)
    if response.status_code != 200:
        why = f"the server answered {response.status_code} {response.reason or ''}".rstrip()
        raise FetchFailedError(public_url(url), why)


def first_unsafe_hop(hops: list[str]) -> str | None:
    """The first http address after an https one: whoever is on the way could change the file."""
    protected = False
    for hop in hops:
        if protected and urlsplit(hop).scheme != "https":
            return hop
        protected = protected or urlsplit(hop).scheme == "https"
    return None


def _length(response: requests.Response) -> int | None:
    """The size that the server announces; iter_content() sees to it that so much comes."""
    text = response.headers.get("Content-Length", "")
    encoded = "Content-Encoding" in response.headers
    return int(text) if text.isascii() and text.isdecimal() and not encoded else None


def _why(error: Exception, limits: Limits) -> str:
    """What went wrong, without the layers that it came through."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return f"no connection within {limits.connect_s:g} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection ended before the file did"
    causes = _causes(error)
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return f"nothing came for {limits.read_s:g} s"
    told = [cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror]
    return told[-1] if told else str(error) or type(error).__name__


def _causes(error: BaseException) -> list[BaseException]:
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)
    return causes
