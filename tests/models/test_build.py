"""The cache of built models, with real child processes that build something quicker than a model.

A package `models` put before ours on the child's path stands in for the builder; what it does is
in its `convert.py`. Building with TensorFlow is in test_full_size.py.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import models
from models.build import build_model, build_models, cache_folder, cached_path
from models.catalog import ModelSpec, Quantization, Task
from models.errors import BadSpecError, BuildFailedError

SPEC = ModelSpec(name="mobilebert-tiny", variant="gelu", sequence_length=16, seed=3)

WRITES_ITS_SPEC = """
import os, pathlib, sys, time
with open(os.environ["BUILDS"], "a") as log:
    log.write("build\\n")
time.sleep(0.3)
pathlib.Path(sys.argv[2]).write_text(sys.argv[1])
"""
SPEC_JSON = (
    '{"name":"mobilebert-tiny","variant":"gelu","task":"qa",'
    '"sequence_length":16,"quantization":"fp32","seed":3}'
)


class Builder:
    """Puts a stand-in for the child's work on the path, and counts how often it ran."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._package = folder / "stand-in" / "models"
        self._package.mkdir(parents=True)
        (self._package / "__init__.py").touch()
        self._log = folder / "builds"
        monkeypatch.setenv("BUILDS", str(self._log))
        monkeypatch.setenv("PYTHONPATH", str(self._package.parent))
        self.does(WRITES_ITS_SPEC)

    def does(self, source: str) -> None:
        (self._package / "convert.py").write_text(source)

    @property
    def builds(self) -> int:
        return len(self._log.read_text().splitlines()) if self._log.exists() else 0


@pytest.fixture
def builder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Builder:
    return Builder(tmp_path, monkeypatch)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def files_in(folder: Path) -> list[str]:
    """Names of all files but locks."""
    return sorted(
        path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"
    )


def test_the_child_gets_the_spec_and_its_file_gets_the_specs_name(
    builder: Builder, cache: Path
) -> None:
    path = build_model(SPEC, cache)
    assert path == cached_path(SPEC, cache)
    assert path.name == "mobilebert-tiny@gelu-qa-seq16-fp32.tflite"
    assert path.read_text() == SPEC_JSON
    assert files_in(cache) == [path.name]


def test_what_is_in_the_cache_is_not_built_again(builder: Builder, cache: Path) -> None:
    first = build_model(SPEC, cache)
    before = first.stat()
    second = build_model(SPEC, cache)
    after = second.stat()
    assert second == first
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    assert builder.builds == 1


def test_what_was_deleted_is_built_again(builder: Builder, cache: Path) -> None:
    build_model(SPEC, cache).unlink()
    assert build_model(SPEC, cache).exists()
    assert builder.builds == 2


@pytest.mark.parametrize(
    "other",
    [
        {"name": "mobilebert"},
        {"variant": "layernorm"},
        {"task": Task.ENCODER},
        {"sequence_length": 17},
        {"quantization": Quantization.FP16},
        {"seed": 4},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_part_of_the_spec_has_its_own_place(other: dict[str, object], cache: Path) -> None:
    changed = dataclasses.replace(SPEC, **other)  # type: ignore[arg-type]  # values of any type
    assert cached_path(changed, cache).parent != cached_path(SPEC, cache).parent


def test_the_place_depends_on_the_text_of_every_module_that_the_child_imports(
    tmp_path: Path,
) -> None:
    copy = tmp_path / "models"
    shutil.copytree(Path(models.__file__).parent, copy, ignore=shutil.ignore_patterns("__py*"))
    script = """
import sys
from pathlib import Path
import models.checkpoint  # which the child imports where there is one
import models.convert
folder = Path(models.__file__).parent
imported = {name.partition(".")[2] for name in sys.modules if name.startswith("models.")}
builder = imported - {"errors"}  # these have no say in the bytes of a file
from models.build import cached_path
from models.catalog import ModelSpec
spec, cache = ModelSpec(name="bert-base"), Path()
before = cached_path(spec, cache)
for path in sorted(folder.glob("*.py")):
    text = path.read_text()
    path.write_text(text + "#")
    changed = cached_path(spec, cache) != before
    path.write_text(text)
    if changed != (path.stem in builder):
        print(path.stem)
print(cached_path(spec, cache) == before, len(builder) > 5, folder)
"""
    process = subprocess.run(
        [sys.executable, "-P", "-c", script],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert process.stdout == f"True True {copy}\n"


def test_a_failing_child_is_reported_with_its_last_words_and_leaves_nothing(
    builder: Builder, cache: Path
) -> None:
    builder.does(
        "import pathlib, sys\n"
        "pathlib.Path(sys.argv[2]).write_text('half a file')\n"
        "print('1\\n2\\n3\\n4\\n5\\n6', file=sys.stderr)\n"
        "sys.exit(9)\n"
    )
    with pytest.raises(BuildFailedError) as caught:
        build_model(SPEC, cache)
    assert str(caught.value) == (
        "Building mobilebert-tiny@gelu-qa-seq16-fp32 failed (exit code 9):\n2\n3\n4\n5\n6"
    )
    assert caught.value.exit_code == 3
    assert files_in(cache) == []


def test_after_a_failure_the_next_build_works(builder: Builder, cache: Path) -> None:
    builder.does("raise SystemExit(1)")
    with pytest.raises(BuildFailedError, match="it printed nothing"):
        build_model(SPEC, cache)
    builder.does(WRITES_ITS_SPEC)
    assert build_model(SPEC, cache).read_text() == SPEC_JSON


def test_a_killed_child_is_reported_as_killed_and_leaves_nothing(
    builder: Builder, cache: Path
) -> None:
    builder.does(
        "import os, pathlib, signal, sys\n"
        "pathlib.Path(sys.argv[2]).write_text('half a file')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    with pytest.raises(BuildFailedError, match=r"ended by signal 9; is there enough memory\?"):
        build_model(SPEC, cache)
    assert files_in(cache) == []


def test_a_child_that_writes_nothing_is_a_failure(builder: Builder, cache: Path) -> None:
    builder.does("")
    with pytest.raises(BuildFailedError, match="No such file or directory"):
        build_model(SPEC, cache)
    assert files_in(cache) == []


def test_a_child_that_says_no_utf_8_is_reported_all_the_same(builder: Builder, cache: Path) -> None:
    builder.does("import sys\nsys.stderr.buffer.write(b'caf\\xe9\\n')\nsys.exit(1)\n")
    with pytest.raises(BuildFailedError, match="caf"):
        build_model(SPEC, cache)


def test_a_broken_tensorflow_is_reported_by_its_own_words(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tensorflow.py").write_text("raise ImportError('libdnnl.so.3: not found')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(BuildFailedError, match=r"ImportError: libdnnl\.so\.3: not found"):
        build_model(SPEC, cache)
    assert files_in(cache) == []


def test_a_cache_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    with pytest.raises(BuildFailedError) as caught:
        build_model(SPEC, in_the_way)
    assert str(caught.value).startswith(
        "Building mobilebert-tiny@gelu-qa-seq16-fp32 failed "
        f"(cannot write to {str(in_the_way)!r}):\n[Errno 20] Not a directory"
    )


def test_a_bad_size_is_refused_before_anything_is_made(builder: Builder, cache: Path) -> None:
    with pytest.raises(BadSpecError):
        build_model(dataclasses.replace(SPEC, sequence_length=513), cache)
    assert not cache.exists()
    assert builder.builds == 0


def test_a_folder_named_models_where_the_command_runs_is_not_taken_for_ours(
    builder: Builder, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "models").mkdir(parents=True)
    (elsewhere / "models" / "__init__.py").write_text("raise ImportError('not ours')\n")
    monkeypatch.chdir(elsewhere)
    assert build_model(SPEC, cache).read_text() == SPEC_JSON


BUILD = """
import sys
sys.path.insert(0, sys.argv[1])  # our models, before the stand-in of the children
from pathlib import Path
from models.build import build_model
from models.catalog import ModelSpec
spec = ModelSpec(name="mobilebert-tiny", variant="gelu", sequence_length=16, seed=3)
print(build_model(spec, Path(sys.argv[2])))
"""


def test_processes_that_want_the_same_model_at_once_build_it_once(
    builder: Builder, cache: Path
) -> None:
    argv = [sys.executable, "-c", BUILD, str(Path(models.__file__).parents[1]), str(cache)]
    processes = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    path = cached_path(SPEC, cache)
    assert outputs == [f"{path}\n"] * 3
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert path.read_text() == SPEC_JSON
    assert files_in(cache) == [path.name]
    assert builder.builds == 1


def test_the_cache_is_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MBERT_BENCH_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path


@pytest.mark.parametrize("value", ["", None])
def test_without_the_variable_the_cache_is_the_users(
    value: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("MBERT_BENCH_CACHE", raising=False)
    if value is not None:
        monkeypatch.setenv("MBERT_BENCH_CACHE", value)
    assert cache_folder().name == "mbert-bench"
    if sys.platform == "linux":
        assert cache_folder() == tmp_path / "mbert-bench"


LENGTHS = [dataclasses.replace(SPEC, sequence_length=length) for length in (8, 16, 32)]

WRITES_EACH_SPEC = """
import os, pathlib, sys
with open(os.environ["BUILDS"], "a") as log:
    log.write("build\\n")
for spec, path in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
    pathlib.Path(path).write_text(spec)
"""


def test_lengths_are_built_by_one_child(builder: Builder, cache: Path) -> None:
    builder.does(WRITES_EACH_SPEC)
    paths = build_models(LENGTHS, cache)
    assert paths == [cached_path(spec, cache) for spec in LENGTHS]
    assert [path.read_text() for path in paths] == [
        SPEC_JSON.replace(":16", f":{spec.sequence_length}") for spec in LENGTHS
    ]
    assert builder.builds == 1
    assert build_models(LENGTHS, cache) == paths
    assert builder.builds == 1


def test_only_the_lengths_that_lack_are_built(builder: Builder, cache: Path) -> None:
    builder.does(WRITES_EACH_SPEC)
    kept = build_model(LENGTHS[1], cache).stat().st_ino
    paths = build_models(LENGTHS, cache)
    assert [path.exists() for path in paths] == [True] * 3
    assert paths[1].stat().st_ino == kept


def test_of_lengths_that_cannot_all_be_built_nothing_is_left(builder: Builder, cache: Path) -> None:
    builder.does(f"{WRITES_EACH_SPEC}\nsys.exit(9)\n")
    with pytest.raises(BuildFailedError) as caught:
        build_models(LENGTHS, cache)
    assert str(caught.value) == (
        "Building mobilebert-tiny@gelu-qa-seq8-fp32 and 2 other lengths failed (exit code 9):\n"
        "(it printed nothing)"
    )
    assert files_in(cache) == []
