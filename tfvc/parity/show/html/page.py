"""The page: one article for each report, those that failed first."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from tfvc import __version__
from tfvc.common.atomic import atomic_file
from tfvc.parity.findings.findings import Findings
from tfvc.parity.findings.layer import CULPRIT, FINE, NOT_COMPARED, UNPAIRED, VICTIM, Layer, worst
from tfvc.parity.findings.row import NOISE_FACTOR, Row
from tfvc.parity.findings.stage import Phase
from tfvc.parity.findings.words import (
    limit_words,
    not_compared_words,
    raised_together,
    raised_words,
    side_words,
    stage_words,
    unexercised_words,
)
from tfvc.parity.show.html import figures
from tfvc.parity.show.html.chart import Chart, Group, chart
from tfvc.parity.show.html.stages import largest, of_phase, stages, steps
from tfvc.parity.show.html.tree import tree

VERDICTS = {CULPRIT: "✕", VICTIM: "▲", FINE: "✓", NOT_COMPARED: "?", UNPAIRED: "○"}
VIEWS = {
    "local_forward": ("local", "forward"),
    "propagated_forward": ("propagated", "forward"),
    "local_backward": ("local", "gradients"),
    "propagated_backward": ("propagated", "gradients"),
}
PHASES = {
    Phase.FORWARD: "Forward",
    Phase.BACKWARD: "Backward",
    Phase.TRAIN: "Training",
    Phase.ROUND_TRIP: "Round trip",
    Phase.STEPWISE: "Step by step",
}


def write_html(reports: Sequence[Findings], path: str | Path) -> None:
    """Writes reports as one page; the file appears whole or not at all."""
    page = to_html(reports)
    with atomic_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def to_html(reports: Sequence[Findings]) -> str:
    """The page: no scripts, styles, fonts or pictures but those in it."""
    environment = Environment(
        loader=PackageLoader("tfvc.parity.show", "html"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {
        "number": figures.number,
        "times": figures.times,
        "count": figures.count,
        "duration": figures.duration,
        "error": figures.error,
        "describe": figures.describe,
        "verdict": figures.verdict,
        "worst": worst,
        "stage_words": stage_words,
        "not_compared_words": not_compared_words,
        "raised_words": raised_words,
        "raised_together": raised_together,
        "side_words": side_words,
        "limit_words": limit_words,
        "unexercised_words": unexercised_words,
        "values": asdict,
    }
    ordered = sorted(reports, key=lambda report: report.passed)
    return environment.get_template("page.html.jinja").render(
        reports=ordered,
        failed=sum(not report.passed for report in reports),
        version=__version__,
        verdicts=VERDICTS,
        views=VIEWS,
        phases=PHASES,
        noise_factor=NOISE_FACTOR,
        tree=tree,
        stages=stages,
        steps=steps,
        culprit=culprit,
        of_phase=of_phase,
        worst_in=worst_in,
        whole_model=whole_model,
        single_layers=single_layers,
        training_step=training_step,
    )


def worst_in(report: Findings, phase: Phase) -> Row | None:
    """The row to show for a phase."""
    return largest(of_phase(report, phase))


def culprit(report: Findings) -> Layer | None:
    """The layer where everything starts, if it is a layer."""
    named = report.diagnosis.culprit if report.diagnosis else None
    return next((layer for layer in report.culprits if named in (None, layer.path, layer.name)), None)


def whole_model(report: Findings) -> Chart | None:
    """Every tensor of the forward and the backward phase."""
    return _chart(_groups(row for row in report.rows if row.stage.step is None))


def training_step(rows: Sequence[Row]) -> Chart | None:
    """Every tensor of a training step."""
    return _chart(_groups(rows))


def single_layers(report: Findings) -> Chart | None:
    """The worst tensor of every layer in each view: what stands out locally is a culprit, all after it are victims."""
    groups = [
        Group(label, [(f"{layer.name}: {row.key} ({label[0]}, {stage_words(row.stage)})", row) for layer, row in rows])
        for view, label in VIEWS.items()
        if (rows := [(layer, row) for layer in report.layers if (row := worst(getattr(layer, view)))])
    ]
    return _chart(groups)


def _chart(groups: Sequence[Group]) -> Chart | None:
    return chart(groups) if groups else None


def _groups(rows: Iterable[Row]) -> list[Group]:
    return [Group(of_stage.rows[0].place, [(row.where, row) for row in of_stage.rows]) for of_stage in stages(rows)]
