"""What runs beside each other have in common, and in what they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from harness.record import RunInfo
from reports.cells import NOTHING, one_line
from reports.findings.aligned import AlignedRun, Alignment, identity
from reports.run_names import device_text, run_date, short_hash, tool_text

IN_THE_NOISE = "~"

# Settings that change what an invocation measures, or the state that it finds the device in; the
# others say how often one looks and how long one waits.
_SETTINGS = (
    "num_runs",
    "min_secs",
    "max_secs",
    "warmup_runs",
    "warmup_min_secs",
    "cool_s",
    "band_c",
    "allow",
)
# Beyond so many values the rest is only counted, in sentences.
_NAMED = 6


@dataclass(frozen=True, kw_only=True)
class ConditionRow:
    """One condition, with its value in each run. `differs` is of the whole values, of which only
    the beginning may be shown."""

    name: str
    values: tuple[str, ...]
    differs: bool


def identity_rows(runs: Sequence[AlignedRun]) -> tuple[ConditionRow, ...]:
    """Which runs they are."""
    return (
        ConditionRow(
            name="folder",
            values=tuple(one_line(run.page.result.run.folder.name, 80) for run in runs),
            differs=len({run.page.result.run.folder for run in runs}) > 1,
        ),
        _row("date", runs, run_date),
        _row("plan", runs, lambda info: one_line(info.plan.title, 80)),
    )


def deciding_rows(runs: Sequence[AlignedRun]) -> tuple[ConditionRow, ...]:
    """What makes latencies incomparable where it differs: device, tier and tool."""
    return (
        _row(
            "device",
            runs,
            lambda info: device_text(info.device),
            key=lambda info: identity(info.device),
        ),
        _row("tier", runs, lambda info: one_line(info.device.tier, 20)),
        _row(
            "tool",
            runs,
            lambda info: tool_text(info.tool),
            key=lambda info: (info.tool.stand_in, info.tool.sha256),
        ),
    )


def other_rows(runs: Sequence[AlignedRun]) -> tuple[ConditionRow, ...]:
    """All other conditions that are known in a run: the device's, settings and versions."""
    return tuple(_known([*_hardware_rows(runs), *_software_rows(runs)]))


def model_rows(runs: Sequence[AlignedRun]) -> tuple[ConditionRow, ...]:
    """The hash of each model file that two runs or more have measured; it differs where it is not
    the same in all that have it."""
    names = dict.fromkeys(name for run in runs for name in run.info.models)
    rows = []
    for name in names:
        files = [run.info.models.get(name) for run in runs]
        hashes = [file.sha256 for file in files if file is not None]
        if len(hashes) > 1:
            row = ConditionRow(
                name=one_line(name, 80),
                values=tuple(short_hash(file.sha256 if file else None) for file in files),
                differs=len(set(hashes)) > 1,
            )
            rows.append(row)
    return tuple(rows)


def describe_same(runs: Sequence[AlignedRun]) -> str:
    """One line of what all runs have in common; empty where that is nothing."""
    rows = _known([*deciding_rows(runs), *_system_rows(runs)])
    named = [f"{row.name} {row.values[0]}" for row in rows if not row.differs]
    for what, rows in (
        ("settings that count", _setting_rows(runs)),
        ("versions of software", _known(_version_rows(runs))),
    ):
        same = sum(not row.differs for row in rows)
        if same:
            named.append(f"{same} of {len(rows)} {what}")
    models = model_rows(runs)
    if models:
        same = sum(not row.differs for row in models)
        named.append(f"{same} of {len(models)} model files that they share")
    return f"The same in all: {'; '.join(named)}." if named else ""


def describe_ratios(found: Alignment) -> str:
    """What the ratios are, and when there is `~` instead of one; empty where there is none."""
    first = found.runs[0]
    if not any(case.shared for case in found.cases):
        return "No case is in more than one of these runs."
    if all(run.footing is not None and run.footing.problem for run in found.runs[1:]):
        return ""
    tier = one_line(first.info.device.tier, 20)
    return (
        f"A ratio is a run's latency over that of {first.name}: unpaired, its 95 % interval "
        f"widened by the {found.noise_percent:g} % that two sessions of tier {tier} may differ by "
        f"without a cause. {IN_THE_NOISE}: the interval holds 1, so no difference is shown. The "
        "command ab compares more sharply, in one session."
    )


def warn_of_differences(runs: Sequence[AlignedRun]) -> Iterator[str]:
    """What keeps a difference of latency from being one of the models, the gravest first."""
    first, grave = runs[0], [row for row in deciding_rows(runs) if row.differs]
    if _grave(runs):
        told = "; ".join(f"{row.name}: {_by_value(row, runs)}" for row in grave)
        yield (
            "These latencies are not comparable as if only the model had changed. The runs differ "
            f"in their {_listed([row.name for row in grave])} ({told})."
        )
    problems: dict[str, list[int]] = {}
    for run in runs:
        if run.footing is not None and run.footing.problem:
            problems.setdefault(run.footing.problem, []).append(run.number)
    for problem, numbers in problems.items():
        yield f"No ratio of {_numbered(numbers)} to {first.name}: {problem}."
    between = [run.number for run in runs if run.footing and run.footing.between_devices]
    if between:
        yield f"Ratios of {_numbered(between)} to {first.name} are ratios between two devices."
    # What a device is made of follows from which one it is.
    rows = _software_rows(runs) if _grave(runs) else [*grave, *other_rows(runs)]
    mild = [row.name for row in rows if row.differs]
    if mild:
        yield f"A difference of latency may also come from what else differs: {_some(mild)}."


def _grave(runs: Sequence[AlignedRun]) -> bool:
    return any(
        run.footing is not None and (run.footing.problem or run.footing.between_devices)
        for run in runs
    )


def _by_value(row: ConditionRow, runs: Sequence[AlignedRun]) -> str:
    """Each value with the runs that have it: `T0 in run 1, T2 in runs 2 and 3`."""
    holders: dict[str, list[int]] = {}
    for run, value in zip(runs, row.values, strict=True):
        holders.setdefault(value, []).append(run.number)
    return _some([f"{value} in {_numbered(numbers)}" for value, numbers in holders.items()])


def _numbered(numbers: Sequence[int]) -> str:
    return f"{'run' if len(numbers) == 1 else 'runs'} {_listed([str(n) for n in numbers])}"


def _listed(texts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *others, last = texts
    return f"{', '.join(others)} and {last}" if others else last


def _some(texts: Sequence[str]) -> str:
    more = len(texts) - _NAMED
    return ", ".join(texts[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _hardware_rows(runs: Sequence[AlignedRun]) -> list[ConditionRow]:
    return [
        _row("kind of device", runs, _kind),
        _row("SoC", runs, lambda info: _text(info.device.soc)),
        _row("CPUs", runs, lambda info: str(info.device.cpu_count)),
    ]


def _software_rows(runs: Sequence[AlignedRun]) -> list[ConditionRow]:
    return [*_system_rows(runs), *_setting_rows(runs), *_version_rows(runs)]


def _system_rows(runs: Sequence[AlignedRun]) -> list[ConditionRow]:
    return [
        _row("system", runs, lambda info: _text(info.device.fingerprint)),
        _row("build type", runs, lambda info: _text(info.device.build_type)),
    ]


def _setting_rows(runs: Sequence[AlignedRun]) -> list[ConditionRow]:
    return [_row(f"setting {name}", runs, partial(_setting, name)) for name in _SETTINGS]


def _version_rows(runs: Sequence[AlignedRun]) -> list[ConditionRow]:
    packages = dict.fromkeys(name for run in runs for name in run.info.versions)
    return [
        _row(f"version of {one_line(name, 60)}", runs, partial(_version, name)) for name in packages
    ]


def _known(rows: Sequence[ConditionRow]) -> list[ConditionRow]:
    """Without those that no run tells."""
    return [row for row in rows if set(row.values) != {NOTHING}]


def _row(
    name: str,
    runs: Sequence[AlignedRun],
    value: Callable[[RunInfo], str],
    key: Callable[[RunInfo], object] | None = None,
) -> ConditionRow:
    """`key` is what is compared, where the text to show is only a part of it."""
    return ConditionRow(
        name=name,
        values=tuple(value(run.info) for run in runs),
        differs=len({(key or value)(run.info) for run in runs}) > 1,
    )


def _kind(info: RunInfo) -> str:
    return f"{info.device.kind} (emulator)" if info.device.emulator else info.device.kind


def _setting(name: str, info: RunInfo) -> str:
    value = getattr(info.plan.settings, name)
    return (one_line(", ".join(value)) or NOTHING) if isinstance(value, tuple) else f"{value:g}"


def _version(name: str, info: RunInfo) -> str:
    return _text(info.versions.get(name))


def _text(text: str | None) -> str:
    return one_line(text) if text else NOTHING
