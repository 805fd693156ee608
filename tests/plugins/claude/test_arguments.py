"""The command line of the CLI (``agent-lifecycle.md`` §2)."""

import pytest

from a_parallel_contracts.agents import DEFAULT_TOOLS
from a_parallel_contracts.threads import Model, PermissionMode
from a_parallel_plugins.claude.arguments import ask_arguments, environment, run_arguments
from a_parallel_plugins.claude.rules import AskRules
from a_parallel_plugins.claude.settings import ClaudeSettings
from tests.plugins.claude.fake import run_of

STREAMING = [
    "/bin/claude",
    "--print",
    "--output-format",
    "stream-json",
    "--input-format",
    "stream-json",
    "--permission-prompt-tool=stdio",
    "--verbose",
]


def test_a_fresh_run_has_the_arguments_in_their_order() -> None:
    argv = run_arguments("/bin/claude", run_of(), ClaudeSettings())
    tools = "Read,Edit,Write,Bash,Glob,Grep,WebSearch,WebFetch,Task,TodoWrite,NotebookEdit"
    assert argv == [
        *STREAMING,
        *("--model", "sonnet"),
        *("--permission-mode", "acceptEdits"),
        *("--max-turns", "200"),
        *("--allowedTools", tools),
        "--include-partial-messages",
    ]


def test_a_resumed_run_with_lists_and_a_system_prompt() -> None:
    run = run_of(
        model=Model.OPUS,
        permission_mode=PermissionMode.PLAN,
        session_id="-odd",
        allowed_tools=("Read", "Bash(git:*)"),
        disallowed_tools=("WebSearch", "Write"),
        system_prompt="--be brief",
        max_turns=50,
    )
    settings = ClaudeSettings(models={Model.OPUS: "claude-opus-4-6"}, extra_arguments=["--effort=low"])
    assert run_arguments("/bin/claude", run, settings) == [
        *STREAMING,
        *("--model", "claude-opus-4-6"),
        *("--permission-mode", "plan"),
        *("--max-turns", "50"),
        "--resume=-odd",
        *("--allowedTools", "Read,Bash(git:*)"),
        *("--disallowedTools", "WebSearch,Write"),
        "--include-partial-messages",
        "--append-system-prompt=--be brief",
        "--effort=low",
    ]


def test_an_explicit_empty_list_leaves_the_flag_out() -> None:
    assert "--allowedTools" not in run_arguments("/bin/claude", run_of(allowed_tools=()), ClaudeSettings())


@pytest.mark.parametrize("tools", [None, ("Read", "Edit", "Bash", "Bash(git:*)")])
def test_editing_tools_are_not_allowed_beforehand_in_confirm_edit(tools: tuple[str, ...] | None) -> None:
    run = run_of(permission_mode=PermissionMode.CONFIRM_EDIT, allowed_tools=tools)
    argv = run_arguments("/bin/claude", run, ClaudeSettings())
    allowed = argv[argv.index("--allowedTools") + 1].split(",")
    assert argv[argv.index("--permission-mode") + 1] == "default"
    assert "Read" in allowed
    assert not {"Edit", "Write", "NotebookEdit", "Bash"} & set(allowed)
    assert tools is None or "Bash(git:*)" in allowed


def test_a_question_has_neither_model_nor_tools() -> None:
    assert ask_arguments("/bin/claude") == [*STREAMING, "--permission-mode", "plan", "--max-turns", "1"]


def test_the_environment_of_the_run_is_added() -> None:
    assert environment({"A": "1", "B": None}) == {"CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS": "1", "A": "1", "B": None}


@pytest.mark.parametrize(
    ("mode", "allowed", "tool", "held"),
    [
        (PermissionMode.AUTO_EDIT, None, "mcp__x__y", False),
        (PermissionMode.AUTO_EDIT, None, "Bash", False),
        (PermissionMode.AUTO_EDIT, ("Read", "Bash"), "Bash", False),
        (PermissionMode.AUTO_EDIT, ("Read",), "Bash", True),
        (PermissionMode.AUTO_EDIT, ("Read", "Bash(git:*)"), "Bash", True),
        (PermissionMode.AUTO_EDIT, ("mcp__x",), "mcp__x__y", False),
        (PermissionMode.AUTO_EDIT, ("Task",), "Agent", False),
        (PermissionMode.CONFIRM_EDIT, None, "Edit", True),
        (PermissionMode.CONFIRM_EDIT, None, "mcp__x__y", True),
        (PermissionMode.CONFIRM_EDIT, None, "Read", False),
        (PermissionMode.PLAN, None, "Write", True),
        (PermissionMode.PLAN, DEFAULT_TOOLS, "WebFetch", False),
    ],
)
def test_which_calls_are_held_for_a_person(
    mode: PermissionMode, allowed: tuple[str, ...] | None, tool: str, held: bool
) -> None:
    assert AskRules(run_of(permission_mode=mode, allowed_tools=allowed)).holds(tool) is held
