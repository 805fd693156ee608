"""Messages for commits, written by an agent (``http-core.md`` §7.6, ``agent-lifecycle.md`` §12)."""

import re
from collections.abc import Sequence

from a_parallel_contracts import WireModel
from a_parallel_plugins.git.diff import FileDiff

LIMIT = 20_000
"""Characters of the differences that the agent sees."""

SECONDS = 60.0
_NO_TEXT = "(no text: binary, empty or too large)"
_CUT = "\n[The differences are longer; the rest is left out.]"
_TITLE = re.compile(r"^TITLE:[ \t]*(.+?)\s*$", re.MULTILINE)
_BODY = re.compile(r"^BODY:[ \t]*", re.MULTILINE)

_INSTRUCTIONS = """\
You are a commit message generator. Write the message of a git commit for the changes below.

Answer with exactly two parts and nothing else, without any markdown:
TITLE: one line in the form of conventional commits (type(scope): summary), at most 72 characters
BODY: two to four sentences that say what changed and why

Do not use any tools. The changes:

"""


class CommitMessage(WireModel):
    """Answer of ``POST /api/git/:threadId/generate-commit-message``."""

    title: str
    body: str


def prompt(files: Sequence[FileDiff]) -> str:
    """Return the question about `files`."""
    changes = "\n\n".join(f"--- {file.status}: {file.path} ---\n{file.diff or _NO_TEXT}" for file in files)
    if len(changes) > LIMIT:
        changes = changes[:LIMIT] + _CUT
    return _INSTRUCTIONS + changes


def read_answer(answer: str) -> CommitMessage | None:
    """Return title and body of an answer; without a title line the first line counts. None if it is empty."""
    text = answer.strip()
    if not text:
        return None
    body = _BODY.search(text)
    head = text[: body.start()] if body else text
    title = _TITLE.search(head)
    first = title[1] if title else next((line.strip() for line in head.splitlines() if line.strip()), "")
    return CommitMessage(title=first or text.splitlines()[0].strip(), body=text[body.end() :].strip() if body else "")
