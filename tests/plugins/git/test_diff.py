"""Lists of changed files, on real repositories (``http-core.md`` §7.3)."""

from pathlib import Path

import pytest

from a_parallel_contracts import BadRequest, NotFound
from a_parallel_plugins.git import diff
from a_parallel_plugins.git.diff import DiffReader, FileDiff
from a_parallel_plugins.git.service import GitService
from tests.support.repository import Repository, git, make_repository


@pytest.fixture
def reader(service: GitService) -> DiffReader:
    return DiffReader(service.commands)


def shape(files: list[FileDiff]) -> list[tuple[str, str, bool]]:
    return [(file.path, file.status, file.staged) for file in files]


async def test_nothing_has_changed(reader: DiffReader, repository: Repository) -> None:
    assert await reader.files(repository.path) == []


async def test_staged_then_unstaged_then_untracked(reader: DiffReader, repository: Repository) -> None:
    repository.write("z-staged", "s\n")
    repository.git("add", "z-staged")
    repository.write("README.md", "# demo\nmore\n")
    repository.write("new/file", "n\n")
    files = await reader.files(repository.path)
    assert shape(files) == [
        ("z-staged", "added", True),
        ("README.md", "modified", False),
        ("new/file", "added", False),
    ]
    assert files[0].diff.endswith("+++ b/z-staged\n@@ -0,0 +1 @@\n+s")
    assert files[1].diff.startswith("diff --git a/README.md b/README.md\nindex ")
    assert files[1].diff.endswith("\n--- a/README.md\n+++ b/README.md\n@@ -1 +1,2 @@\n # demo\n+more")
    assert files[2].diff.endswith("@@ -0,0 +1 @@\n+n")
    assert await reader.files(repository.path, staged_only=True) == files[:1]


async def test_one_entry_for_each_path(reader: DiffReader, repository: Repository) -> None:
    repository.write("README.md", "staged\n")
    repository.git("add", "README.md")
    repository.write("README.md", "staged\nthen more\n")
    (file,) = await reader.files(repository.path)
    assert (file.staged, "then more" in file.diff) == (True, False)


async def test_every_kind_of_change(reader: DiffReader, repository: Repository) -> None:
    root = repository.path
    repository.commit(
        "more", {"type": "t\n" * 30, "mode": "m\n", "moved": "moved\n" * 30, "gone": "g\n", "both": "b\n"}
    )
    (root / "type").unlink()
    (root / "type").symlink_to("mode")
    (root / "mode").chmod(0o755)
    (root / "gone").unlink()
    (root / "bin").write_bytes(b"\0\1")
    repository.git("mv", "moved", "dir-moved")
    repository.git("add", "bin")
    files = {file.path: file for file in await reader.files(root)}
    assert {path: (file.status, file.staged) for path, file in files.items()} == {
        "bin": ("added", True),
        "dir-moved": ("renamed", True),
        "gone": ("deleted", False),
        "mode": ("modified", False),
        "type": ("modified", False),
    }
    assert "rename from moved\nrename to dir-moved" in files["dir-moved"].diff
    assert files["bin"].diff.endswith("Binary files /dev/null and b/bin differ")
    assert "old mode 100644\nnew mode 100755" in files["mode"].diff
    assert files["type"].diff.count("diff --git a/type b/type") == 2


async def test_conflicts_show_their_markers(reader: DiffReader, repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "side")
    repository.commit("side", {"README.md": "side\n", "ok": "1\n"})
    repository.git("switch", "--quiet", "main")
    repository.commit("main", {"README.md": "main\n"})
    with pytest.raises(AssertionError):
        repository.git("merge", "side")
    files = await reader.files(repository.path)
    assert shape(files) == [("ok", "added", True), ("README.md", "modified", False)]
    assert "+<<<<<<< HEAD" in files[1].diff
    assert "Unmerged" not in files[0].diff + files[1].diff


async def test_odd_names(reader: DiffReader, repository: Repository) -> None:
    names = ["sp ace", "üñï.txt", 'q"uote', "new\nline", "back\\slash", "--help", ":(top)x", "*"]
    repository.commit("names", dict.fromkeys(names, "1\n"))
    for name in names:
        (repository.path / name).write_text("2\n")
    repository.write("untracked\nüñ", "u\n")
    files = await reader.files(repository.path)
    assert sorted(file.path for file in files) == sorted([*names, "untracked\nüñ"])
    assert all("+2" in file.diff or "+u" in file.diff for file in files)


async def test_a_name_that_is_no_utf8(reader: DiffReader, repository: Repository) -> None:
    raw = bytes(repository.path) + b"/caf\xe9"
    with open(raw, "wb") as file:  # noqa: PTH123, ASYNC230
        file.write(b"c\n")
    (found,) = await reader.files(repository.path)
    assert (found.path, found.diff.endswith("+c")) == ("caf\ufffd", True)


async def test_a_project_in_a_subdirectory_has_paths_of_its_own(reader: DiffReader, repository: Repository) -> None:
    repository.write("README.md", "outside\n")
    repository.write("src/app.py", "inside\n")
    repository.write("src/new", "n\n")
    repository.write("src/staged", "s\n")
    repository.git("add", "src/staged")
    files = await reader.files(repository.path / "src")
    assert shape(files) == [("staged", "added", True), ("app.py", "modified", False), ("new", "added", False)]
    assert files[1].diff.startswith("diff --git a/app.py b/app.py\n")


async def test_the_settings_of_a_user_change_nothing(reader: DiffReader, repository: Repository, home: Path) -> None:
    repository.write("README.md", "# demo\nmore\n")
    repository.git("mv", "src/app.py", "src/b.py")
    before = await reader.files(repository.path)
    (home / ".gitconfig").write_text(
        "[diff]\nnoprefix = true\nexternal = false\nrenames = false\ncontext = 0\nsubmodule = log\n"
        "orderFile = /nonexistent\ncolorMoved = zebra\nsuppressBlankEmpty = true\n"
        "[color]\nui = always\n[core]\nquotePath = true\n"
    )
    assert await reader.files(repository.path) == before


async def test_before_the_first_commit(reader: DiffReader, tmp_path: Path) -> None:
    made = make_repository(tmp_path / "empty", {})
    made.write("a", "1\n")
    made.write("b", "2\n")
    made.git("add", "a")
    assert shape(await reader.files(made.path)) == [("a", "added", True), ("b", "added", False)]


async def test_a_text_that_is_too_long_is_left_out(reader: DiffReader, repository: Repository) -> None:
    long = "x" * 100 + "\n"
    repository.write("README.md", long * 6000)
    repository.write("new", long * 6000)
    repository.write("src/app.py", "short\n")
    files = {file.path: file for file in await reader.files(repository.path)}
    assert {path: (file.diff == "", file.truncated) for path, file in files.items()} == {
        "README.md": (True, True),
        "new": (True, True),
        "src/app.py": (False, False),
    }
    for path in ("README.md", "new"):
        whole = await reader.whole(repository.path, path, None)
        assert (len(whole.diff) > 600_000, whole.truncated) == (True, False)


async def test_output_that_is_too_long_costs_only_the_file_that_is(
    reader: DiffReader, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diff, "TOTAL_LIMIT", 4000)
    repository.commit("files", dict.fromkeys(("a", "b", "c", "d"), "1\n"))
    for name, size in (("a", 1), ("b", 9000), ("c", 1), ("d", 1)):
        repository.write(name, "2\n" * size)
    files = await reader.files(repository.path)
    assert [(file.path, file.diff != "", file.truncated) for file in files] == [
        ("a", True, False),
        ("b", False, True),
        ("c", True, False),
        ("d", True, False),
    ]


async def test_one_file_with_all_of_its_text(reader: DiffReader, repository: Repository) -> None:
    repository.write("README.md", "staged\n")
    repository.git("add", "README.md")
    repository.write("README.md", "unstaged\n")
    assert "+staged" in (await reader.whole(repository.path, "README.md", None)).diff
    assert "+unstaged" in (await reader.whole(repository.path, "README.md", False)).diff
    with pytest.raises(NotFound):
        await reader.whole(repository.path, "src/app.py", None)


async def test_a_directory_that_is_gone_or_no_repository(reader: DiffReader, tmp_path: Path) -> None:
    for path in (tmp_path / "gone", tmp_path):
        with pytest.raises(BadRequest):
            await reader.files(path)


async def test_submodules_and_nested_repositories(reader: DiffReader, cloned: Repository, tmp_path: Path) -> None:
    library = make_repository(tmp_path / "library", {"l": "1"})
    cloned.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.path), "lib")
    cloned.commit("submodule")
    git(cloned.path / "lib", "commit", "--quiet", "--allow-empty", "--message", "own")
    make_repository(cloned.path / "inner")
    files = await reader.files(cloned.path)
    assert shape(files) == [("lib", "modified", False), ("inner/", "added", False)]
    assert "+Subproject commit " in files[0].diff
