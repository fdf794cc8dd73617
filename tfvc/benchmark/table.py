"""The figures of a protocol as the tables of a README."""

import math
from collections.abc import Mapping, Sequence
from typing import Any


def markdown(results: Mapping[str, Any]) -> str:
    """The tables of all sections, of what `run_protocol` gives and writes as `figures.json`."""
    common, figures = results["protocol"], results["figures"]
    voices = f"`{common['model']}` through `{common['vocoder']}`"
    parts = [_WRITERS[name](figures[name], voices, common[name]) for name in _WRITERS if name in figures]
    return "\n\n".join(parts) + "\n"


def _parallel(figures: Mapping[str, Any], voices: str, config: Mapping[str, Any]) -> str:
    rows = [
        ["MCD to the target's own recording, dB", *_both(figures, "mcd_db", 2)],
        ["the same without energy (c0)", *_both(figures, "mcd_without_energy_db", 2)],
        ["F0 RMSE, cents", *_both(figures, "f0_rmse_cents", 0)],
        ["F0 correlation", *_both(figures, "f0_correlation", 2)],
        ["voicing error", *_both(figures, "voicing_error", 3)],
        ["speaker cosine to target, to source", _cosines(figures), ""],
        ["nearer to the target", f"{_share(figures['nearer_to_target'], figures['conversions'])}", ""],
    ]
    title = f"Parallel sentences (`{config['corpus']}`), {figures['conversions']} conversions by {voices}:"
    return f"{title}\n\n{_table(['', 'converted', 'source as it is'], rows)}"


def _unseen(figures: Mapping[str, Any], voices: str, config: Mapping[str, Any]) -> str:
    rows = [
        ["nearer to the target than to the source", _share(figures["nearer_to_target"], figures["conversions"])],
        ["speaker cosine to target, to source", _cosines(figures)],
        ["mean difference of the two", _number(figures["cosine_difference"], 3)],
        ["equal error rate", _number(figures["equal_error_rate"], 3)],
    ]
    title = (
        f"Speakers never in training (`{config['corpus']}`, {figures['speakers']} of them), "
        f"{figures['conversions']} drawn pairs, {voices}:"
    )
    return f"{title}\n\n{_table(['', 'converted'], rows)}"


def _copy_synthesis(figures: Mapping[str, Any], voices: str, config: Mapping[str, Any]) -> str:
    columns = {
        "mel L1": ("mel_l1", 3),
        "STOI": ("stoi", 3),
        "PESQ wide-band": ("pesq", 2),
        "F0 RMSE, cents": ("f0_rmse_cents", 0),
        "voicing error": ("voicing_error", 3),
        "MCD, dB": ("mcd_db", 2),
        "speaker cosine": ("speaker_cosine", 3),
    }
    rows = [
        [f"`{vocoder}`", *(_number(own[key], digits) for key, digits in columns.values())]
        for vocoder, own in figures.items()
    ]
    count = next(iter(figures.values()))["recordings"]
    title = f"Copy-synthesis of {count} recordings of speakers never in training (`{config['corpus']}`):"
    return f"{title}\n\n{_table(['vocoder', *columns], rows)}"


def _long_recording(figures: Mapping[str, Any], voices: str, config: Mapping[str, Any]) -> str:
    starts = [f"{round(i * config['window_seconds'])} s" for i in range(len(figures["mel_l1_per_window"]))]
    rows = [
        ["mel L1", *(_number(value, 2) for value in figures["mel_l1_per_window"])],
        ["STOI", *(_number(value, 2) for value in figures["stoi_per_window"])],
    ]
    title = (
        f"A recording of {figures['seconds']:g} s converted in one go into its own voice, by windows of "
        f"{config['window_seconds']:g} s, {voices}:"
    )
    return f"{title}\n\n{_table(['window from', *starts], rows)}"


_WRITERS = {
    "parallel": _parallel,
    "unseen": _unseen,
    "copy_synthesis": _copy_synthesis,
    "long_recording": _long_recording,
}


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _both(figures: Mapping[str, Any], key: str, digits: int) -> tuple[str, str]:
    return _number(figures[key], digits), _number(figures[f"unconverted_{key}"], digits)


def _cosines(figures: Mapping[str, Any]) -> str:
    return f"{_number(figures['speaker_cosine'], 3)}, {_number(figures['speaker_cosine_source'], 3)}"


def _share(share: float, count: int) -> str:
    return f"{round(share * count)} of {count}"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"
