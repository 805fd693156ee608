"""Patches are taken apart at the right places, whatever files contain and are called."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from a_parallel_plugins.git.patches import Changed, quoted, take_apart, texts
from a_parallel_plugins.git.untracked import patch

RAW = b":100644 100644 1111111 2222222 M\0a.txt\0:100644 100644 1111111 1111111 R100\0old name\0new\nname\0\0"
FIRST = (
    b"diff --git a/a.txt b/a.txt\nindex 1..2 100644\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-diff --git a/x b/x\n+y\n"
)
SECOND = b'diff --git a/old name "b/new\\nname"\nsimilarity index 100%\nrename from old name\nrename to "new\\nname"\n'


def test_the_list_comes_before_the_patches() -> None:
    files, patches = take_apart(RAW + FIRST + SECOND)
    assert files == [Changed("M", "a.txt"), Changed("R", "new\nname", "old name")]
    assert texts(patches, files) == [FIRST, SECOND]


def test_a_file_without_a_patch_is_skipped() -> None:
    files = [Changed("M", "gone"), Changed("M", "a.txt"), Changed("M", "z")]
    assert texts(FIRST, files) == [None, FIRST, None]


def test_a_changed_type_is_two_patches_of_one_file() -> None:
    two = b"diff --git a/l b/l\ndeleted file mode 120000\ndiff --git a/l b/l\nnew file mode 100644\n"
    files = [Changed("T", "l"), Changed("M", "a.txt")]
    assert texts(two + FIRST, files) == [two, FIRST]


def test_words_about_conflicts_belong_to_no_file() -> None:
    files = [Changed("M", "a.txt"), Changed("R", "new\nname", "old name")]
    assert texts(FIRST + b"* Unmerged path c.txt\n" + SECOND, files) == [FIRST, SECOND]


def test_output_that_was_cut_off() -> None:
    files, patches = take_apart((RAW + FIRST + SECOND)[:-10])
    assert texts(patches, files) == [FIRST, SECOND[:-10]]


def test_names_are_quoted_as_git_does() -> None:
    assert quoted("a/", "üñ x") == "a/üñ x".encode()
    assert quoted("b/", 'q"\\\t\x01') == b'"b/q\\"\\\\\\t\\001"'
    assert quoted("a/", "broken-\udcff") == b"a/broken-\xff"


def test_an_untracked_file_is_all_added(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("one\ntwo")
    expected = b"diff --git a/f b/f\nnew file mode 100644\n--- /dev/null\n+++ b/f\n@@ -0,0 +1,2 @@\n+one\n+two\n"
    assert patch(tmp_path, "f", 100) == expected + b"\\ No newline at end of file\n"
    (tmp_path / "f").write_text("one\n")
    assert (patch(tmp_path, "f", 100) or b"").endswith(b"@@ -0,0 +1 @@\n+one\n")


def test_untracked_files_of_other_kinds(tmp_path: Path) -> None:
    (tmp_path / "empty").touch(mode=0o755)
    (tmp_path / "bin").write_bytes(b"a\0b")
    (tmp_path / "link").symlink_to("empty")
    assert patch(tmp_path, "empty", 100) == b"diff --git a/empty b/empty\nnew file mode 100755\n"
    assert (patch(tmp_path, "bin", 100) or b"").endswith(b"Binary files /dev/null and b/bin differ\n")
    assert b"new file mode 120000" in (patch(tmp_path, "link", 100) or b"")
    assert patch(tmp_path, "bin", 2) is None
    assert patch(tmp_path, "gone", 100) is None
    assert patch(tmp_path, ".", 100) == b""


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)))
def test_any_names_are_told_apart(names: list[str]) -> None:
    files = [Changed("M", name) for name in dict.fromkeys(names)]
    parts = [file.header + b"@@ -1 +1 @@\n-a\n+b\n" for file in files]
    assert texts(b"".join(parts), files) == parts
