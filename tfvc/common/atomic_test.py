import os

import pytest

from tfvc.common.atomic import atomic_dir, atomic_file


def test_a_file_appears_whole_with_the_permissions_of_any_other(tmp_path):
    with atomic_file(tmp_path / "deep/a.weights.h5") as temporary:
        assert temporary.name.endswith(".weights.h5")
        temporary.write_text("new")
        assert not (tmp_path / "deep/a.weights.h5").exists()
    (tmp_path / "plain").write_text("x")
    assert (tmp_path / "deep/a.weights.h5").read_text() == "new"
    assert os.stat(tmp_path / "deep/a.weights.h5").st_mode == os.stat(tmp_path / "plain").st_mode


def write_and_fail(writer, path):
    with writer(path) as temporary:
        (temporary if temporary.is_file() else temporary / "y").write_text("half")
        raise RuntimeError


def test_an_error_leaves_what_was_there_and_nothing_else(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "d").mkdir()
    (tmp_path / "d/x").write_text("old")
    for writer, path in ((atomic_file, tmp_path / "a.txt"), (atomic_dir, tmp_path / "d")):
        with pytest.raises(RuntimeError):
            write_and_fail(writer, path)
    assert (tmp_path / "a.txt").read_text() == "old"
    assert [p.name for p in (tmp_path / "d").iterdir()] == ["x"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "d"]


def test_a_folder_takes_the_place_of_the_old_one(tmp_path):
    for content in ("one", "two"):
        with atomic_dir(tmp_path / "d") as temporary:
            (temporary / content).write_text(content)
    assert [p.name for p in (tmp_path / "d").iterdir()] == ["two"]
    assert [p.name for p in tmp_path.iterdir()] == ["d"]
