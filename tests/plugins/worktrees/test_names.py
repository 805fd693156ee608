"""Names of branches and directories (``http-core.md`` §6.8)."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from a_parallel_contracts import BadRequest
from a_parallel_contracts.git import snapshot_ref
from a_parallel_contracts.projects import Project
from a_parallel_plugins.worktrees import names
from a_parallel_plugins.worktrees.listing import parse_list

PROJECT = Project(
    id="p", name="My Project!", path="/srv/code/my.project", user_id="u", sort_order=0, created_at="2026-01-01"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Work tree Task", "work-tree-task"),
        ("  --Fix: the   bug--  ", "fix-the-bug"),
        ("Ünïcode ✓", "ncode"),
        ("!!!", "thread"),
        ("", "thread"),
        ("a\tb\nc", "a-b-c"),
        ("x" * 39 + " y", "x" * 39),
        ("../../etc", "etc"),
        ("-n", "n"),
        ("feat/a@{b}~1^", "featab1"),
    ],
)
def test_slugs(text: str, expected: str) -> None:
    assert names.slug(text) == expected


@given(st.text())
def test_a_slug_is_always_a_safe_part_of_a_name(text: str) -> None:
    made = names.slug(text)
    assert 0 < len(made) <= 40
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert made[0] != "-"
    assert made[-1] != "-"


def test_the_branch_of_a_thread() -> None:
    assert names.thread_branch(PROJECT, "AbCdEfGh", "Do it", set()) == "my-project/do-it-AbCdEf"


def test_a_branch_that_stands_in_the_way_is_gone_around() -> None:
    assert names.thread_branch(PROJECT, "AbCdEf", "x", {"my-project"}) == "my-project-2/x-AbCdEf"
    taken = {"my-project/x-AbCdEf", "my-project-2"}
    assert names.thread_branch(PROJECT, "AbCdEf", "x", taken) == "my-project-3/x-AbCdEf"


def test_the_directory_of_a_branch() -> None:
    below = Path("/srv/code/.a-parallel-worktrees/my.project")
    assert names.directory_of(PROJECT, "a/b-c") == below / "a-b-c"


@pytest.mark.parametrize("branch", ["..", ".", ""])
def test_a_name_that_leads_out_is_refused(branch: str) -> None:
    with pytest.raises(BadRequest):
        names.directory_of(PROJECT, branch)


@given(st.text())
def test_no_name_leads_out_of_the_container(branch: str) -> None:
    try:
        directory = names.directory_of(PROJECT, branch)
    except BadRequest:
        return
    assert directory.parent == names.container(PROJECT)


def test_refs_of_snapshots() -> None:
    assert re.fullmatch(r"refs/a-parallel/snapshots/t_-1/\d{8}T\d{12}Z", snapshot_ref("t_-1"))
    assert snapshot_ref("t", "head").endswith("Z-head")
    assert snapshot_ref("a/../b..c").startswith("refs/a-parallel/snapshots/a----b--c/")


def test_the_list_of_git_is_read() -> None:
    output = (
        b"worktree /a\nb\0HEAD 1111111111\0branch refs/heads/main\0\0"
        b"worktree /x\0HEAD 2222222222\0detached\0locked because\0\0"
        b"worktree /y\0HEAD 3333333333\0branch refs/heads/y\0locked\0prunable gone\0\0"
    )
    main, detached, gone = parse_list(output)
    assert (main.path, main.branch, main.main, main.locked) == ("/a\nb", "main", True, None)
    assert (detached.branch, detached.locked, detached.shown().branch) == (None, "because", "(2222222)")
    assert (gone.locked, gone.prunable, gone.main) == ("", True, False)


def test_the_list_of_an_older_git_and_a_bare_repository() -> None:
    bare, linked = parse_list(b"worktree /r.git\nbare\n\nworktree /x\nHEAD 22\nbranch refs/heads/x\n\n", b"\n")
    assert (bare.bare, linked.branch, linked.main) == (True, "x", False)
