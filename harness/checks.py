"""A check of the evidence, and its three verdicts."""

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
    """One thing that was asked for, and what was seen of it."""

    name: str
    requested: str
    observed: str
    verdict: Verdict
