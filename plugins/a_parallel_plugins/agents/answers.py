"""Turns what a person wrote into an answer to what the agent waits for (``agent-lifecycle.md`` §9, §13)."""

import re
from collections.abc import Mapping
from typing import Any

from a_parallel_contracts.agents import Answer
from a_parallel_plugins.agents.waits import Wait

PLAN_ACCEPTED = "Plan accepted"
ACCEPTING = frozenset({PLAN_ACCEPTED, "Accepted", "Continue"})
"""What the client sends for "yes"."""
CONTINUE = "Continue"
ARROW = "→"

_BLOCK_HEAD = re.compile(r"^\[(?P<header>[^\]]*)\]\s*(?P<question>.*)$")


def accepts_plan(text: str, *, shown: bool) -> bool:
    """Tell whether `text` accepts a plan.

    Parameters:
        text: the user's message.
        shown: the client shows the plan's card; otherwise a generic word means nothing about it.
    """
    return text.strip() in ACCEPTING if shown else text.strip() == PLAN_ACCEPTED


def answer_to(wait: Wait, text: str) -> Answer:
    """Return the answer that the message `text` gives to `wait`."""
    if wait.reason == "question":
        return Answer("allow", answers=parse_answers(text, question_texts(wait.input)), text=text)
    if wait.reason == "plan":
        if accepts_plan(text, shown=True):
            return Answer("allow", accept_edits=True)
        return Answer("deny", message=text)
    return Answer("allow") if text.strip() == CONTINUE else Answer("deny", message=text)


def question_texts(tool_input: Mapping[str, Any]) -> dict[str, str]:
    """Return question text → header of an ``AskUserQuestion`` call, leniently."""
    questions = tool_input.get("questions")
    if not isinstance(questions, list):
        return {}
    found = [entry for entry in questions if isinstance(entry, dict) and isinstance(entry.get("question"), str)]
    return {entry["question"]: str(entry.get("header", "")) for entry in found}


def parse_answers(text: str, questions: Mapping[str, str]) -> dict[str, str]:
    """Return question text → answer from the client's blocks; the whole text for each question it does not name.

    A block is ``[header] question``, then one line ``→ label — description`` for each chosen option;
    blocks are separated by a blank line. Several options are joined by commas (``claude-cli.md`` §5.4).
    """
    found: dict[str, list[str]] = {}
    current: str | None = None
    for line in text.splitlines():
        head = _BLOCK_HEAD.match(line)
        if head is not None and (named := _question(head["header"], head["question"].strip(), questions)):
            current = named
            found[current] = []
        elif current is not None and line.strip():
            found[current].append(_label(line))
    answers = {question: ", ".join(filter(None, labels)) for question, labels in found.items()}
    return {question: answers.get(question) or text for question in questions}


def _question(header: str, question: str, questions: Mapping[str, str]) -> str | None:
    if question in questions:
        return question
    same_header = [text for text, known in questions.items() if known == header]
    return same_header[0] if len(same_header) == 1 else None


def _label(line: str) -> str:
    """Return the label of an option's line; other lines are free text as they are."""
    text = line.strip()
    if not text.startswith(ARROW):
        return text
    return text.removeprefix(ARROW).strip().split(" — ", 1)[0].strip()
