"""A check of the evidence or of the preflight, and the three verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """In order of gravity."""

    PROVEN = "proven"
    UNPROVEN = "unproven"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was asked for, what was seen of it, and the raw text that shows it."""

    name: str
    requested: str
    observed: str
    verdict: Verdict
    raw: str = ""


@dataclass(frozen=True, kw_only=True)
class PreflightCheck:
    """One thing that must hold before the first invocation, unless its `id` is allowed.

    `id` is kebab-case and stays: people write it after `--allow`. `remedy` helps where it fails.
    """

    id: str
    required: str
    observed: str
    verdict: Verdict
    remedy: str = ""
    allowed: bool = False
