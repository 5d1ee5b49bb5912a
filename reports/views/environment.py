"""The environment of a run as strings to print: device, tool, plan, versions, model files."""

from __future__ import annotations

from dataclasses import dataclass

from harness.record import RunInfo
from harness.settings import Settings
from harness.summary import RunResult
from reports.cells import NOTHING, one_line

TIERS = {
    "T0": "T0: nothing is controlled",
    "T1": "T1: pinned to known CPUs",
    "T2": "T2: clocks fixed and read back",
}


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A name and its value."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class FactGroup:
    """Facts of one thing of the environment."""

    title: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """One model file."""

    name: str
    size: str
    operators: str
    sha256: str
    file: str


def build_environment(result: RunResult) -> tuple[FactGroup, ...]:
    """What was measured with: device, tool, plan, versions."""
    info = result.run.info
    device, tool = info.device, info.tool
    return (
        _group(
            "Device",
            {
                "kind": device.kind,
                "name": device.name,
                "model": device.model,
                "SoC": device.soc,
                "serial": device.serial,
                "CPUs": device.cpu_count,
                "system": device.fingerprint,
                "tier": TIERS.get(device.tier, device.tier),
                **{_peak_name(n): f"{value:.4g}" for n, value in info.peak_gflops.items()},
                **{
                    f"{_peak_name(n)}, int8": f"{value:.4g}"
                    for n, value in info.peak_int8_gops.items()
                },
                **{f"not held steady ({n})": text for n, text in enumerate(info.notes, start=1)},
            },
        ),
        _group(
            "Tool",
            {
                "path": tool.path,
                "sha256": tool.sha256,
                "build": "stand-in on LiteRT for Python" if tool.stand_in else "not the stand-in",
                "known flags": "not told" if tool.flags is None else len(tool.flags),
            },
        ),
        _group("Plan", {"title": info.plan.title, **_settings(info.plan.settings)}),
        _group("Versions", {name: version for name, version in info.versions.items() if version}),
        _group(
            "Run",
            {"folder": result.run.folder, "created": info.created_at, "schema": info.schema},
        ),
    )


def build_models(info: RunInfo) -> tuple[ModelRow, ...]:
    """The model files of a run."""
    return tuple(
        ModelRow(
            name=one_line(name, 80),
            size=f"{model.size_bytes:,}",
            operators=f"{model.operators:,}",
            sha256=one_line(model.sha256),
            file=one_line(model.file.rpartition("/")[2]),
        )
        for name, model in info.models.items()
    )


def _settings(settings: Settings) -> dict[str, object]:
    """With the names that a plan's [settings] has; what was not asked for is left out."""
    return {
        name: ", ".join(value) if isinstance(value, tuple) else value
        for name, value in vars(settings).items()
        if value is not None and value is not False and value != ()
    }


def _peak_name(threads: int) -> str:
    return f"peak GFLOP/s on {threads} {'thread' if threads == 1 else 'threads'}"


def _group(title: str, facts: dict[str, object]) -> FactGroup:
    rows = (
        Fact(name=one_line(name, 60), value=NOTHING if value is None else one_line(str(value)))
        for name, value in facts.items()
    )
    return FactGroup(title=title, facts=tuple(rows))
