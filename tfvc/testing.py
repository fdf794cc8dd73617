"""Fixtures that all tests share, and their order; a pytest plugin, loaded by the project's own pytest settings."""

import os
from pathlib import Path

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the longest tests first, and says what `pytest -n` may run side by side.

    A file's tests share fixtures and stay together. All `full_size` ones stay together too: they hold four models to a
    comparison, and two comparisons at once would want more memory than a small machine has.
    """
    for item in items:
        full_size = item.get_closest_marker("full_size") is not None
        if full_size:
            item.add_marker("slow")
        item.add_marker(pytest.mark.xdist_group("full size" if full_size else item.path.name))
    items.sort(key=lambda item: item.get_closest_marker("full_size") is None)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Real speech and weights: `$TFVC_REAL_DATA`, else `../shared/data` beside the repository.

    A test that wants them is skipped where they are absent.
    """
    named = os.environ.get("TFVC_REAL_DATA")
    root = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not root.is_dir():
        pytest.skip(f"no real speech at {root}: set TFVC_REAL_DATA to its folder")
    return root


@pytest.fixture(scope="session")
def ge2e():
    """The published speaker encoder, fetched once."""
    from tfvc.models.speaker_encoder import SpeakerEncoder
    from tfvc.models.speaker_encoder.published import fetch_ge2e

    return SpeakerEncoder.from_preset(fetch_ge2e()[0])
