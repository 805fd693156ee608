"""Configuration: flag before environment before file before default, each value with its source."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

PREFIX = "A_PARALLEL_"
DEFAULT_PORT = 3001
SettingsT = TypeVar("SettingsT", bound=BaseModel)

REFERENCE_VARIABLES = {
    "PORT": "server.port",
    "HOST": "server.host",
    "CLIENT_PORT": "server.client_port",
    "CORS_ORIGIN": "server.cors_origins",
    "AUTH_MODE": "server.auth_mode",
}
"""Variables of the reference server (``http-core.md`` §1.2); plugins read further ones themselves."""


FLAGS = {"disabled": "--disable", "only": "--only", "required": "--set plugins.required"}
"""Lists of section ``[plugins]`` and the flags that give them."""


class ConfigError(Exception):
    """The configuration cannot be used; the text says which value, where it comes from, and why."""


class Section(BaseModel):
    """Base of the sections: unknown keys are errors, since they are usually misspelt."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class ServerSettings(Section):
    """Section ``[server]``.

    Attributes:
        host, port: address to listen on; port 0 takes a free one.
        unix_socket: path of a Unix socket to listen on instead.
        client_port: port of a client under development, used for the default `cors_origins`.
        cors_origins: browsers' origins that may call the API; exact text.
        allowed_hosts: further names by which the server may be called (the ``Host`` header).
        trusted_proxies: addresses whose forwarding headers are believed.
        auth_mode: ``local`` or ``multi``.
        rate_limit: requests a minute for each peer; 0 switches the limit off.
        max_body: bytes of a request's body.
        data_directory: holds the database and the secrets.
        open_to_peers: hand the token of local mode to other machines too.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535)
    unix_socket: Path | None = None
    client_port: int = 5173
    cors_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    auth_mode: str = "local"
    rate_limit: int = Field(default=1000, ge=0)
    max_body: int = Field(default=128 * 1024 * 1024, gt=0)
    data_directory: Path = Path("~/.a-parallel")
    open_to_peers: bool = False

    @property
    def origins(self) -> tuple[str, ...]:
        """Allowed origins, with the defaults of ``http-core.md`` §2.3 and §2.11 when none are configured."""
        return self.cors_origins or (
            f"http://localhost:{self.client_port}",
            f"http://127.0.0.1:{self.client_port}",
            "tauri://localhost",
            "https://tauri.localhost",
            "http://tauri.localhost",
        )


class LogSettings(Section):
    """Section ``[logging]``."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class PluginSelection(Section):
    """The lists of section ``[plugins]``: `only` is an allow-list, `required` ends the boot if one fails."""

    disabled: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None
    required: tuple[str, ...] = ()


class KernelSettings(Section):
    """Section ``[kernel]``: limits in seconds for the phases of a plugin's life.

    Attributes:
        import_deadline, start_deadline, stop_deadline: for one plugin, the last for each step.
        ready_after: the server answers after so many seconds even if a plugin is still starting.
        degraded_after: failures in a row after which a plugin is called degraded.
        block_limit: seconds after which the watchdog names who blocks the event loop.
    """

    import_deadline: float = Field(default=30.0, gt=0)
    start_deadline: float = Field(default=60.0, gt=0)
    stop_deadline: float = Field(default=10.0, gt=0)
    ready_after: float = Field(default=15.0, gt=0)
    degraded_after: int = Field(default=5, gt=0)
    block_limit: float = Field(default=2.0, gt=0)


class EventSettings(Section):
    """Section ``[events]``: how long what was told is kept for those that come back.

    Attributes:
        keep_days: entries of the event log that are older go.
        keep_megabytes: the oldest go while all together are larger.
        subscription_days: a durable subscription whose plugin has not run for so long is forgotten.
        attempts: calls of a durable subscription's handler before an event is set aside.
        retry_after: seconds before the second call; each further wait is twice as long.
    """

    keep_days: float = Field(default=7.0, gt=0)
    keep_megabytes: float = Field(default=64.0, gt=0)
    subscription_days: float = Field(default=30.0, gt=0)
    attempts: int = Field(default=6, ge=1)
    retry_after: float = Field(default=0.5, gt=0)


SECTIONS: dict[str, type[Section]] = {
    "server": ServerSettings,
    "logging": LogSettings,
    "kernel": KernelSettings,
    "events": EventSettings,
}


class Config:
    """The merged configuration.

    Parameters:
        flags: ``section.key`` → value given on the command line.
        environ: the environment.
        file: contents of the configuration file.
        path: where that file is, for messages.

    Attributes:
        kept: settings of plugins that were changed at run time, by id and key; anything else wins over them.
    """

    def __init__(
        self,
        flags: Mapping[str, Any] | None = None,
        environ: Mapping[str, str] | None = None,
        file: Mapping[str, Any] | None = None,
        path: Path | None = None,
    ) -> None:
        self._flags = dict(flags or {})
        self._environ = dict(environ or {})
        self._file = dict(file or {})
        self.path = path
        self.kept: dict[str, dict[str, Any]] = {}
        self._check_sections()
        self.server = self._normalised(self._section("server", ServerSettings))
        self.logging = self._section("logging", LogSettings)
        self.kernel = self._section("kernel", KernelSettings)
        self.events = self._section("events", EventSettings)
        self.selection = self._section("plugins", PluginSelection)

    def _check_sections(self) -> None:
        unknown = sorted(set(self._file) - {*SECTIONS, "plugins"})
        if unknown:
            raise ConfigError(f"{self.path}: unknown section [{unknown[0]}]; there are {', '.join(SECTIONS)}, plugins")
        for flag in self._flags:
            if flag.partition(".")[0] not in (*SECTIONS, "plugins"):
                raise ConfigError(f"flag {flag}: unknown section; there are {', '.join(SECTIONS)}, plugins")
            if flag.count(".") != (2 if flag.startswith("plugins.") and not self._is_list(flag) else 1):
                raise ConfigError(f"flag {flag}: write it as section.key or plugins.ID.key")
        for id, section in self._plugin_table().items():
            if not isinstance(section, dict):
                raise ConfigError(f"{self.path}: plugins.{id} is neither a list this server knows nor a section")

    def _plugin_table(self) -> dict[str, Any]:
        table = self._file.get("plugins", {})
        return {id: section for id, section in table.items() if id not in PluginSelection.model_fields}

    @staticmethod
    def _is_list(flag: str) -> bool:
        return flag.removeprefix("plugins.") in PluginSelection.model_fields

    def configured(self) -> set[str]:
        """Return the ids of the plugins that have settings in the file or in flags."""
        flags = {flag.split(".")[1] for flag in self._flags if flag.startswith("plugins.") and not self._is_list(flag)}
        return flags | self._plugin_table().keys()

    @staticmethod
    def _normalised(server: ServerSettings) -> ServerSettings:
        # Every other value is local (``http-core.md`` §1.2).
        mode = "multi" if server.auth_mode.lower() == "multi" else "local"
        directory = server.data_directory.expanduser().absolute()
        return server.model_copy(update={"auth_mode": mode, "data_directory": directory})

    def _section(self, name: str, model: type[SettingsT]) -> SettingsT:
        table = self._file.get(name, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{self.path}: {name} must be a section")
        known = {key: value for key, value in table.items() if name != "plugins" or key in model.model_fields}
        return self._build(name, model, known)

    def plugin(self, id: str, model: type[SettingsT], kept: Mapping[str, Any] | None = None) -> SettingsT:
        """Return the validated settings of a plugin; with `kept` as if those had been changed at run time.

        Raises:
            ConfigError: names the first value that does not fit and where it comes from.
        """
        given = self.kept.get(id, {}) if kept is None else kept
        return self._build(f"plugins.{id}", model, self._plugin_table().get(id, {}), given)

    def sources(self, id: str, model: type[BaseModel]) -> dict[str, str]:
        """Return which settings of a plugin file, environment or flags decide, by key, and which of them does."""
        return self._gather(f"plugins.{id}", model, self._plugin_table().get(id, {}))[1]

    def _build(
        self, section: str, model: type[SettingsT], file: Mapping[str, Any], kept: Mapping[str, Any] | None = None
    ) -> SettingsT:
        values, sources = self._gather(section, model, file)
        _refuse_unknown(section, model, sources)
        for key, value in (kept or {}).items():
            # One that the plugin has no more is no error: nobody can correct it in a file.
            if key in model.model_fields and key not in sources:
                values[key], sources[key] = value, "the settings changed at run time"
        if not values and _is_whole_by_default(model):
            return model.model_construct()  # which builds no validator; most settings of a usual server are defaults
        try:
            return model.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            key = str(first["loc"][0]) if first["loc"] else ""
            raise ConfigError(f"{section}.{key}: {first['msg']} (from {sources.get(key, 'the defaults')})") from None

    def _gather(
        self, section: str, model: type[BaseModel], file: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Return what file, environment and flags say, and which of them says it, by key."""
        values = dict(file)
        sources = dict.fromkeys(values, str(self.path))
        for key in model.model_fields:
            found = self._from_environment(section, key)
            if found:
                sources[key], values[key] = found
        for flag, value in self._flags.items():
            place, _, key = flag.rpartition(".")
            if place == section and (section != "plugins" or key in model.model_fields):
                values[key], sources[key] = value, f"flag {flag}"
        return values, sources

    def _from_environment(self, section: str, key: str) -> tuple[str, Any] | None:
        middle = "" if section == "server" else section.removeprefix("plugins.").upper().replace("-", "_") + "_"
        names = [f"{PREFIX}{middle}{key.upper()}"]
        names += [name for name, target in REFERENCE_VARIABLES.items() if target == f"{section}.{key}"]
        for name in names:
            text = self._environ.get(name, "")
            if text and not _falls_back(name, text):
                return name, _parse(text, key)
        return None

    def moved(self, directory: Path) -> "Config":
        """Return the same configuration on another data directory and a free port, with no plugin required."""
        flags = {**self._flags, "server.data_directory": directory, "server.port": 0, "server.unix_socket": None}
        flags["plugins.required"] = ()
        moved = Config(flags, self._environ, self._file, self.path)
        moved.kept = self.kept
        return moved

    def decided(self, id: str) -> str | None:
        """Return what fixes whether a plugin is on — file, environment or flag — or None if nothing does."""
        for key in FLAGS:
            if f"plugins.{key}" in self._flags:
                listed, source = self._flags[f"plugins.{key}"], f"the flag {FLAGS[key]}"
            elif found := self._from_environment("plugins", key):
                source, listed = f"the environment variable {found[0]}", found[1]
            else:
                listed, source = self._file.get("plugins", {}).get(key, ()), f"{key} in {self.path}"
            if id in listed or (key == "only" and listed):
                return source
        return None

    def enabled(self, id: str, switched: Mapping[str, bool]) -> bool:
        """Tell whether a plugin is on; `switched` are the run-time switches kept in the database."""
        if id in self.selection.disabled:
            return False
        if self.selection.only is not None:
            return id in self.selection.only
        return id in self.selection.required or switched.get(id, True)


def _refuse_unknown(section: str, model: type[BaseModel], sources: Mapping[str, str]) -> None:
    """Refuse keys that a model does not have, unless it takes any: they are usually misspelt."""
    if model.model_config.get("extra") == "allow":
        return
    known = {name for key, field in model.model_fields.items() for name in (key, field.alias) if name}
    for key, source in sources.items():
        if key not in known:
            there = ", ".join(model.model_fields) or "none"
            raise ConfigError(f"{section}.{key}: is not a setting of this section (from {source}); there are {there}")


def _is_whole_by_default(model: type[BaseModel]) -> bool:
    """Tell whether validating ``{}`` would return the defaults as they are."""
    own = model.__pydantic_decorators__
    if own.validators or own.field_validators or own.root_validators or own.model_validators:
        return False
    if model.model_config.get("validate_default"):
        return False
    return not any(field.is_required() or field.validate_default for field in model.model_fields.values())


def _falls_back(name: str, text: str) -> bool:
    # An empty, zero or non-numeric PORT means the default (``http-core.md`` §1.2).
    return name in ("PORT", "CLIENT_PORT") and not (text.isdecimal() and int(text) > 0)


def _parse(text: str, key: str) -> Any:
    if text[:1] in "[{":
        try:
            return json.loads(text)
        except ValueError:
            return text
    if key in ("cors_origins", "allowed_hosts", "trusted_proxies", "disabled", "only", "required"):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def load(flags: Mapping[str, Any], environ: Mapping[str, str], path: Path | None = None) -> Config:
    """Read the configuration file and merge it with flags and environment.

    Parameters:
        flags: ``section.key`` → value; may name ``server.data_directory``.
        environ: the environment.
        path: of the file; without it ``config.toml`` in the data directory, if there is one.

    Raises:
        ConfigError: the file is missing, unreadable or no TOML, or a value does not fit.
    """
    directory = flags.get("server.data_directory") or environ.get(f"{PREFIX}DATA_DIRECTORY") or "~/.a-parallel"
    file = path or Path(directory).expanduser() / "config.toml"
    if path is None and not file.is_file():
        return Config(flags, environ, {}, file)
    try:
        return Config(flags, environ, tomllib.loads(file.read_text("utf-8")), file)
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not valid TOML: {error}") from None
