"""`tfvc demo`: the whole path on two bundled recordings."""

from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli.console import say
from tfvc.cli.torch import require_torch

_CASES = ("autovc_small", "ge2e")


def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the results go.")] = Path("demo"),
) -> None:
    """Convert a bundled recording, draw it, and check the models that did it against PyTorch."""
    require_torch()
    from rich.console import Console

    from tfvc.audio import read, write
    from tfvc.audio.pictures import mel_figure
    from tfvc.cases import run_case
    from tfvc.models.speaker_encoder.published import fetch_ge2e
    from tfvc.parity import write_json
    from tfvc.parity.show.html import write_html
    from tfvc.voices.converter import VoiceConverter

    fetch_ge2e()
    converter = VoiceConverter.from_preset("autovc_small")
    spec = converter.model.mel_spec
    with as_file(files("tfvc") / "demo") as recordings:
        source, target = recordings / "source.wav", recordings / "target.wav"
        result = converter.convert_to(source, converter.embed([target]))
        target_mel = spec.extract(read(target, spec.sample_rate)[0])

        wave = out / "converted.wav"
        write(wave, result.wave, result.sample_rate)
        say(f"source      {source}")
        say(f"target      {target}")
    say(f"converted   {wave} ({len(result.wave) / result.sample_rate:.2f} s at {result.sample_rate} Hz)")

    picture = out / "mels.png"
    panels = {"source": result.source_mel, "target": target_mel, "converted": result.mel}
    mel_figure(panels, spec.hop / spec.sample_rate).savefig(picture, dpi=100)
    say(f"picture     {picture}")

    own = converter.embed([source])
    voice = converter.embed([target])
    spoken = converter.embed([(result.wave, result.sample_rate)])
    say(f"voice       cosine to the target {spoken @ voice:.3f}, to the source {spoken @ own:.3f}")

    reports = [run_case(name, steps=2) for name in _CASES]
    console = Console(width=120)
    for report in reports:
        console.print(report.table())
    write_json(reports, out / "parity.json")
    write_html(reports, out / "parity.html")
    say(f"parity      {out / 'parity.html'}: the comparison with PyTorch; every figure is in {out / 'parity.json'}")
    if not all(report.passed for report in reports):
        raise typer.Exit(1)
