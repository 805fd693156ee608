"""The first administrator, what local mode leaves to them, and accounts that are there already."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from a_parallel_kernel.testing import KernelFactory
from a_parallel_plugins.auth import AuthPlugin, hashing
from tests.plugins.auth import better_auth
from tests.plugins.auth.conftest import OpenHouse, WhoPlugin
from tests.plugins.auth.people import PASSWORD, Person, printed_password
from tests.plugins.auth.test_users import SheetsPlugin, owners

MULTI = {"server.auth_mode": "multi"}


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make hashes quick where their format is not what is tested."""
    monkeypatch.setattr(hashing, "COST", 16)
    monkeypatch.delenv("A_PARALLEL_ADMIN_PASSWORD", raising=False)


async def start(kernel: KernelFactory, directory: Path) -> Any:
    """Start a server in multi-user mode."""
    plugins = {"auth": AuthPlugin, "who": WhoPlugin}
    running = await kernel(plugins, authenticate=False, settings=MULTI, data_directory=directory)
    running.expect_running("auth")
    return running


async def test_the_first_password_is_random_printed_once_and_kept_for_its_owner(
    kernel: KernelFactory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    running = await start(kernel, tmp_path / "data")
    password = printed_password(capsys.readouterr().out)
    file = tmp_path / "data" / "admin-password"
    assert file.read_text() == password and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "data" / "auth-secret").stat().st_mode) == 0o600
    assert len((tmp_path / "data" / "auth-secret").read_text()) == 128
    admin = Person(running)
    assert (await admin.sign_in("admin", password)).status == 200
    await running.stop()
    running = await start(kernel, tmp_path / "data")
    assert "password" not in capsys.readouterr().out
    again = Person(running, admin.cookies)
    assert (await again.session())["user"]["username"] == "admin", "sessions outlive a restart"
    await again.post("/api/auth/change-password", currentPassword=password, newPassword=PASSWORD)
    assert not file.exists()


async def test_the_password_of_the_variable_is_neither_printed_nor_kept_nor_handed_on(
    multi: OpenHouse, capsys: pytest.CaptureFixture[str]
) -> None:
    house = await multi()
    assert PASSWORD not in capsys.readouterr().out
    assert not (house.running.kernel.config.server.data_directory / "admin-password").exists()
    assert "A_PARALLEL_ADMIN_PASSWORD" not in os.environ


async def test_a_weak_password_in_the_variable_starts_nothing(
    kernel: KernelFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_PARALLEL_ADMIN_PASSWORD", "admin")
    running = await kernel({"auth": AuthPlugin}, authenticate=False, settings=MULTI)
    assert running.state("auth") == "failed"
    assert "8 to 128 characters" in str(running.kernel.supervisor.records["auth"].error)
    assert (await Person(running).answer("GET", "/api/kernel/plugins")).status == 401


async def test_rows_of_local_mode_go_to_the_first_administrator_once(multi: OpenHouse, tmp_path: Path) -> None:
    house = await multi({"sheets": SheetsPlugin}, data_directory=tmp_path / "data")
    db = house.running.kernel.db
    await db.write(lambda tx: tx.execute("DELETE FROM auth_adoptions"))
    await db.write(lambda tx: tx.execute("INSERT INTO sheets VALUES ('old', '__local__')"))
    await house.user("ann")
    assert await owners(house) == {"old": "__local__"}, "users who are no administrators get nothing"
    own = await house.id_of(house.admin)
    await house.person().sign_in("admin")
    assert await owners(house) == {"old": own}
    await db.write(lambda tx: tx.execute("INSERT INTO sheets VALUES ('later', '__local__')"))
    await house.user("cleo", role="admin")
    assert await owners(house) == {"old": own, "later": "__local__"}


async def test_access_tokens_of_local_mode_go_on_working_for_the_first_administrator(
    kernel: KernelFactory, multi: OpenHouse, tmp_path: Path
) -> None:
    running = await kernel({"auth": AuthPlugin}, authenticate=False, data_directory=tmp_path / "data")
    local = (await running.client.acting_as(None).answer("GET", "/api/auth/token")).json["token"]
    token = (await Person(running, token=local).post("/api/auth/tokens", name="CI", scopes=["read"]))["token"]
    await running.stop()
    house = await multi(data_directory=tmp_path / "data")
    assert (await Person(house.running, token=token).get("/api/who"))["user"] == await house.id_of(house.admin)
    assert (await Person(house.running, token=local).answer("GET", "/api/who")).status == 401


@pytest.mark.parametrize("form", better_auth.FORMS)
async def test_accounts_that_are_there_sign_in_whatever_form_the_tables_have(
    kernel: KernelFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(hashing, "COST", 16384)
    directory = tmp_path / "data"
    await (await kernel({"who": WhoPlugin}, data_directory=directory)).stop()
    better_auth.write(directory / "data.db", form)
    (directory / "auth-secret").write_text(better_auth.SECRET)
    before = better_auth.schema(directory / "data.db")
    running = await start(kernel, directory)
    old = Person(running, {"better-auth.session_token": better_auth.COOKIE})
    session = await old.session()
    assert (session["user"]["username"], session["user"]["role"]) == ("olga", "admin")
    assert session["user"]["createdAt"] == "2026-01-01T00:00:00.000Z"
    olga = Person(running)
    answer = await olga.sign_in("olga", "admin")
    assert answer.status == 200, answer.body
    assert not (directory / "admin-password").exists(), "there is an administrator already"
    monkeypatch.setattr(hashing, "COST", 16)
    made = {"name": "New", "email": "new@local.host", "password": PASSWORD, "data": {"username": "new"}}
    await olga.post("/api/auth/admin/create-user", **made)
    assert (await Person(running).sign_in("new")).status == 200
    listed = (await olga.get("/api/auth/admin/list-users"))["users"]
    assert [user["username"] for user in listed] == ["olga", "new"]
    await running.stop()
    assert better_auth.schema(directory / "data.db") == before, "the tables keep their form"
    times = better_auth.times(directory / "data.db", form)
    assert len({type(time) for time in times}) == 1, "new rows are written as the old ones are"


async def test_columns_of_the_librarys_plugins_are_added_where_they_lack(kernel: KernelFactory, tmp_path: Path) -> None:
    directory = tmp_path / "data"
    await (await kernel({"who": WhoPlugin}, data_directory=directory)).stop()
    better_auth.write(directory / "data.db", "camel")
    with closing(sqlite3.connect(directory / "data.db")) as connection:
        for column in ("username", "displayUsername", "role", "banned"):
            if column == "username":
                connection.execute("DROP INDEX user_name_of")
            connection.execute(f'ALTER TABLE "user" DROP COLUMN "{column}"')
        connection.commit()
    running = await start(kernel, directory)
    columns = [row["name"] for row in await running.kernel.db.rows("SELECT name FROM pragma_table_info('user')")]
    assert {"username", "displayUsername", "role", "banned"} <= set(columns)
