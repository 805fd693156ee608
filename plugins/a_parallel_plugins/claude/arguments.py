"""The command line and environment of the Claude CLI (``agent-lifecycle.md`` §2, ``claude-cli.md`` §2)."""

from collections.abc import Iterator, Mapping, Sequence

from a_parallel_contracts.agents import DEFAULT_TOOLS, EDITING_TOOLS, Run
from a_parallel_contracts.threads import PermissionMode
from a_parallel_plugins.claude.settings import ClaudeSettings

STREAMING = (
    "--print",
    "--output-format",
    "stream-json",
    "--input-format",
    "stream-json",
    "--permission-prompt-tool=stdio",
    "--verbose",
)
"""NDJSON both ways, and permissions asked over it."""

CLI_MODES = {
    PermissionMode.PLAN: "plan",
    PermissionMode.AUTO_EDIT: "acceptEdits",
    PermissionMode.CONFIRM_EDIT: "default",
}
"""The CLI's names of the permission modes."""

OUR_MODES = {name: mode for mode, name in CLI_MODES.items()} | {"manual": PermissionMode.CONFIRM_EDIT}
"""Our names of the CLI's permission modes; it has others, which are not used."""


def run_arguments(binary: str, run: Run, settings: ClaudeSettings) -> list[str]:
    """Return the argv of a run."""
    return [binary, *STREAMING, *_options(run, settings), *settings.extra_arguments]


def ask_arguments(binary: str) -> list[str]:
    """Return the argv for a single question (``agent-lifecycle.md`` §12)."""
    return [binary, *STREAMING, "--permission-mode", "plan", "--max-turns", "1"]


def _options(run: Run, settings: ClaudeSettings) -> Iterator[str]:
    yield from ("--model", settings.models.get(run.model, str(run.model)))
    yield from ("--permission-mode", CLI_MODES[run.permission_mode])
    yield from ("--max-turns", str(run.max_turns))
    if run.session_id:
        yield f"--resume={run.session_id}"  # in two words a value that begins with - would be a flag
    yield from _list("--allowedTools", launched_tools(run))
    yield from _list("--disallowedTools", run.disallowed_tools)
    yield "--include-partial-messages"
    if run.system_prompt:
        yield f"--append-system-prompt={run.system_prompt}"


def _list(flag: str, tools: Sequence[str]) -> Iterator[str]:
    """Yield a list of rules as one argument, since the flag would swallow further words."""
    if tools:
        yield from (flag, ",".join(tools))


def launched_tools(run: Run) -> tuple[str, ...]:
    """Return the rules of ``--allowedTools``; in confirmEdit without the tools that must be asked for."""
    tools = DEFAULT_TOOLS if run.allowed_tools is None else run.allowed_tools
    if run.permission_mode != PermissionMode.CONFIRM_EDIT:
        return tuple(tools)
    return tuple(rule for rule in tools if rule not in EDITING_TOOLS)


def environment(extra: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the changes to the server's environment for a child, `extra` included.

    The host takes out the marks of an enclosing CLI by itself.
    """
    return {"CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS": "1", **extra}
