"""Agents by the Claude CLI: one process for each live session, spoken to over its pipes in NDJSON.

- `provider` finds the CLI (`detection`), starts it (`arguments`) and asks single questions (`oneshot`).
- `cli` runs its subcommands for other plugins.
- `session` is one live CLI. `reader` reads (`protocol`, `lines`) no faster than `outbox` is emptied, `dispatcher` hands
  each line to whom it concerns, `writer` writes (`stdin`) without making anybody wait for the pipe.
- `texts` puts messages together, and `throttle` holds their updates back; `turns` and `idleness` know whether the CLI
  has anything left to do; `permissions` (with `rules`) answers what it asks; `controls` matches what we ask;
  `watchdog` measures silence.

A CLI in a holder outlives the server: after whatever it tells, the session tells a `Checkpoint`, from which another
session goes on with the same process. What it may not have got is written again, under a key that it takes only once.

It works with CLIs that tell what becomes of each message, and with older ones, where that is inferred.
"""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from a_parallel_contracts import ApiError, Manifest, Plugin, PluginContext, hookimpl
from a_parallel_contracts.agents import AGENT_PROVIDERS
from a_parallel_contracts.claude import CLAUDE_CLI
from a_parallel_contracts.hosts import HOLDERS, HOSTS
from a_parallel_plugins.claude.settings import ClaudeSettings

if TYPE_CHECKING:
    from a_parallel_plugins.claude.provider import ClaudeProvider

NAME = "claude"


class ClaudePlugin(Plugin):
    """Drive the Claude CLI as an agent."""

    manifest = Manifest(
        api="1.0",
        requires=(AGENT_PROVIDERS, HOSTS),
        optional=(HOLDERS,),
        provides=(CLAUDE_CLI,),
        settings=ClaudeSettings,
    )

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Register the provider while the plugin runs, and lend the CLI to others."""
        from a_parallel_plugins.claude.cli import ClaudeCliService
        from a_parallel_plugins.claude.provider import ClaudeProvider

        host, settings = ctx.get(HOSTS).get(), ctx.settings(ClaudeSettings)
        provider = ClaudeProvider(host, settings, ctx.log, lambda: ctx.find(HOLDERS))
        ctx.defer(lambda: provider.close(leaving=ctx.handing_over))
        ctx.defer(ctx.get(AGENT_PROVIDERS).add(NAME, provider))
        ctx.provide(CLAUDE_CLI, ClaudeCliService(host, settings.binary))
        ctx.spawn(_warn_if_missing(ctx, provider), name="look for the Claude CLI")
        yield


async def _warn_if_missing(ctx: PluginContext, provider: "ClaudeProvider") -> None:
    """Say at start-up what a missing CLI means (``agent-lifecycle.md`` §1)."""
    try:
        status = await provider.status()
    except ApiError as error:
        ctx.log.warning("The Claude CLI could not be looked for: %s", error.message)
        return
    if status.available:
        ctx.log.info("Claude CLI %s at %s", status.version, status.path)
    else:
        ctx.log.warning("Threads cannot use Claude: %s", status.error)
