"""What tests share: where the real speech and weights for development lie."""

import os
from pathlib import Path


def real_data_root() -> Path | None:
    """The folder named by `$TFVC_REAL_DATA`, else `../shared/data` beside the repository; None if absent."""
    named = os.environ.get("TFVC_REAL_DATA")
    root = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    return root if root.is_dir() else None
