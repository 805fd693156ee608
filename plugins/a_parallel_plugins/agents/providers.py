"""The agent providers that are there, and which of them a thread uses."""

import asyncio
import logging
from collections.abc import Callable

from a_parallel_contracts import BadRequest, Database, FailedDependency, Transaction, WireModel
from a_parallel_contracts.agents import AgentProvider, ProviderStatus
from a_parallel_plugins.agents.failures import NOT_STARTED

log = logging.getLogger(__name__)


class ProviderInfo(WireModel):
    """A provider as ``GET /api/agents/providers`` shows it."""

    name: str
    default: bool
    available: bool
    path: str | None
    version: str | None
    error: str | None


class Providers:
    """Registry of providers (`a_parallel_contracts.agents.AGENT_PROVIDERS`).

    Parameters:
        default: name of the provider of threads that name none.

    Attributes:
        removed: told the name of a provider that is taken back, before its sessions end.
        default_arrived: set while the default provider is there.
    """

    def __init__(self, default: str) -> None:
        self.default = default
        self.removed: Callable[[str], None] = lambda name: None
        self.default_arrived = asyncio.Event()
        self._providers: dict[str, AgentProvider] = {}
        self._arrivals: dict[str, asyncio.Event] = {}

    def add(self, name: str, item: AgentProvider) -> Callable[[], None]:
        """Register a provider and return the function that takes it back.

        Raises:
            ValueError: the name is taken.
        """
        if name in self._providers:
            raise ValueError(f"there is an agent provider called {name} already")
        self._providers[name] = item
        if name == self.default:
            self.default_arrived.set()
        if name in self._arrivals:
            self._arrivals[name].set()

        def remove() -> None:
            if self._providers.get(name) is item:
                del self._providers[name]
                if name == self.default:
                    self.default_arrived.clear()
                self.removed(name)

        return remove

    async def arrival(self, name: str) -> AgentProvider:
        """Return the provider called `name` once it is there."""
        while name not in self._providers:
            event = self._arrivals.setdefault(name, asyncio.Event())
            event.clear()
            await event.wait()
        return self._providers[name]

    def get(self, name: str) -> AgentProvider | None:
        """Return the provider called `name`."""
        return self._providers.get(name)

    def names(self) -> list[str]:
        """Return all names, in order of registration."""
        return list(self._providers)

    def need(self, name: str | None) -> tuple[str, AgentProvider]:
        """Return the provider called `name`, or the default one, with its name.

        Raises:
            FailedDependency: it is not there.
        """
        wanted = name or self.default
        provider = self._providers.get(wanted)
        if provider is None:
            message = f"The agent provider {wanted} is not running; enable its plugin or choose another provider"
            raise FailedDependency(NOT_STARTED, extra={"message": message})
        return wanted, provider

    def check(self, name: str | None) -> None:
        """Refuse a name that nobody registered.

        Raises:
            BadRequest: there is no such provider; the text lists those that there are.
        """
        if name is not None and name not in self._providers:
            raise BadRequest(f"Unknown agent provider {name}; there are: {', '.join(self._providers) or 'none'}")

    async def status(self, name: str | None = None) -> ProviderStatus:
        """Ask a provider, or the default one, whether it can start agents."""
        provider = self._providers.get(name or self.default)
        if provider is None:
            return ProviderStatus(False, error=f"The agent provider {name or self.default} is not running")
        try:
            return await provider.status()
        except Exception as error:
            log.exception("asking the agent provider %s for its status failed", name or self.default)
            return ProviderStatus(False, error=f"Its status cannot be told: {error}")

    async def info(self) -> list[ProviderInfo]:
        """Return all providers with their status."""
        return [self._info(name, await self.status(name)) for name in self.names()]

    def _info(self, name: str, status: ProviderStatus) -> ProviderInfo:
        return ProviderInfo(
            name=name,
            default=name == self.default,
            available=status.available,
            path=status.path,
            version=status.version,
            error=status.error,
        )


async def provider_of(db: Database, thread_id: str) -> str | None:
    """Return the name of the provider that a thread was made for, if it names one."""
    row = await db.one("SELECT provider FROM agents_threads WHERE thread_id = :id", id=thread_id)
    return row["provider"] if row else None


def set_provider(tx: Transaction, thread_id: str, name: str) -> None:
    """Remember the provider of a thread."""
    tx.execute(
        "INSERT INTO agents_threads (thread_id, provider) VALUES (?, ?)"
        " ON CONFLICT (thread_id) DO UPDATE SET provider = excluded.provider",
        (thread_id, name),
    )
