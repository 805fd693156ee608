"""Skills that are worth a try (``http-features.md`` §2)."""

from a_parallel_plugins.skills.models import RecommendedSkill


def _skill(repository: str, name: str, description: str) -> RecommendedSkill:
    return RecommendedSkill(name=name, description=description, identifier=f"{repository}@{name}")


RECOMMENDED = (
    _skill("vercel-labs/skills", "find-skills", "Finds skills for what you are about to do"),
    _skill("vercel-labs/agent-skills", "react-best-practices", "React and Next.js code that performs well"),
    _skill("vercel-labs/agent-skills", "web-design-guidelines", "Reviews user interfaces against guidelines"),
    _skill("vercel-labs/agent-skills", "composition-patterns", "React components that compose"),
    _skill("remotion-dev/skills", "remotion-best-practices", "Videos made with React and Remotion"),
    _skill("anthropics/skills", "frontend-design", "Web pages with a design of their own"),
    _skill("anthropics/skills", "webapp-testing", "Tests local web applications with Playwright"),
    _skill("anthropics/skills", "mcp-builder", "Builds MCP servers of good quality"),
)
"""In the order of the contract."""
