"""How figures are written."""

from tfvc.parity.findings.failure import FailureKind
from tfvc.parity.findings.row import Row, Verdict
from tfvc.parity.findings.words import failure_words

_SHOWN_BESIDE = (FailureKind.ERROR64, FailureKind.ERROR32)


def number(x: float | None) -> str:
    """Two digits and a power of ten."""
    return "–" if x is None else "0" if x == 0 else f"{x:.1e}"


def times(x: float | None) -> str:
    """A multiple."""
    return "–" if x is None else f"{x:.1f}" if x < 1000 else f"{x:.1e}"


def count(x: float | None) -> str:
    """A whole number, in short where it is large."""
    return "–" if x is None else f"{x:,.0f}" if x < 1e6 else f"{x:.1e}"


def duration(seconds: float) -> str:
    """Wall time."""
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def error(row: Row | None) -> str:
    """The float64 error of a row in a narrow column; in words where there is no figure."""
    if row is None:
        return ""
    return number(row.error64) if row.error64 is not None else "differs" if row.failed else "equal"


def verdict(row: Row) -> str:
    """The verdict in words; of the reasons those that the figures beside it do not show."""
    if row.verdict is Verdict.DRIFT:
        return "drifted, each step by itself is right"
    if row.verdict is Verdict.TIE:
        return "tied, the scores are alike"
    if not row.failed:
        return "zero but for rounding" if row.cancelling else "equal"
    if row.error64 is None:
        return row.reason
    unseen = [failure for failure in row.failures if failure.kind not in _SHOWN_BESIDE]
    return "; ".join(["differs", *map(failure_words, unseen)])


def describe(row: Row, name: str) -> str:
    """All about a tensor, a line each."""
    lines = [name]
    if row.error64 is not None:
        lines.append(f"float64 error {number(row.error64)}, allowed {number(row.bound64)}")
    if row.error32 is not None:
        lines.append(f"float32 error {number(row.error32)} = {times(row.ratio)} × noise {number(row.noise32)}")
    if row.ulps is not None:
        lines.append(f"{count(row.ulps)} ULPs at most")
    lines.append(verdict(row))
    return "\n".join(lines)
