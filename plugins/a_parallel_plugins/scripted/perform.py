"""Plays one turn of the scripted agent, directive by directive."""

import asyncio
from collections.abc import Awaitable, Callable

import orjson

from a_parallel_contracts import new_id
from a_parallel_contracts.agents import RequestKind, TextProduced, ThinkingProduced, ToolCalled, ToolFinished, TurnEnded
from a_parallel_contracts.hosts import Host
from a_parallel_contracts.threads import PermissionMode
from a_parallel_plugins.scripted import files, script
from a_parallel_plugins.scripted.script import ScriptError, Step
from a_parallel_plugins.scripted.session import Ended, ScriptedSession
from a_parallel_plugins.scripted.settings import ScriptedSettings
from a_parallel_plugins.scripted.toolwork import ToolWork

Directive = Callable[[str], Awaitable[None]]


class TurnOver(Exception):
    """The turn ends before its last directive."""


class Performer:
    """One turn.

    Parameters:
        session: whose turn it is.
        host: where commands run.
        settings: pace and limits.

    Attributes:
        tools: does tool calls.
        said: the last text.
    """

    def __init__(self, session: ScriptedSession, host: Host, settings: ScriptedSettings) -> None:
        self.session = session
        self.tools = ToolWork(session, host, settings.command_limit)
        self.said: str | None = None
        self._pace = settings.pace
        self._cost = settings.turn_cost
        self._outcome = "success"
        self._begun = asyncio.get_running_loop().time()
        self._directives: dict[str, Directive] = {
            "say": self.say,
            "stream": self.stream,
            "think": self.think,
            "tool": self._tool,
            "read": self._read,
            "write": self._write,
            "edit": self._edit,
            "bash": self._bash,
            "ask": self._ask,
            "plan": self._plan,
            "permission": self._permission,
            "mode": self._mode,
            "echo": self._echo,
            "sleep": self._sleep,
            "background": self._in_background,
            "flood": self._flood,
            "many": self._many,
            "cost": self._set_cost,
            "fail": self._fail,
            "exit": self._exit,
            "crash": self._crash,
            "hang": self._hang,
        }

    async def run(self, steps: list[Step]) -> TurnEnded:
        """Play the directives and return how the turn ended."""
        try:
            for step in steps:
                await self._play(step)
        except TurnOver:
            pass
        conversation = self.session.conversation
        return TurnEnded(
            self._outcome,
            result=self.said if self._outcome == "success" else None,
            session_cost=conversation.cost + self._cost,
            session_id=conversation.id,
            duration_ms=round((asyncio.get_running_loop().time() - self._begun) * 1000),
        )

    async def _play(self, step: Step) -> None:
        directive = self._directives.get(step.name)
        try:
            if directive is None:
                raise ScriptError(f"there is no such directive; there are: {', '.join(sorted(self._directives))}")
            await directive(step.rest)
        except ScriptError as error:
            await self.utter(f"!{step.name}: {error}")

    # --- text -------------------------------------------------------------------------------------

    async def say(self, rest: str) -> None:
        """Say a whole message."""
        await self.utter(script.text(rest))

    async def utter(self, text: str) -> None:
        """Say a text as it is."""
        self.said = text
        await self.session.emit(TextProduced(_message(), text))

    async def stream(self, rest: str) -> None:
        """Say a message word by word."""
        self.said = script.text(rest)
        message_id, words = _message(), self.said.split(" ")
        for count in range(1, len(words)):
            await self.session.emit(TextProduced(message_id, " ".join(words[:count]), partial=True))
            await self.pause()
        await self.session.emit(TextProduced(message_id, self.said))

    async def think(self, rest: str) -> None:
        """Think, word by word."""
        text = script.text(rest)
        message_id, words = _message(), text.split(" ")
        for count in range(1, len(words)):
            await self.session.emit(ThinkingProduced(message_id, " ".join(words[:count]), partial=True))
            await self.pause()
        await self.session.emit(ThinkingProduced(message_id, text))

    async def pause(self, words: float = 1) -> None:
        """Let a person read."""
        if self._pace:
            await asyncio.sleep(self._pace * words)

    async def _echo(self, rest: str) -> None:
        session = self.session
        told = {
            "prompt": session.prompt.text,
            "images": len(session.prompt.images),
            "session": session.conversation.id,
            "turn": session.conversation.turns + 1,
            "resumed": session.run.session_id is not None,
            "model": session.model,
            "mode": session.rules.mode,
            "directory": session.run.directory,
            "allowedTools": session.run.allowed_tools,
            "disallowedTools": session.run.disallowed_tools,
            "systemPrompt": session.run.system_prompt,
        }
        await self.utter(orjson.dumps(told).decode())

    async def _many(self, rest: str) -> None:
        for index in range(int(script.number(rest))):
            await self.utter(f"Message {index + 1}")
            await self.pause()

    async def _flood(self, rest: str) -> None:
        count, _, size = rest.partition(" ")
        filler = "x" * int(script.number(size, 40))
        emit = self.session.emit
        for index in range(int(script.number(count))):
            message_id, use = _message(), f"toolu_{new_id()}"
            await emit(TextProduced(message_id, f"{index} {filler}"))
            await emit(ToolCalled(use, message_id, "Flood", {"index": index}))
            await emit(ToolFinished(use, f"{index} {filler}"))

    # --- tools ------------------------------------------------------------------------------------

    async def _tool(self, rest: str) -> None:
        call, _, output = rest.partition(" => ")
        name, tool_input = script.name_and_json(call)
        await self.tools.call(name, tool_input, _gives(script.text(output) or "ok"), message_id=_message())

    async def _permission(self, rest: str) -> None:
        name, tool_input = script.name_and_json(rest)
        await self.tools.call(name, tool_input, _gives("ok"), message_id=_message(), ask=True)

    async def _read(self, rest: str) -> None:
        path = files.resolve(self.session.run.directory, rest)
        await self.tools.call("Read", {"file_path": str(path)}, _in_thread(files.read, path), message_id=_message())

    async def _write(self, rest: str) -> None:
        name, _, content = rest.partition(" ")
        await self.write(name, script.text(content))

    async def write(self, name: str, content: str) -> bool:
        """Write a file with the Write tool and return whether that went well."""
        path = files.resolve(self.session.run.directory, name)
        action = _in_thread(files.write, path, content)
        return await self.tools.call(
            "Write", {"file_path": str(path), "content": content}, action, message_id=_message()
        )

    async def _edit(self, rest: str) -> None:
        name, _, change = rest.partition(" ")
        old, replaces, new = (script.text(part) for part in change.partition(" => "))
        path = files.resolve(self.session.run.directory, name)
        if replaces:
            action = _in_thread(files.replace, path, old, new)
        else:
            old, new = "", old or "A line that the scripted agent added."
            action = _in_thread(files.append, path, new)
        tool_input = {"file_path": str(path), "old_string": old, "new_string": new}
        await self.tools.call("Edit", tool_input, action, message_id=_message())

    async def _bash(self, rest: str) -> None:
        await self.tools.call("Bash", {"command": rest}, lambda: self.tools.bash(rest), message_id=_message())

    # --- people -----------------------------------------------------------------------------------

    async def _ask(self, rest: str) -> None:
        questions = script.questions(rest)
        answer = await self.tools.ask(
            RequestKind.QUESTION, "AskUserQuestion", {"questions": questions}, message_id=_message()
        )
        given = answer.answers or {}
        for question in questions:
            await self.utter(f"Answer: {given.get(question['question']) or answer.message}")

    async def _plan(self, rest: str) -> None:
        if not await self.plan(script.text(rest)):
            raise TurnOver

    async def plan(self, text: str) -> bool:
        """Show a plan and return whether it was accepted."""
        answer = await self.tools.ask(RequestKind.PLAN, "ExitPlanMode", {"plan": text}, message_id=_message())
        if answer.behavior == "deny":
            await self.utter(f"The plan was not accepted: {answer.message}")
            return False
        if answer.accept_edits:
            await self.session.change_mode(PermissionMode.AUTO_EDIT)
        return True

    async def _mode(self, rest: str) -> None:
        try:
            mode = PermissionMode(rest)
        except ValueError:
            raise ScriptError(f"one of {', '.join(PermissionMode)} was expected") from None
        await self.session.change_mode(mode)

    # --- time, money and ends ---------------------------------------------------------------------

    async def _sleep(self, rest: str) -> None:
        await asyncio.sleep(script.number(rest))

    async def _in_background(self, rest: str) -> None:
        seconds, _, text = rest.partition(" ")
        delay = script.number(seconds)

        async def work() -> str:
            await asyncio.sleep(delay)
            return text or "The background task is done."

        self.session.in_background(work())

    async def _set_cost(self, rest: str) -> None:
        self._cost = script.number(rest)

    async def _fail(self, rest: str) -> None:
        self._outcome = rest or "error_during_execution"
        raise TurnOver

    async def _exit(self, rest: str) -> None:
        raise Ended(0)

    async def _crash(self, rest: str) -> None:
        status, _, text = rest.partition(" ")
        raise Ended(int(script.number(status, 1)), script.text(text))

    async def _hang(self, rest: str) -> None:
        await asyncio.Event().wait()


def _message() -> str:
    return f"msg_{new_id()}"


def _gives(output: str) -> Callable[[], Awaitable[str]]:
    async def action() -> str:
        return output

    return action


def _in_thread(function: Callable[..., str], *arguments: object) -> Callable[[], Awaitable[str]]:
    return lambda: asyncio.to_thread(function, *arguments)
