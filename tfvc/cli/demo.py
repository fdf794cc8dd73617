"""`tfvc demo`: the whole path on two bundled recordings."""

from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli.console import say
from tfvc.cli.torch import INSTALL, has_torch

_VOICE = "autovc_small"
_CASES = ("autovc_small", "ge2e")


def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the results go.")] = Path("demo"),
) -> None:
    """Convert a bundled recording, draw it, and check the models that did it against PyTorch if that is installed."""
    with as_file(files("tfvc") / "demo") as recordings:
        _convert(recordings / "source.wav", recordings / "target.wav", out)
    if not has_torch():
        say(f"parity      left out: the comparison with PyTorch needs it; run {INSTALL}")
    elif not _compare(out):
        raise typer.Exit(1)


def _convert(source_file: Path, target_file: Path, out: Path) -> None:
    from tfvc.audio import Recording, write
    from tfvc.audio.pictures import mel_figure
    from tfvc.metrics.speaker import speaker_cosine
    from tfvc.models.speaker_encoder.published import fetch_ge2e
    from tfvc.voices.autovc import AutoVCVoice

    fetch_ge2e()
    voice = AutoVCVoice.from_preset(_VOICE)
    spec, encoder = voice.mel_spec, voice.speaker_encoder
    source, target = Recording.read(source_file), Recording.read(target_file)
    mel = voice.convert_mel(source, voice.targets([target]))
    spoken = voice.vocode(mel, source)

    wave = out / "converted.wav"
    write(wave, spoken.wave, spoken.sample_rate)
    say(f"source      {source.name}")
    say(f"target      {target.name}")
    say(f"converted   {wave} ({spoken.seconds:.2f} s at {spoken.sample_rate} Hz)")

    picture = out / "mels.png"
    panels = {"source": source.mel(spec), "target": target.mel(spec), "converted": mel}
    mel_figure(panels, spec.hop / spec.sample_rate).savefig(picture, dpi=100)
    say(f"picture     {picture}")

    to_target, to_source = (speaker_cosine(spoken.embedding(encoder), r.embedding(encoder)) for r in (target, source))
    say(f"voice       cosine to the target {to_target:.3f}, to the source {to_source:.3f}")


def _compare(out: Path) -> bool:
    """Whether the models of the demo equal PyTorch's; writes the report."""
    from rich.console import Console

    from tfvc.cases import run_case
    from tfvc.parity import write_json
    from tfvc.parity.show.html import write_html

    reports = [run_case(name, steps=2) for name in _CASES]
    console = Console(width=120)
    for report in reports:
        console.print(report.table())
    write_json(reports, out / "parity.json")
    write_html(reports, out / "parity.html")
    say(f"parity      {out / 'parity.html'}: the comparison with PyTorch; every figure is in {out / 'parity.json'}")
    return all(report.passed for report in reports)
