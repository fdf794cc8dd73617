"""A protocol from its file to its folder of results."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tfvc
from tfvc.audio.pictures import mel_figure
from tfvc.benchmark.config import Protocol
from tfvc.benchmark.copy_synthesis import CopySynthesis
from tfvc.benchmark.experiment import Experiment
from tfvc.benchmark.long_recording import LongRecording
from tfvc.benchmark.parallel import Parallel
from tfvc.benchmark.table import markdown
from tfvc.benchmark.unseen import Unseen
from tfvc.common.atomic import atomic_dir
from tfvc.common.errors import TfvcError
from tfvc.metrics import METRICS
from tfvc.metrics.extra import require
from tfvc.metrics.summary import write_json

FIGURES, ROWS, TABLE, PICTURE, SOUND = "figures.json", "rows.json", "table.md", "mels.png", "sound"
_SECTIONS = {
    "parallel": Parallel,
    "unseen": Unseen,
    "copy_synthesis": CopySynthesis,
    "long_recording": LongRecording,
}


def run_protocol(
    protocol: Protocol, data: Path, out: Path, report: Callable[[int, str, int], None] = lambda *_: None
) -> dict[str, Any]:
    """Converts, vocodes and measures all that a protocol names.

    Args:
        protocol: what to do.
        data: folder of the corpora that it names.
        out: folder for `figures.json`, `rows.json` with what was measured of each conversion, `table.md`, `mels.png`
            (with a section `parallel`) and `sound/`; it appears when all is done, in the place of an earlier one.
        report: called with the number of steps done, what is being done, and the number of all steps.

    Returns:
        The content of `figures.json`: "figures", section -> key -> figure; "protocol", with every default filled in;
        "checkpoints", SHA-256 of their weights.

    Raises:
        TfvcError: if a checkpoint, a corpus or a package is missing, or `out` holds something else.
    """
    if out.exists() and not (out / FIGURES).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise TfvcError(f"{out}: exists and holds no results of a protocol; choose another folder")
    for package in sorted({package for metric in METRICS.values() for package in metric.packages}):
        require(package)
    with atomic_dir(out) as temporary:
        common = protocol.common
        experiment = Experiment(common, data, temporary / SOUND)
        # All are made before any is run: what is missing is said at once.
        sections = {name: _SECTIONS[name](config, experiment) for name, config in protocol.sections.items()}
        rows = _measure(sections, report)
        vocoders = protocol.sections["copy_synthesis"].vocoders if "copy_synthesis" in sections else ()
        results = {
            "tfvc": tfvc.__version__,
            "protocol": protocol.to_dict(),
            "checkpoints": experiment.checkpoints(*vocoders),
            "figures": {name: section.figures(rows[name]) for name, section in sections.items()},
        }
        write_json(results, temporary / FIGURES)
        write_json(rows, temporary / ROWS)
        (temporary / TABLE).write_text(markdown(results), encoding="utf-8")
        if "parallel" in sections:
            spec = experiment.spec
            mel_figure(sections["parallel"].pictured, spec.hop / spec.sample_rate).savefig(temporary / PICTURE, dpi=100)
    return results


def _measure(sections: dict, report: Callable[[int, str, int], None]) -> dict[str, list[dict]]:
    total = sum(len(section.jobs) for section in sections.values())
    rows: dict[str, list[dict]] = {}
    done = 0
    for name, section in sections.items():
        rows[name] = []
        for job in section.jobs:
            rows[name].append(section.measure(job))
            done += 1
            report(done, name.replace("_", " "), total)
    return rows
