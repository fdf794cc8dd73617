"""A report as tables for the terminal: the culprit first, then layers, then stages."""

from collections.abc import Callable

from rich.console import Group
from rich.table import Column, Table
from rich.text import Text

from tfvc.parity.findings.diagnosis import Diagnosis
from tfvc.parity.findings.findings import Findings
from tfvc.parity.findings.layer import CULPRIT, FINE, NOT_COMPARED, UNPAIRED, VICTIM, Layer, worst
from tfvc.parity.findings.row import Row, Verdict
from tfvc.parity.findings.words import (
    limit_words,
    not_compared_words,
    raised_together,
    raised_words,
    side_words,
    unexercised_words,
)

_STYLES = {CULPRIT: "bold red", VICTIM: "yellow", NOT_COMPARED: "cyan", UNPAIRED: "dim", FINE: ""}


def summary(report: Findings) -> str:
    """One line: verdict, how many tensors, the worst figures of each phase."""
    figures = "; ".join(
        f"{phase} {report.worst_error64(phase):.1e}, float32 {report.worst_ratio(phase):.1f} x noise"
        for phase in dict.fromkeys(row.stage.phase for row in report.rows)
    )
    verdict = "PASS" if report.passed else "FAIL"
    if report.first_failure:
        verdict += f" at {report.first_failure.where}"
    elif report.raised:
        verdict += f", {report.raised[0].exception} raised"
    return f"{report.case} [{report.init}] {verdict}: {len(report.rows)} tensors; {figures}"


def whole(report: Findings, limit: int) -> Group:
    """The tables of a report, with at most `limit` layers and `limit` failed tensors."""
    parts = [*(_cause(diagnosis) for diagnosis in report.diagnoses), *map(_raised, raised_together(report.raised))]
    if report.layers and not report.passed:
        parts.append(layers(report, limit))
    parts.append(stages(report, limit))
    parts += _lines(report)
    return Group(*parts)


def _cause(diagnosis: Diagnosis) -> Text:
    text = Text()
    text.append("culprit  ", style="bold red")
    text.append(f"{diagnosis.place}\n")
    row = diagnosis.row
    text.append(f"at       {row.where}: {row.reason}\n")
    text.append(f"cause    {diagnosis.why}\n")
    text.append(f"fix      {diagnosis.fix}\n")
    explaining = next((e for e in diagnosis.evidence if e.explains), None)
    if explaining:
        text.append(f"evidence error {explaining.error_before:.1e} without it, {explaining.error_after:.1e} with it\n")
    for evidence in diagnosis.evidence:
        if evidence.raised:
            text.append(f"raised   by the hypothesis {evidence.hypothesis}: " if evidence.hypothesis else "raised   ")
            text.append(f"{raised_words(evidence.raised)}\n")
    return text


def _raised(words: str) -> Text:
    return Text.assemble(("raised   ", "bold red"), words, "\n")


# Title -> the rows of a layer that its figure is of.
_VIEWS: dict[str, Callable[[Layer], list[Row]]] = {
    "local": lambda layer: layer.local_forward,
    "propagated": lambda layer: layer.propagated_forward,
    "local grad.": lambda layer: layer.local_backward,
    "propagated grad.": lambda layer: layer.propagated_backward,
}


def layers(report: Findings, limit: int) -> Table:
    """Culprits, victims, what is not compared, what is unpaired, one line each; of those that are fine the number.

    What was looked at of no layer has no column: a terminal is narrow, names are long.
    """
    views = {title: view for title, view in _VIEWS.items() if any(view(layer) for layer in report.layers)}
    table = Table(
        Column("layer", overflow="fold"),
        Column("Keras", overflow="fold"),
        Column("verdict", no_wrap=True),
        *(Column(title, justify="right") for title in views),
    )
    verdicts = (CULPRIT, VICTIM, NOT_COMPARED, UNPAIRED)
    shown = [layer for verdict in verdicts for layer in report.layers if layer.verdict == verdict]
    for layer in shown[:limit]:
        keras = f"{layer.keras_path} ({layer.keras_class})" if layer.keras_class else ""
        figures = (_error(view(layer)) for view in views.values())
        table.add_row(layer.name, keras, layer.verdict, *figures, style=_STYLES[layer.verdict])
    if len(shown) > limit:
        table.add_row(f"... {len(shown) - limit} more")
    table.add_row(f"{sum(layer.verdict == FINE for layer in report.layers)} layers", "", FINE)
    return table


def _error(rows: list[Row]) -> str:
    row = worst(rows)
    if row is None:
        return ""
    return f"{row.error64:.1e}" if row.error64 is not None else "differs" if row.failed else "equal"


def stages(report: Findings, limit: int) -> Table:
    """The first failures in the order in which they happened; below them a line for each stage."""
    table = Table(
        "phase",
        "stage",
        Column("tensor", overflow="fold"),
        Column("float64 error", justify="right"),
        Column("bound", justify="right"),
        Column("float32 / noise", justify="right"),
        Column("ULPs", justify="right"),
        "verdict",
        title=Text(summary(report)),
    )
    for row in [row for row in report.rows if row.failed][:limit]:
        figures = ["" if x is None else f"{x:.1e}" for x in (row.error64, row.bound64)]
        ratio, ulps = ("" if x is None else f"{x:.1f}" for x in (row.ratio, row.ulps))
        table.add_row(*row.place, row.key, *figures, ratio, ulps, row.reason, style="red")
    table.add_section()
    for stage in dict.fromkeys(row.stage for row in report.rows):
        rows = [row for row in report.rows if row.stage == stage]
        table.add_row(*rows[0].place, *_stage_figures(rows))
    return table


def _stage_figures(rows: list[Row]) -> list[str]:
    """How many tensors a stage has, the worst of its figures, and its verdict."""
    strict = [row for row in rows if not row.cancelling and row.error64 is not None]
    largest = max(strict, key=lambda row: row.error64, default=None)
    ratios = [row.ratio for row in rows if row.ratio is not None]
    ulps = [row.ulps for row in rows if row.ulps is not None]
    cancelling = sum(row.cancelling for row in rows)
    failed = sum(row.failed for row in rows)
    drifted, tied = (sum(row.verdict is verdict for row in rows) for verdict in (Verdict.DRIFT, Verdict.TIE))
    return [
        f"{len(rows)}" + (f", {cancelling} cancelling" if cancelling else ""),
        f"{largest.error64:.1e}" if largest else "",
        f"{largest.bound64:.1e}" if largest else "",
        f"{max(ratios):.1f}" if ratios else "",
        f"{max(ulps):.0f}" if ulps else "",
        f"{failed} differ" if failed else f"{drifted} drifted" if drifted else f"{tied} tied" if tied else "equal",
    ]


def _lines(report: Findings) -> list[Text]:
    """What the tables do not show."""
    lines = [*map(side_words, report.sides), *map(limit_words, report.limits)]
    # In later training steps most tensors are noisier than float64 is exact; the first gradients say what cancels.
    cancelling = [row.key for row in report.rows if row.cancelling and row.stage.step in (None, 1)]
    if cancelling:
        lines.append(f"zero but for rounding, judged by the terms that cancel: {', '.join(dict.fromkeys(cancelling))}")
    if report.ignored:
        lines.append(f"torch tensors without a Keras variable, not compared: {', '.join(report.ignored)}")
    if report.accepted:
        lines.append(f"accepted by the case, so the reference does the same: {', '.join(report.accepted)}")
    if report.held:
        lines.append(f"Keras variables that torch has not, held constant and not trained: {', '.join(report.held)}")
    lines += [f"not exercised: {words}" for words in unexercised_words(report.unexercised)]
    unpaired = [layer for layer in report.layers if layer.verdict == UNPAIRED]
    if unpaired:
        lines.append("not paired: " + "; ".join(f"{_where(layer)} ({layer.note})" for layer in unpaired))
    partly = {
        f"{layer.name} ({'; '.join(map(not_compared_words, layer.not_compared))})": layer
        for layer in report.layers
        if layer.not_compared
    }
    hidden = [words for words, layer in partly.items() if layer.hidden]
    if hidden:
        lines.append("not compared by itself: " + "; ".join(hidden))
    if len(hidden) < len(partly):
        lines.append("compared in part: " + "; ".join(words for words, layer in partly.items() if not layer.hidden))
    return [Text(line) for line in lines]


def _where(layer: Layer) -> str:
    return f"torch {layer.path}" if layer.path else f"Keras {layer.keras_path}"
