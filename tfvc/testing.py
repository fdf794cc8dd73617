"""Fixtures that all tests share, and their order; a pytest plugin, loaded by the project's own pytest settings."""

import os
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the files with the longest tests first: one process can do them while another does the rest."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


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
