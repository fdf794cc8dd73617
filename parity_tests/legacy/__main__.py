"""Compares goldens that were computed again with those that are kept: `python -m parity_tests.legacy FOLDER`.

A golden that is not kept is put in its place. The exit code is 1 if a tensor is not what it was.
"""

import shutil
import sys
from pathlib import Path

from parity_tests.legacy import golden
from parity_tests.legacy.judging import rows


def main() -> None:
    changed = [path.name for path in sorted(Path(sys.argv[1]).iterdir()) if not _as_kept(path)]
    if changed:
        sys.exit(f"not what is kept in {golden.FOLDER.name}: {', '.join(changed)}")


def _as_kept(path: Path) -> bool:
    kept = golden.FOLDER / path.name
    if path.suffix not in (".npz", ".json"):
        return True
    if not kept.exists():
        shutil.copy(path, kept)
        print(f"{path.name}: new")
        return True
    if kept.read_bytes() == path.read_bytes():
        print(f"{path.name}: the same bytes")
        return True
    if path.suffix == ".json":
        return False
    # Another processor adds in another order: rounding may differ, and nothing else.
    verdicts = rows(golden.read(kept), golden.read(path))
    error, ratio = (max(getattr(row, name) or 0.0 for row in verdicts) for name in ("error64", "ratio"))
    print(f"{path.name}: float64 differs by up to {error:.1e}, float32 by up to {ratio:.2f} x its noise")
    failed = [row for row in verdicts if row.failed]
    for row in failed:
        print(f"  {row.key}: {row.reason}")
    return not failed


main()
