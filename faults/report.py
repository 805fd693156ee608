"""The table of faults, as Markdown and JSON."""

import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path

from faults.audit import Losses

OUTPUT = Path("faults-output")


@dataclass
class Outcome:
    """What became of one kind of fault.

    Attributes:
        fault: what was done.
        tried: how many times.
        acknowledged: writes that had been acknowledged.
        losses: what was lost; everything has to be empty.
        recoveries: seconds until the server answered again, each time.
        problem: why the scenario could not be played to its end.
        figures: what else was measured.
    """

    fault: str
    tried: int = 0
    acknowledged: int = 0
    events: int = 0
    losses: Losses = field(default_factory=Losses)
    recoveries: list[float] = field(default_factory=list)
    problem: str = ""
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether nothing was lost."""
        return self.losses.nothing and not self.problem and self.tried > 0

    @property
    def recovery(self) -> str:
        """Median and maximum of the time to recover."""
        if not self.recoveries:
            return "-"
        return f"{statistics.median(self.recoveries):.2f} s, {max(self.recoveries):.2f} s"


HEAD = (
    "Fault",
    "Tried",
    "Acknowledged",
    "Writes lost",
    "Events",
    "Events lost",
    "Duplicates",
    "Orphans",
    "Recovery (median, max)",
    "",
)


def table(outcomes: list[Outcome]) -> str:
    """Return the outcomes as a Markdown table, with the reasons of what failed below it."""
    rows = [HEAD, tuple("---" for _ in HEAD), *(_row(outcome) for outcome in outcomes)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, "", *(line for outcome in outcomes for line in _details(outcome))]).rstrip()


def _row(outcome: Outcome) -> tuple[str, ...]:
    losses = outcome.losses
    counts = (outcome.tried, outcome.acknowledged, len(losses.writes), outcome.events)
    more = (len(losses.events), len(losses.duplicates), len(losses.orphans))
    verdict = "passed" if outcome.passed else "**failed**"
    return (outcome.fault, *(f"{count:,}" for count in (*counts, *more)), outcome.recovery, verdict)


def _details(outcome: Outcome) -> list[str]:
    told = [f"{name} {value:,.1f}" for name, value in outcome.figures.items()]
    lines = [f"- {outcome.fault}: {', '.join(told)}"] if told else []
    if outcome.problem:
        lines.append(f"- {outcome.fault}: {outcome.problem}")
    for name, found in asdict(outcome.losses).items():
        lines += [f"- {outcome.fault}: {name}: {one}" for one in found[:8]]
    return lines


def write(outcomes: list[Outcome], seed: int) -> None:
    """Write the table as Markdown and JSON."""
    OUTPUT.mkdir(exist_ok=True)
    (OUTPUT / "faults.md").write_text(f"{table(outcomes)}\n", "utf-8")
    entries = [{**asdict(outcome), "passed": outcome.passed} for outcome in outcomes]
    text = json.dumps({"seed": seed, "faults": entries}, indent=2, ensure_ascii=False)
    (OUTPUT / "faults.json").write_text(f"{text}\n", "utf-8")
