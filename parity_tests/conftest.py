"""What the parity tests share."""

from pathlib import Path

import pytest

from tfvc.testing import real_data_root


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real speech and weights; skips, saying so, where it is absent."""
    root = real_data_root()
    if root is None:
        pytest.skip("no real data: set TFVC_REAL_DATA to its folder")
    return root
