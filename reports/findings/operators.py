"""Operator times by graph: the slowest types, and what is left of them in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.measurement import OperatorTime

MOST_TYPES = 12


@dataclass(frozen=True, kw_only=True)
class OperatorGroup:
    """The operator types of one graph, slowest first; `rest` adds up those that are not `shown`.

    Graphs must not be added up: a `DELEGATE` node of one contains what runs in another.
    """

    graph: str
    shown: tuple[OperatorTime, ...]
    rest: OperatorTime | None

    @property
    def lines(self) -> tuple[OperatorTime, ...]:
        """The shown types, and the rest where there is one."""
        return self.shown if self.rest is None else (*self.shown, self.rest)


def group_operators(
    operators: Sequence[OperatorTime], most: int = MOST_TYPES
) -> tuple[OperatorGroup, ...]:
    """The graphs in the order of the tool, each with at most so many types and a rest."""
    graphs: dict[str, list[OperatorTime]] = {}
    for operator in operators:
        graphs.setdefault(operator.graph, []).append(operator)
    return tuple(_group(graph, mine, most) for graph, mine in graphs.items())


def time_text(operator: OperatorTime) -> str:
    """Milliseconds, with the three decimals that the tool has."""
    return f"{operator.average_ms:,.3f}"


def share_text(operator: OperatorTime) -> str:
    """Percent of the time of its graph."""
    return f"{operator.share_percent:.1f}"


def _group(graph: str, operators: Sequence[OperatorTime], most: int) -> OperatorGroup:
    slowest = sorted(operators, key=lambda operator: -operator.average_ms)
    # A rest of one type would take as much room as the type itself.
    if len(slowest) <= most + 1:
        return OperatorGroup(graph=graph, shown=tuple(slowest), rest=None)
    left = slowest[most:]
    rest = OperatorTime(
        graph=graph,
        operator=f"{len(left)} other types",
        nodes=sum(operator.nodes for operator in left),
        average_ms=sum(operator.average_ms for operator in left),
        share_percent=sum(operator.share_percent for operator in left),
    )
    return OperatorGroup(graph=graph, shown=tuple(slowest[:most]), rest=rest)
