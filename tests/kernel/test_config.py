"""Configuration: flag before environment before file before default."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from a_parallel_kernel.config import Config, ConfigError, load


class Anything(BaseModel):
    model_config = ConfigDict(extra="allow")


class Notes(BaseModel):
    max_length: int = Field(default=500, gt=0)
    words: tuple[str, ...] = ()


FILE = {"server": {"port": 1}, "plugins": {"disabled": ["x"], "notes": {"max_length": 1}}}


def test_a_flag_wins_over_the_environment_and_that_over_the_file() -> None:
    environ = {"A_PARALLEL_PORT": "2", "PORT": "3"}
    assert Config({}, {}, FILE).server.port == 1
    assert Config({}, {"PORT": "3"}, FILE).server.port == 3
    assert Config({}, environ, FILE).server.port == 2
    assert Config({"server.port": 4}, environ, FILE).server.port == 4
    assert Config().server.port == 3001


@pytest.mark.parametrize("text", ["", "0", "abc"])
def test_a_port_that_is_no_port_means_the_default(text: str) -> None:
    assert Config({}, {"PORT": text}).server.port == 3001


def test_plugins_get_their_section_from_all_sources() -> None:
    assert Config({}, {}, FILE).plugin("notes", Notes).max_length == 1
    environ = {"A_PARALLEL_NOTES_MAX_LENGTH": "7", "A_PARALLEL_NOTES_WORDS": '["a", "b"]'}
    assert Config({}, environ, FILE).plugin("notes", Notes) == Notes(max_length=7, words=("a", "b"))
    assert Config({"plugins.notes.max_length": 9}, environ, FILE).plugin("notes", Notes).max_length == 9


def test_a_wrong_value_is_named_with_its_source(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"plugins\.notes\.max_length: .*greater than 0 \(from A_PARALLEL_NOTES_MAX"):
        Config({}, {"A_PARALLEL_NOTES_MAX_LENGTH": "-1"}).plugin("notes", Notes)
    with pytest.raises(ConfigError, match=r"server\.prot: is not a setting of this section"):
        Config({}, {}, {"server": {"prot": 1}}, tmp_path / "config.toml")
    with pytest.raises(ConfigError, match=r"unknown section \[sever\]"):
        Config({}, {}, {"sever": {}}, tmp_path / "config.toml")


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("server.prot", r"server\.prot: is not a setting of this section \(from flag server\.prot\); there are host"),
        ("sever.port", r"flag sever\.port: unknown section; there are server"),
        ("plugins.notes", r"flag plugins\.notes: write it as section\.key or plugins\.ID\.key"),
        ("server.port.high", r"flag server\.port\.high: write it as"),
    ],
)
def test_a_misspelt_flag_is_refused(flag: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        Config({flag: 1})


def test_a_misspelt_setting_of_a_plugin_is_refused_unless_it_takes_any(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"plugins\.notes\.max_lenght: is not a .* there are max_length, words"):
        Config({"plugins.notes.max_lenght": 1}).plugin("notes", Notes)
    file = {"plugins": {"notes": {"max_lenght": 1}}}
    with pytest.raises(ConfigError, match=r"plugins\.notes\.max_lenght: is not a setting .*config\.toml"):
        Config({}, {}, file, tmp_path / "config.toml").plugin("notes", Notes)
    assert Config({"plugins.notes.else": 1}).plugin("notes", Anything).model_extra == {"else": 1}


def test_it_is_known_which_plugins_have_settings() -> None:
    config = Config({"plugins.web.directory": "x", "plugins.only": ["a"], "server.port": 0}, {}, FILE)
    assert config.configured() == {"web", "notes"}


def test_lists_say_who_is_on_and_who_decided() -> None:
    config = Config({}, {}, FILE, Path("config.toml"))
    assert not config.enabled("x", {"x": True})
    assert config.decided("x") == "disabled in config.toml"
    assert config.decided("y") is None
    assert config.enabled("y", {})
    assert not config.enabled("y", {"y": False})
    only = Config({"plugins.only": ["y"]}, {}, {})
    assert only.enabled("y", {"y": False})
    assert not only.enabled("z", {})
    assert only.decided("z") == "the flag --only"
    disabled = Config({}, {"A_PARALLEL_PLUGINS_DISABLED": "a, b"}, {})
    assert not disabled.enabled("b", {})
    assert disabled.decided("b") == "the environment variable A_PARALLEL_PLUGINS_DISABLED"


def test_auth_mode_knows_multi_in_any_case() -> None:
    assert Config({}, {"AUTH_MODE": "MULTI"}).server.auth_mode == "multi"
    assert Config({}, {"AUTH_MODE": ""}).server.auth_mode == "local"
    assert Config({}, {"AUTH_MODE": "none"}).server.auth_mode == "local"


def test_cors_origins_replace_the_default_list() -> None:
    assert "tauri://localhost" in Config({}, {"CLIENT_PORT": "9"}).server.origins
    assert "http://localhost:9" in Config({}, {"CLIENT_PORT": "9"}).server.origins
    assert Config({}, {"CORS_ORIGIN": "http://a , http://b"}).server.origins == ("http://a", "http://b")


def test_the_file_is_found_in_the_data_directory(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[server]\nport = 77\n")
    assert load({"server.data_directory": tmp_path}, {}).server.port == 77
    assert load({}, {"A_PARALLEL_DATA_DIRECTORY": str(tmp_path)}).server.port == 77


def test_an_unreadable_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load({}, {}, tmp_path / "missing.toml")
    (tmp_path / "bad.toml").write_text("port = ")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load({}, {}, tmp_path / "bad.toml")
