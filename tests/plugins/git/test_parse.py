"""What git prints is read exactly, whatever names files have."""

import os

from a_parallel_plugins.git import parse
from a_parallel_plugins.git.snapshot import Listed, listed

OID = b"1" * 40
HEADERS = b"# branch.oid " + OID + b"\0# branch.head feature/x\0# branch.upstream origin/x\0# branch.ab +2 -1\0"


def test_headers_tell_branch_and_upstream() -> None:
    report = parse.status_report(HEADERS)
    assert (report.oid, report.branch, report.upstream, report.ahead) == ("1" * 40, "feature/x", "origin/x", 2)


def test_an_upstream_that_is_gone_has_no_distance() -> None:
    report = parse.status_report(b"# branch.oid " + OID + b"\0# branch.head x\0# branch.upstream origin/x\0")
    assert (report.upstream, report.ahead) == ("origin/x", None)


def test_before_the_first_commit_and_on_a_detached_head() -> None:
    assert parse.status_report(b"# branch.oid (initial)\0# branch.head main\0").oid is None
    assert parse.status_report(b"# branch.oid " + OID + b"\0# branch.head (detached)\0").branch is None


def test_headers_of_later_versions_are_skipped() -> None:
    assert parse.status_report(b"# branch.oid " + OID + b"\0# stash 3\0# whatever\0? a\0").entries == (
        parse.Entry("untracked", "?", "?", "a"),
    )


def test_a_rename_takes_two_records() -> None:
    line = b"2 R. N... 100644 100644 100644 " + OID + b" " + OID + b" R100 new name\0old\nname\0? next\0"
    renamed, untracked = parse.status_report(line).entries
    assert (renamed.path, renamed.original, renamed.staged) == ("new name", "old\nname", "R")
    assert untracked.path == "next"


def test_names_with_blanks_newlines_and_broken_encoding_come_back_as_bytes() -> None:
    raw = b"sp ace\n\xfc\xff.txt"
    line = b"1 .M N... 100644 100644 100644 " + OID + b" " + OID + b" " + raw + b"\0"
    (entry,) = parse.status_report(line).entries
    assert os.fsencode(entry.path) == raw
    assert (entry.staged, entry.unstaged) == (".", "M")


def test_conflicts_and_submodules_are_told_apart() -> None:
    conflict = b"u UU N... 100644 100644 100644 100644 " + OID + b" " + OID + b" " + OID + b" both.txt\0"
    module = b"1 .M SC.. 160000 160000 160000 " + OID + b" " + OID + b" lib\0"
    first, second = parse.status_report(conflict + module).entries
    assert (first.kind, first.path, first.submodule) == ("unmerged", "both.txt", False)
    assert (second.path, second.submodule) == ("lib", True)


def test_a_report_knows_what_is_staged() -> None:
    def report(letters: bytes) -> parse.Report:
        return parse.status_report(b"1 " + letters + b" N... 1 1 1 " + OID + b" " + OID + b" f\0")

    assert (report(b"M.").has_staged, report(b"M.").has_unstaged) == (True, False)
    assert (report(b".M").has_staged, report(b".M").has_unstaged) == (False, True)
    assert not parse.status_report(b"? f\0").has_staged


def test_lines_are_summed_without_binary_files_and_with_renames() -> None:
    assert parse.line_counts(b"3\t1\ta\0-\t-\tb.png\0" + b"2\t0\t\0old\0new\0" + b"1\t1\tz\0") == (6, 2)
    assert parse.line_counts(b"") == (0, 0)


def test_changes_between_trees() -> None:
    output = b":100644 000000 " + OID + b" " + b"0" * 40 + b" D\0gone\0"
    output += b":000000 120000 " + b"0" * 40 + b" " + OID + b" A\0li\nnk\0"
    gone, link = parse.changes(output)
    assert (gone.letter, gone.path, gone.mode) == ("D", "gone", "000000")
    assert (link.letter, link.path, link.mode, link.oid) == ("A", "li\nnk", "120000", "1" * 40)


def test_lines_for_stdin_paths_are_quoted_only_where_a_line_will_not_do() -> None:
    assert parse.c_quoted("sp ace\\x") == b"sp ace\\x"
    assert parse.c_quoted('"a"') == b'"\\"a\\""'
    assert parse.c_quoted("a\nb\\") == b'"a\\nb\\\\"'


def test_flags_of_the_index() -> None:
    output = (
        b"H 100644 "
        + OID
        + b" 0\ta\tb\0"
        + b"h 100644 "
        + OID
        + b" 0\tassumed\0"
        + b"S 100644 "
        + OID
        + b" 0\tskipped\0"
    )
    plain, assumed, skipped = listed(output)
    assert plain == Listed("H", "100644", "1" * 40, "a\tb")
    assert (plain.hidden, assumed.hidden, skipped.hidden) == (False, True, True)
