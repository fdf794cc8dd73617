"""The files that Keras 2 saved, and the command line."""

import functools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from parity_tests.legacy.files import write_file
from tfvc.cli.conftest import tfvc  # noqa: F401 (a fixture)


@pytest.fixture(scope="session")
def saved(tmp_path_factory) -> Callable[[str], Path]:
    """The file of a network by its name: one of those in `$TFVC_LEGACY_FILES`, else written by its layout."""
    if "TFVC_LEGACY_FILES" in os.environ:
        folder = Path(os.environ["TFVC_LEGACY_FILES"]).resolve()
        return lambda name: folder / f"{name}.h5"
    folder = tmp_path_factory.mktemp("saved")
    return functools.cache(lambda name: write_file(folder / f"{name}.h5", name))
