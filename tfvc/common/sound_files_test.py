import pytest

from tfvc.common.errors import TfvcError
from tfvc.common.sound_files import sound_files


@pytest.fixture
def folder(tmp_path):
    for name in ("b.WAV", "deep/a.Flac", "deep/er/c.mp3", "d.ogg", "e.txt", "wav", ".f.wav", "._b.WAV", ".g/h.wav"):
        (tmp_path / "all" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "all" / name).touch()
    return tmp_path / "all"


def names(folder):
    return [path.relative_to(folder).as_posix() for path in sound_files(folder)]


def test_sound_is_told_by_the_suffix_and_hidden_files_are_left_out(folder):
    assert names(folder) == ["b.WAV", "d.ogg", "deep/a.Flac", "deep/er/c.mp3"]


def test_links_are_followed_but_not_in_circles(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/x.wav").touch()
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "deep/round").symlink_to(folder)
    (folder / "gone.wav").symlink_to(tmp_path / "nothing")
    assert names(folder) == ["b.WAV", "d.ogg", "deep/a.Flac", "deep/er/c.mp3", "gone.wav", "linked/x.wav"]


def test_a_folder_that_is_not_there_is_one_line(folder):
    with pytest.raises(TfvcError, match="none cannot be read"):
        sound_files(folder / "none")
