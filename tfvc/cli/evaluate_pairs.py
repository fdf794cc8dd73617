"""`tfvc evaluate REF HYP` and `--pairs`."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from rich.console import Console

from tfvc.audio import MelSpec, Recording
from tfvc.audio.named_specs import named_specs
from tfvc.cli.bounds import Bounds
from tfvc.cli.console import error, progress, say
from tfvc.common.atomic import atomic_file
from tfvc.common.errors import TfvcError
from tfvc.metrics import METRICS, NEED_SAME_TIMING, Evaluation, find_defects
from tfvc.metrics.extra import require
from tfvc.metrics.pairs import Pair
from tfvc.metrics.plots import distributions, pair_figure
from tfvc.metrics.summary import means, table, write_json

_PICTURES = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class EvaluationOptions:
    """What is to be measured, as the command is told."""

    metrics: str | None
    aligned: bool
    mel: str
    speaker_encoder: str


def evaluate_pairs(
    pairs: Sequence[Pair], options: EvaluationOptions, json: Path | None, plot: Path | None, bounds: Bounds
) -> None:
    """Measures each pair, prints the means and writes what is asked for; arguments are those of the command."""
    if plot is not None and plot.suffix.lower() not in _PICTURES:
        raise TfvcError(f"{plot}: no format of pictures; use {', '.join(_PICTURES)}")
    evaluation = load_evaluation(options)
    with_sources = any(pair.source is not None for pair in pairs)
    bounds.check_known(evaluation.keys(with_sources))
    read = functools.lru_cache(64)(Recording.read)  # a reference may stand in many pairs

    rows, entries = [], []
    with progress("measuring", len(pairs)) as update:
        for done, pair in enumerate(pairs, start=1):
            try:
                hypothesis = Recording.read(pair.hypothesis)
                source = read(pair.source) if pair.source is not None else None
                row = evaluation.measure(read(pair.reference), hypothesis, source)
            except TfvcError as problem:
                if len(pairs) == 1:
                    raise
                error(str(problem))
            else:
                defects = find_defects(hypothesis.wave, hypothesis.sample_rate)
                for defect in defects:
                    say(f"{pair.hypothesis}: {defect}")
                rows.append(row)
                entries.append({**pair.to_dict(), **row, "defects": defects})
            update(done)
    if not rows:
        raise TfvcError(f"none of the {len(pairs)} pairs could be measured")

    figures = means(rows)
    Console().print(table(rows))
    if json is not None:
        head = {"pairs": len(rows), "failed": len(pairs) - len(rows), "aligned": options.aligned, "mel": options.mel}
        if evaluation.encoder is not None:
            head["speaker_encoder"] = evaluation.encoder.maker.to_dict()
        write_json({**head, **figures, "rows": entries}, json)
        say(f"wrote {json}")
    if plot is not None:
        if len(pairs) == 1:
            recordings = read(pairs[0].reference), Recording.read(pairs[0].hypothesis)
            _save_figure(pair_figure(*recordings, evaluation.mel_spec, "f0" in evaluation.metrics), plot)
        else:
            _save_figure(distributions(rows), plot)
        say(f"wrote {plot}")
    if len(rows) < len(pairs):
        missing = len(pairs) - len(rows)
        raise TfvcError(f"{missing} of {len(pairs)} pairs could not be measured; the figures are of the others")
    bounds.finish(figures)


def load_evaluation(options: EvaluationOptions) -> Evaluation:
    """What the options ask for, with all that it needs.

    Raises:
        TfvcError: for a metric that does not exist or does not fit, a package that is not installed, a mel spec or a
            speaker encoder that is not there.
    """
    possible = [name for name in METRICS if options.aligned or name not in NEED_SAME_TIMING]
    wanted = possible if options.metrics is None else [name.strip() for name in options.metrics.split(",")]
    for name in wanted:
        if name not in METRICS:
            raise TfvcError(f"--metrics {name}: no such metric; choose from {','.join(METRICS)}")
        if name not in possible:
            raise TfvcError(
                f"--metrics {name}: compares moment by moment; --aligned says that HYP has the timing of REF"
            )
    for package in (package for name in wanted for package in METRICS[name].packages):
        require(package)
    mel = options.mel
    spec = MelSpec.named(mel) if mel in named_specs() or not Path(mel).is_file() else MelSpec.load(mel)
    encoder = None
    if "speaker" in wanted:
        from tfvc.models.speaker_encoder import SpeakerEncoder

        encoder = SpeakerEncoder.from_preset(options.speaker_encoder)
    return Evaluation(wanted, options.aligned, spec, encoder)


def _save_figure(figure: Figure, path: Path) -> None:
    with atomic_file(path) as temporary:
        figure.savefig(temporary, dpi=100)
