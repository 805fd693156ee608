"""``/api/kernel/plugins/{id}/settings``: what a plugin can be told, what it is told, and changing that."""

import asyncio
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, Field

from a_parallel_contracts.errors import BadRequest, Conflict, NotFound
from a_parallel_contracts.http import Request, Route, get, patch
from a_parallel_contracts.models import WireModel
from a_parallel_kernel.config import Config, ConfigError
from a_parallel_kernel.kept import KeptSettings
from a_parallel_kernel.records import Record
from a_parallel_kernel.supervisor import Supervisor


class PluginSettings(WireModel):
    """Answer of ``GET /api/kernel/plugins/{id}/settings``; keys are those of the configuration file.

    Attributes:
        settings_schema: JSON schema of the settings.
        values: what counts now, without secrets.
        secrets: keys whose values are never told and are set in the file or the environment alone.
        decided: what decides a value that cannot be changed here, by key.
        changed: keys whose values were changed here.
        pending: the plugin still runs with other values, until it is started again.
        dependents: plugins that are started again with it.
        state, error: of the plugin.
    """

    id: str
    settings_schema: dict[str, Any]
    values: dict[str, Any]
    secrets: list[str]
    decided: dict[str, str]
    changed: list[str]
    pending: bool
    dependents: list[str]
    state: str
    error: str | None


class SettingsChange(WireModel):
    """Body of ``PATCH /api/kernel/plugins/{id}/settings``.

    Attributes:
        values: new ones, by key.
        reset: keys that get their defaults again.
        restart: start the plugin again, with its dependents, so that they count at once.
    """

    values: dict[str, Any] = Field(default_factory=dict)
    reset: list[str] = Field(default_factory=list)
    restart: bool = True


class SettingsAdmin:
    """Shows and changes settings of plugins.

    Parameters:
        supervisor: knows the plugins, and starts them again.
        config: merges settings.
        kept: keeps what is changed.
    """

    def __init__(self, supervisor: Supervisor, config: Config, kept: KeptSettings) -> None:
        self._supervisor = supervisor
        self._config = config
        self._kept = kept
        self._changing = asyncio.Lock()

    def routes(self) -> Iterable[Route]:
        """Return the routes to mount."""
        path = "/api/kernel/plugins/{id}/settings"
        return [
            get(path, self.show, access="admin", scope="read"),
            patch(path, self.change, access="admin"),
        ]

    async def show(self, request: Request) -> PluginSettings:
        """Show the settings of a plugin with their schema."""
        return self._view(*self._model(request))

    async def change(self, request: Request[None, SettingsChange]) -> PluginSettings:
        """Change settings of a plugin, keep that, and start it again."""
        record, model = self._model(request)
        async with self._changing:
            self._check_keys(record.id, model, request.body)
            kept = self._changed(record.id, request.body)
            self._check_values(record.id, model, kept)
            await self._kept.write(record.id, request.body.values, request.body.reset)
            self._config.kept[record.id] = kept
            if request.body.restart and self._pending(record, model):
                await self._supervisor.restart(record.id)
        return self._view(record, model)

    def _model(self, request: Request[None, Any]) -> tuple[Record, type[BaseModel]]:
        record = self._supervisor.records.get(request.params["id"])
        if record is None:
            raise NotFound("Plugin not found")
        if record.manifest is None:
            raise Conflict(
                f"{record.id} is {record.state}: its settings are known once it is imported; enable it first"
            )
        if record.manifest.settings is None:
            raise NotFound(f"{record.id} has no settings")
        return record, record.manifest.settings

    def _check_keys(self, id: str, model: type[BaseModel], change: SettingsChange) -> None:
        decided = self._config.sources(id, model)
        for key in (*change.values, *change.reset):
            if key not in model.model_fields:
                there = ", ".join(model.model_fields)
                raise BadRequest(f"{key} is not a setting of {id}; there are {there}")
            if key in decided:
                raise Conflict(f"{key} of {id} is decided by {decided[key]}; change it there")
            if key in change.values and key in _secrets(model):
                raise BadRequest(f"{key} is a secret: set it in the configuration file or the environment")

    def _changed(self, id: str, change: SettingsChange) -> dict[str, Any]:
        before = self._config.kept.get(id, {})
        return {key: value for key, value in before.items() if key not in change.reset} | change.values

    def _check_values(self, id: str, model: type[BaseModel], kept: dict[str, Any]) -> None:
        try:
            self._config.plugin(id, model, kept)
        except ConfigError as error:
            raise BadRequest(str(error)) from None

    def _pending(self, record: Record, model: type[BaseModel]) -> bool:
        if record.context is None:
            return record.error is not None  # what failed may do better with other settings
        return record.context.own_settings != self._config.plugin(record.id, model)

    def _view(self, record: Record, model: type[BaseModel]) -> PluginSettings:
        secrets = _secrets(model)
        return PluginSettings(
            id=record.id,
            settingsSchema=model.model_json_schema(),
            values=self._values(record.id, model, secrets),
            secrets=sorted(secrets),
            decided=self._config.sources(record.id, model),
            changed=sorted(self._config.kept.get(record.id, {}).keys() & model.model_fields),
            pending=record.context is not None and self._pending(record, model),
            dependents=sorted(self._supervisor.dependents(record.id)),
            state=record.state,
            error=record.error,
        )

    def _values(self, id: str, model: type[BaseModel], secrets: set[str]) -> dict[str, Any]:
        try:
            settings = self._config.plugin(id, model)
        except ConfigError:  # as the plugin's own error says; what was given is shown as it is
            return {key: value for key, value in self._config.kept.get(id, {}).items() if key not in secrets}
        return settings.model_dump(mode="json", exclude=secrets)


def _secrets(model: type[BaseModel]) -> set[str]:
    """Return the keys of passwords and the like: `SecretStr`, or marked ``writeOnly`` in the schema."""
    properties = model.model_json_schema(by_alias=False).get("properties", {})
    return {key for key, schema in properties.items() if _is_secret(schema)}


def _is_secret(schema: Any) -> bool:
    return bool(schema.get("writeOnly")) or any(_is_secret(one) for one in schema.get("anyOf", ()))
