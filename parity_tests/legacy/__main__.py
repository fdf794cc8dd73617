"""Judges goldens that were computed again beside those that are kept: `python -m parity_tests.legacy FOLDER`.

A golden that is not kept is put in its place. The exit code is 1 if one is not what it was.
"""

import shutil
import sys
from pathlib import Path

from parity_tests.legacy.judging import FOLDER
from tfvc.parity.dumped import judge_dumps


def _as_kept(made: Path) -> bool:
    kept = FOLDER / made.name
    if not kept.exists():
        (shutil.copytree if made.is_dir() else shutil.copy)(made, kept)
        print(f"{made.name}: new")
        return True
    if not made.is_dir():
        return kept.read_bytes() == made.read_bytes()
    # Another processor adds in another order: rounding may differ, and nothing else.
    report = judge_dumps(kept, made)
    print(report.summary() if report.passed else report.text())
    return report.passed


changed = [path.name for path in sorted(Path(sys.argv[1]).iterdir()) if path.suffix != ".h5" and not _as_kept(path)]
if changed:
    sys.exit(f"not what is kept in {FOLDER.name}: {', '.join(changed)}")
