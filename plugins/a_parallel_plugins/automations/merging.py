"""Runs of mode ``merge``: finished branches instead of a prompt (``merge-agent.md`` §6)."""

from a_parallel_contracts import ApiError, NotFound, PluginContext, now
from a_parallel_contracts.automations import Automation, RunStatus
from a_parallel_contracts.merge import MERGE, MergeOptions, MergeReport
from a_parallel_contracts.projects import PROJECTS
from a_parallel_contracts.threads import Model, Thread
from a_parallel_plugins.automations.run_rows import Outcome

ABSENT = "Merging needs the plugin merge, which does not run. Enable it, or give the automation another mode."


async def merge(ctx: PluginContext, automation: Automation, thread: Thread) -> Outcome | str:
    """Merge the branches of the automation's project into its base branch; the prompt is not used.

    Returns:
        How the run ended, or why it could not begin.
    """
    merges = ctx.find(MERGE)
    if merges is None:
        return ABSENT
    project = await ctx.get(PROJECTS).get(automation.project_id)
    if project is None:
        raise NotFound("Project not found")
    try:
        return _outcome(await merges.run(project, thread, _options(automation)))
    except ApiError as error:
        return f"Merge agent error: {error.message}"


def _options(automation: Automation) -> MergeOptions:
    model = Model(automation.model) if automation.model in list(Model) else Model.SONNET
    return MergeOptions(target_branch=automation.base_branch or None, model=model)


def _outcome(report: MergeReport) -> Outcome:
    status = RunStatus.FAILED if report.failures else RunStatus.COMPLETED
    return Outcome(status, report.has_findings, report.summary, now())
