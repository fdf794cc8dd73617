"""Fixtures that all tests share, and their order; a pytest plugin, loaded by the project's own pytest settings."""

import os
from pathlib import Path

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts slow tests first, and says what `pytest -n` may run side by side.

    A file's tests share fixtures and stay together. All slow ones stay together too: they hold models of full size,
    four to a comparison, and two such at once would want more memory than a small machine has.
    """
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items:
        slow = item.get_closest_marker("slow") is not None
        item.add_marker(pytest.mark.xdist_group("slow" if slow else item.path.name))


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
