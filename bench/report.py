"""Figures, goals, and how they are shown."""

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.chart import chart

OUTPUT = Path("bench-output")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    Attributes:
        name: what was measured.
        ours, limit: the server's figure and the plain program's, in `unit`, each the median of its own.
        ratio: ours as a part of the limit for rates, the limit as a part of ours for times, so that 1 is the
            limit and less is slower, the median of those that were measured in turns; for figures without a limit,
            ours.
        goal: what the ratio is to be at least; at most for figures without a limit.
    """

    name: str
    unit: str
    ours: float
    limit: float | None
    ratio: float
    goal: float

    @property
    def reached(self) -> bool:
        """Whether the goal is reached."""
        return self.ratio >= self.goal if self.limit is not None else self.ratio <= self.goal


@dataclass(frozen=True, slots=True)
class Pair:
    """The same thing measured at the server and right beside it at the plain program; rates, or seconds."""

    ours: float
    limit: float


def in_turns(rounds: int, ours: Callable[[], float], limit: Callable[[], float]) -> list[Pair]:
    """Measure both in turns, the limit first."""
    return [Pair(limit=limit(), ours=ours()) for _ in range(rounds)]


def rate(name: str, pairs: Sequence[Pair], goal: float) -> Figure:
    """Return a figure whose unit is a rate: more is better.

    The ratio is the median of the pairs' ratios: what slows the machine down for a while slows both of a pair.
    """
    ours, limit = _medians(pairs)
    return Figure(name, "1/s", ours, limit, statistics.median(pair.ours / pair.limit for pair in pairs), goal)


def duration(name: str, pairs: Sequence[Pair], goal: float) -> Figure:
    """Return a figure whose unit is milliseconds: less is better; see `rate`."""
    ours, limit = _medians(pairs)
    ratio = statistics.median(pair.limit / pair.ours for pair in pairs)
    return Figure(name, "ms", ours * 1000, limit * 1000, ratio, goal)


def _medians(pairs: Sequence[Pair]) -> tuple[float, float]:
    return statistics.median(pair.ours for pair in pairs), statistics.median(pair.limit for pair in pairs)


def most(name: str, unit: str, ours: float, goal: float) -> Figure:
    """Return a figure without a limit beside it, which is to be at most `goal`."""
    return Figure(name, unit, ours, None, ours, goal)


def table(figures: list[Figure]) -> str:
    """Return the figures as a Markdown table."""
    lines = ["| Figure | Ours | Limit | Ratio | Goal | |", "|---|---|---|---|---|---|"]
    for figure in figures:
        limit = f"{figure.limit:,.1f}" if figure.limit is not None else "none"
        sign = "≥" if figure.limit is not None else "≤"
        verdict = "reached" if figure.reached else "**missed**"
        lines.append(
            f"| {figure.name} | {figure.ours:,.1f} {figure.unit} | {limit} | {figure.ratio:.2f} "
            f"| {sign} {figure.goal:.2f} | {verdict} |"
        )
    return "\n".join(lines)


def write(figures: list[Figure]) -> None:
    """Write the figures as a table in Markdown, as JSON and as a chart."""
    OUTPUT.mkdir(exist_ok=True)
    (OUTPUT / "bench.svg").write_text(chart(figures), "utf-8")
    (OUTPUT / "bench.md").write_text(table(figures) + "\n", "utf-8")
    entries = [{**asdict(figure), "reached": figure.reached} for figure in figures]
    (OUTPUT / "bench.json").write_text(json.dumps(entries, indent=2, ensure_ascii=False) + "\n", "utf-8")
