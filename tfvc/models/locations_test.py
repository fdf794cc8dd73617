import json
import pwd
from pathlib import Path

import pytest

from tfvc.common.errors import TfvcError
from tfvc.models import locations
from tfvc.models.locations import cache_dir, find_preset


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """The three folders of presets, all empty, in the order in which they are searched."""
    package = tmp_path / "site-packages" / "tfvc"
    monkeypatch.setattr(locations, "_PACKAGE", package)
    monkeypatch.setenv("TFVC_CHECKPOINTS", str(tmp_path / "named"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return [tmp_path / "named", package / "checkpoints", tmp_path / "cache" / "tfvc"]


def put(folder: Path, name: str) -> Path:
    """A folder that looks like a preset."""
    preset = folder / name
    preset.mkdir(parents=True)
    (preset / "config.json").write_text(json.dumps({}))
    return preset


def without_home(monkeypatch):
    """As in a container that runs under a number no user has."""

    def unknown(uid):
        raise KeyError(uid)

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)


def test_the_first_folder_that_has_a_name_is_taken(folders):
    for folder in reversed(folders):
        preset = put(folder, "voice")
        assert find_preset("voice") == preset


def test_presets_lie_in_an_installed_package_or_beside_it_in_the_repository(folders):
    package = folders[1].parent
    beside = put(package.parent / "checkpoints", "voice")
    assert find_preset("voice") == beside
    put(folders[1], "other")  # the package has presets: what lies beside it is not of tfvc
    with pytest.raises(TfvcError, match="known names: other"):
        find_preset("voice")


def test_the_bundled_presets_of_this_repository_are_found():
    assert find_preset("autovc_small") == Path(__file__).parents[2] / "checkpoints" / "autovc_small"


def test_the_cache_is_where_linux_has_caches(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_dir() == tmp_path / "tfvc"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_dir() == tmp_path / "home" / ".cache" / "tfvc"


def test_without_a_home_bundled_presets_are_found_and_the_cache_is_asked_for(folders, monkeypatch):
    without_home(monkeypatch)
    preset = put(folders[1], "voice")
    assert find_preset("voice") == preset
    with pytest.raises(TfvcError, match=r"no home folder.*set XDG_CACHE_HOME"):
        find_preset("ge2e")
