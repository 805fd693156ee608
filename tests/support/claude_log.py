"""What the stand-in for the CLI was started with and told (``FAKE_CLAUDE_LOG``)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Invocation:
    """One process of the stand-in.

    Attributes:
        pid: of the process.
        argv: arguments without the program.
        cwd: where it was started.
        lines: what it read from standard input.
    """

    pid: int
    argv: list[str]
    cwd: str
    lines: list[Mapping[str, Any]]

    @property
    def prompts(self) -> list[str]:
        """Texts of the user lines."""
        found = []
        for line in self.lines:
            if line.get("type") == "user":
                content = line["message"]["content"]
                blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
                found.append("\n".join(block["text"] for block in blocks if block["type"] == "text"))
        return found

    def option(self, name: str) -> str | None:
        """Return the value of an option, written in one word or two."""
        for place, word in enumerate(self.argv):
            if word == name and place + 1 < len(self.argv):
                return self.argv[place + 1]
            if word.startswith(f"{name}="):
                return word.split("=", 1)[1]
        return None


def invocations(log: Path) -> list[Invocation]:
    """Return the conversations that were started, oldest first; ``--version`` and other one-shots are left out."""
    found: dict[int, Invocation] = {}
    for line in log.read_text().splitlines() if log.exists() else ():
        entry = json.loads(line)
        if entry["kind"] == "start":
            found[entry["pid"]] = Invocation(entry["pid"], entry["argv"], entry["cwd"], [])
        elif entry["kind"] == "stdin":
            found[entry["pid"]].lines.append(entry["msg"])
    return [one for one in found.values() if "--input-format" in " ".join(one.argv)]
