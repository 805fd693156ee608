"""Tool lists of a request (``agent-lifecycle.md`` §2, §7)."""

from a_parallel_contracts.agents import DEFAULT_TOOLS, StartRequest


def approve(request: StartRequest, tool: str) -> StartRequest:
    """Return `request` with `tool` among the allowed tools and not among the disallowed ones."""
    chosen = DEFAULT_TOOLS if request.allowed_tools is None else request.allowed_tools
    refused = tuple(other for other in request.disallowed_tools or () if other != tool)
    lists = {"allowed_tools": tuple(dict.fromkeys((*chosen, tool))), "disallowed_tools": refused}
    return request.model_copy(update=lists)
