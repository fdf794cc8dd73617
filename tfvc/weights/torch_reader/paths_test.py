"""Settings of a training hold paths, which torch itself refuses; here they are texts."""

from pathlib import PosixPath, PurePosixPath, PureWindowsPath

import pytest

from tfvc.weights import WeightError, load_torch_file

torch = pytest.importorskip("torch")


def test_paths_are_texts(tmp_path):
    settings = {"a": PosixPath("/data/x.json"), "b": [PurePosixPath("rel/y")], "c": PureWindowsPath("C:\\data\\z")}
    torch.save({"w": torch.ones(2), "settings": settings}, tmp_path / "x.ckpt")
    found = load_torch_file(tmp_path / "x.ckpt")["settings"]
    assert found == {"a": "/data/x.json", "b": ["rel/y"], "c": "C:\\data\\z"}


def test_a_path_as_windows_or_a_later_python_writes_it(zip_file):
    for name, text in (("pathlib\nWindowsPath", "C:\\d"), ("pathlib._local\nPosixPath", "C:/d")):
        root = b"X\x03\x00\x00\x00C:\\" if "\\" in text else b"X\x02\x00\x00\x00C:"
        pickle = b"\x80\x02}X\x01\x00\x00\x00pc" + name.encode() + b"\n(" + root + b"X\x01\x00\x00\x00dtRs."
        assert load_torch_file(zip_file(pickle))["p"] == text


def test_a_path_of_what_is_no_text_is_refused(zip_file):
    with pytest.raises(WeightError, match="makes a path of what makes none"):
        load_torch_file(zip_file(b"\x80\x02}X\x01\x00\x00\x00pcpathlib\nPath\n(K\x01tRs."))
