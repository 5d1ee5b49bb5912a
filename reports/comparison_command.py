"""What a comparison compares in words, and the command line that measures it again or continues."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from harness.pairing import CellCases
from harness.plan import Case
from harness.record import RunInfo
from harness.settings import Settings
from reports.cells import visible


def sides_of(cells: Sequence[CellCases]) -> tuple[str, str] | None:
    """What was named as the baseline and as the candidate: a model, a file or a folder of files.

    None where no two words give these cells.
    """
    if not cells:
        return None
    named = [[_named(cell.cases[arm]) for cell in cells] for arm in range(2)]
    if all(len(set(names)) == 1 for names in named):
        return named[0][0], named[1][0]
    folders = [{str(PurePath(name).parent) for name in names} for names in named]
    of_files = all(case.model_file is not None for cell in cells for case in cell.cases)
    if not of_files or any(len(parents) != 1 for parents in folders):
        return None
    return folders[0].pop(), folders[1].pop()


def comparison_command(
    info: RunInfo, cells: Sequence[CellCases], *, max_pairs: int, more: Mapping[str, str | None]
) -> tuple[str, ...]:
    """The line that compares these cells, as pieces that may stand on lines; empty where none does.

    `more` are options beside those of the plan; a flag has no value.
    """
    sides = sides_of(cells)
    if sides is None:
        return ()
    options = {
        "--device": info.device.name,
        "--baseline": sides[0],
        "--candidate": sides[1],
        **_axes(cells),
        "--max-pairs": str(max_pairs),
        **_care(info),
        **_tools(info),
    }
    added = [_join([name] if value is None else [name, value]) for name, value in more.items()]
    return ("mbert-bench ab", *_given(options), *added)


def noise_command(
    info: RunInfo, cells: Sequence[CellCases], *, comparisons: int
) -> tuple[str, ...]:
    """The line that compares the models of these cells with themselves so often."""
    files = dict.fromkeys(cell.baseline.model_file for cell in cells)
    built = dict.fromkeys(c.baseline.model for c in cells if c.baseline.model_file is None)
    named = [_join(["--model-file", file]) for file in files if file is not None]
    if built:
        named.append(_join(["--model", ",".join(built)]))
    own = info.device.kind == "host" and not info.tool.stand_in
    options = {
        **_axes(cells),
        **_care(info),
        "--benchmark-model": info.tool.path if own else None,
        "--comparisons": str(comparisons),
    }
    return ("mbert-bench aa", _join(["--device", info.device.name]), *named, *_given(options))


def resume_command(info: RunInfo, folder: str, cells: Sequence[CellCases]) -> tuple[str, ...]:
    """The line that continues a comparison, which must be given as it was at first.

    Empty where that cannot be told, for example because a folder was named in another way.
    """
    sides = sides_of(cells)
    if sides is None or info.plan.title != f"{sides[1]} against {sides[0]}":
        return ()
    more = {"--out": folder, "--resume": None}
    return comparison_command(info, cells, max_pairs=info.plan.settings.rounds, more=more)


def comparison_title(info: RunInfo, cells: Sequence[CellCases]) -> str:
    """The candidate against the baseline, with as much of their paths as tells them apart."""
    names = list(dict.fromkeys(cell.baseline.pair or cell.baseline.model_id for cell in cells))
    what = names[0] if len(names) == 1 else f"{len(names)} models"
    if all(_same_model(cell) for cell in cells):
        if info.candidate_tool is not None and info.candidate_tool.sha256 != info.tool.sha256:
            return f"{what}: a tool against another build of it"
        return f"{what} against {'itself' if len(names) == 1 else 'themselves'}"
    sides = sides_of(cells)
    if sides is None:
        return info.plan.title
    old, new = _tails(*sides)
    return f"{new} against {old}"


def _named(case: Case) -> str:
    return case.model if case.model_file is None else case.model_file


def _same_model(cell: CellCases) -> bool:
    return _named(cell.baseline) == _named(cell.candidate)


def _axes(cells: Sequence[CellCases]) -> dict[str, str | None]:
    """Each axis with its values in the plan's order; a file has no task, length or quantization."""
    names = {
        "task": "--task",
        "sequence_length": "--seq-len",
        "quantization": "--quantization",
        "delegate": "--delegate",
        "threads": "--threads",
        "cpus": "--cpus",
    }
    found: dict[str, str | None] = {}
    for axis, option in names.items():
        values = dict.fromkeys(getattr(cell.baseline, axis) for cell in cells)
        known = [str(value) for value in values if value is not None]
        found[option] = ",".join(known) or None
    return found


def _care(info: RunInfo) -> dict[str, str | None]:
    settings = info.plan.settings
    return {
        "--num-runs": _unless_default(settings.num_runs, Settings.num_runs),
        "--seed": _unless_default(settings.seed, Settings.seed),
        "--allow": ",".join(settings.allow) or None,
    }


def _given(options: Mapping[str, str | None]) -> list[str]:
    return [_join([name, value]) for name, value in options.items() if value is not None]


def _tools(info: RunInfo) -> dict[str, str | None]:
    """The stand-in is the host's own, the official build a phone's; other tools are named."""
    other = info.candidate_tool
    own = not info.tool.stand_in and (info.device.kind == "host" or other is not None)
    return {
        "--baseline-tool": info.tool.path if own else None,
        "--candidate-tool": other.path if other is not None else None,
    }


def _unless_default(value: int, default: int) -> str | None:
    return None if value == default else str(value)


def _tails(old: str, new: str) -> tuple[str, str]:
    """The ends of two paths from the folder on in which they differ."""
    parts = [PurePath(text).parts or (text,) for text in (old, new)]
    count = 1
    while count < max(map(len, parts)) and parts[0][-count:] == parts[1][-count:]:
        count += 1
    tails = ["/".join(piece[-count:]).replace("//", "/") for piece in parts]
    return tails[0], tails[1]


def _join(words: list[str]) -> str:
    return visible(shlex.join(words))
