"""`tfvc evaluate`: how good is it?"""

from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli.bounds import Bounds
from tfvc.cli.console import progress, say
from tfvc.cli.recordings import find_recordings
from tfvc.common import defaults
from tfvc.common.errors import TfvcError


def evaluate(
    reference: Annotated[
        Path | None, typer.Argument(metavar="REF", help="What it ought to be: a sound file or a folder.")
    ] = None,
    hypothesis: Annotated[
        Path | None,
        typer.Argument(metavar="HYP", help="What is judged. Without it, REF alone is checked for defects."),
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Columns reference,hypothesis and, if known, source.")
    ] = None,
    aligned: Annotated[
        bool, typer.Option("--aligned", help="HYP has the timing of REF (copy-synthesis): STOI and PESQ too.")
    ] = False,
    metrics: Annotated[str | None, typer.Option(help="Some of mcd,f0,mel,speaker,stoi,pesq. Default: all.")] = None,
    mel: Annotated[str, typer.Option(metavar="SPEC", help="Spec of the mels compared: a name or a mel.json.")] = (
        "hifigan_22k"
    ),
    speaker_encoder: Annotated[
        str | None,
        typer.Option(
            metavar="PRESET",
            help="Whose embeddings are compared; of --protocol, also the encoder of the model's training.",
            show_default=defaults.SPEAKER_ENCODER,
        ),
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write every figure.")] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw mels and pitch, or distributions.")] = None,
    fail_under: Annotated[
        list[str] | None, typer.Option(metavar="KEY=NUMBER", help="Exit code 1 if the figure is lower.")
    ] = None,
    fail_over: Annotated[
        list[str] | None, typer.Option(metavar="KEY=NUMBER", help="Exit code 1 if the figure is higher.")
    ] = None,
    protocol: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Reproduce a published table, into --out.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Of --protocol: table, figures, sound.")] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Of --protocol: folder of the corpora. Default: $TFVC_REAL_DATA.")
    ] = None,
    set: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Of --protocol: any value of it, as in unseen.pairs=20."),
    ] = None,
) -> None:
    """Measure recordings against references: MCD, F0, speaker similarity, mel distance, STOI, PESQ."""
    bounds = Bounds.parse(fail_under or [], fail_over or [])
    given = [protocol is not None, pairs is not None, reference is not None]
    if sum(given) != 1:
        raise TfvcError("name REF and HYP, one of them alone, --pairs or --protocol; tfvc evaluate --help says more")
    of_pairs = {"--aligned": aligned, "--metrics": metrics, "--plot": plot}
    of_protocol = {"--out": out, "--data": data, "--set": set}
    for option, value in (of_pairs if protocol is not None else of_protocol).items():
        if value:
            raise TfvcError(f"{option} is for {'pairs, not for a protocol' if protocol is not None else '--protocol'}")
    if protocol is not None:
        from tfvc.cli.evaluate_protocol import evaluate_protocol

        if out is None:
            raise TfvcError("--protocol needs --out, a folder for the table, the figures and the sound")
        chosen = [f"speaker_encoder={speaker_encoder}"] if speaker_encoder else []
        evaluate_protocol(protocol, out, data, [*(set or []), *chosen], json, bounds)
    elif reference is not None and hypothesis is None:
        _look_for_defects(find_recordings(reference), json)
    else:
        from tfvc.cli.evaluate_pairs import EvaluationOptions, evaluate_pairs
        from tfvc.metrics.pairs import pair_paths, read_pairs

        found = read_pairs(pairs) if pairs is not None else pair_paths(reference, hypothesis)
        options = EvaluationOptions(metrics, aligned, mel, speaker_encoder or defaults.SPEAKER_ENCODER)
        evaluate_pairs(found, options, json, plot, bounds)


def _look_for_defects(files: list[Path], json: Path | None) -> None:
    from tfvc.metrics.defects import find_defects_in_file
    from tfvc.metrics.summary import write_json

    found = {}
    with progress("checking", len(files)) as update:
        for done, file in enumerate(files, start=1):
            if defects := find_defects_in_file(file):
                found[str(file)] = defects
                say(f"{file}: {'; '.join(defects)}")
            update(done)
    say(f"{len(files) - len(found)} of {len(files)} files have no defects")
    if json is not None:
        write_json({"files": len(files), "defects": found}, json)
        say(f"wrote {json}")
    if found:
        raise typer.Exit(1)
