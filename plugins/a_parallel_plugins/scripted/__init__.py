r"""A deterministic agent without a model, for tests, demos and authors of plugins. It works offline.

A line of the prompt that begins with ``!`` is a directive; the others are ignored. Directives run in order.
``\n`` and ``\t`` stand for a line break and a tab in texts.

==========================================  =========================================================
``!say TEXT``                               a whole message
``!stream TEXT``                            a message that comes word by word
``!think TEXT``                             thinking, word by word
``!tool NAME [JSON] [=> OUTPUT]``           a tool call that does nothing but give OUTPUT
``!read FILE``                              Read: gives the file's text
``!write FILE TEXT``                        Write: makes or replaces the file
``!edit FILE [OLD => NEW]``                 Edit: replaces OLD; without it, appends a line
``!bash COMMAND``                           Bash: runs the command in the directory of the run
``!ask [HEADER:] QUESTION | OPTION | ...``  AskUserQuestion, and waits; the answer is said
``!ask [{"question": ...}, ...]``           the same with the questions as the tool takes them
``!plan TEXT``                              ExitPlanMode, and waits; a refused plan ends the turn
``!permission TOOL [JSON]``                 a tool call that is asked about in every mode
``!mode plan|autoEdit|confirmEdit``         changes the permission mode by itself
``!echo``                                   says as JSON what the agent was started with and told
``!sleep SECONDS``                          does nothing for a while
``!background SECONDS [TEXT]``              goes on in the background, then says TEXT in a turn of its own
``!flood N [SIZE]``                         N times a message of SIZE characters and a tool call
``!many N``                                 N messages without a tool call between them
``!cost DOLLARS``                           what this turn costs
``!fail [OUTCOME]``                         ends the turn with OUTCOME, ``error_during_execution`` by default
``!exit``                                   ends the agent without a result
``!crash [STATUS] [TEXT]``                  ends it with a status other than 0 and TEXT on standard error
``!hang``                                   never ends the turn
==========================================  =========================================================

A prompt without directives plays a short scene: the agent thinks, lists the files, tells what it sees, writes
``AGENT_NOTES.md``, runs ``git status`` and ends. In plan mode it shows a plan first.

File names stay inside the directory of the run. Tool calls pass `AgentHooks.decide_tool`; in ``confirmEdit``
and ``plan`` the editing ones are asked about, and so are those that are in none of the client's tool lists.
"""

from collections.abc import AsyncIterator, Iterable

from a_parallel_contracts import Command, Manifest, Plugin, PluginContext, hookimpl
from a_parallel_contracts.agents import AGENT_PROVIDERS
from a_parallel_contracts.hosts import HOLDERS, HOSTS
from a_parallel_plugins.scripted.settings import ScriptedSettings

NAME = "scripted"


class ScriptedPlugin(Plugin):
    """Play agents from a script."""

    manifest = Manifest(
        api="1.0",
        requires=(AGENT_PROVIDERS, HOSTS),
        optional=(HOLDERS,),
        settings=ScriptedSettings,
        migrations="a_parallel_migrations:scripted",
    )

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Register the provider while the plugin runs."""
        from a_parallel_plugins.scripted.provider import ScriptedProvider

        host, settings = ctx.get(HOSTS).get(), ctx.settings(ScriptedSettings)
        provider = ScriptedProvider(ctx.db, host, settings, lambda: ctx.find(HOLDERS))
        ctx.defer(lambda: provider.close(leaving=ctx.handing_over))
        ctx.defer(ctx.get(AGENT_PROVIDERS).add(NAME, provider))
        yield

    @hookimpl
    def commands(self, ctx: PluginContext) -> Iterable[Command]:
        """Return ``a-parallel demo``."""
        from a_parallel_plugins.scripted.demo import demo_arguments, run_demo

        summary = "show a scripted agent at work in a sample repository"
        return [Command("demo", summary, run_demo, demo_arguments)]
