"""`tfvc parity`: is a Keras model equal to a PyTorch model?"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli.console import progress, say
from tfvc.cli.torch import require_torch
from tfvc.common.atomic import atomic_file
from tfvc.common.errors import TfvcError

app = typer.Typer(no_args_is_help=True, help="Compare Keras models with PyTorch models.", rich_markup_mode=None)


class Phase(StrEnum):
    """What is compared."""

    FORWARD = "forward"
    BACKWARD = "backward"
    TRAIN = "train"
    ROUND_TRIP = "roundtrip"
    STEPWISE = "stepwise"


class Init(StrEnum):
    """The weights that both sides get."""

    CONSTANT = "constant"
    CODED = "coded"
    RANDOM = "random"


@app.command("list")
def list_() -> None:
    """Name the cases there are."""
    require_torch()
    from tfvc.cases import list_cases

    cases = list_cases()
    for name, description in cases.items():
        say(f"{name:{max(map(len, cases))}} {description}")


@app.command("new")
def new(
    torch: Annotated[str, typer.Argument(help="module:attribute of the torch module, or of what makes it.")],
    keras: Annotated[str, typer.Argument(help="module:attribute of the Keras model, or of what makes it.")],
    out: Annotated[Path, typer.Option(metavar="FILE.py", help="The case to start from.")],
    input: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=SIZES", help="As x=2,40,80, or ids=2,40:100 for integers below 100; for each input."
        ),
    ] = None,
) -> None:
    """Write a case to start from: which layer may be which, and how both models are called.

    What is guessed is marked, what is left over is listed.
    """
    require_torch()
    if out.suffix != ".py" or not out.stem.isidentifier():
        raise TfvcError(f"{out} is no name of a Python module; give one as my_case.py")
    if out.exists():
        raise TfvcError(f"{out} exists; name another file, or remove it")
    sys.path.insert(0, "")
    from tfvc.parity.drafting import InputSpec, draft_case

    given = [InputSpec.parse(text, number) for number, text in enumerate(input or [], start=1)]
    draft = draft_case(torch, keras, given)
    with atomic_file(out) as temporary:
        temporary.write_text(draft.text, encoding="utf-8")
    found = draft.matching
    guessed = sum(one.alike > 1 for one in found.matches)
    say(f"wrote {out}: {len(found.matches)} pairs, {guessed} of them guessed by their order")
    for side, names in (("torch", found.modules), ("Keras", found.layers)):
        if names:
            say(f"left over in {side}: {', '.join(names)}")
    if draft.problem:
        say(f"torch_forward does not fit yet: {draft.problem}")
    where = "" if out.parent == Path() else f" in {out.parent}"
    say(f"look at it, then run{where}: tfvc parity run {out.stem}:case --phase forward")


class SideName(StrEnum):
    """One side of a case."""

    KERAS = "keras"
    TORCH = "torch"


@app.command("dump")
def dump(
    case: Annotated[str, typer.Argument(help="A name, or module:case of another package.")],
    out: Annotated[Path, typer.Argument(metavar="FOLDER", help="What is written.")],
    side: Annotated[SideName, typer.Option("--side", help="Keras's comes first; torch's needs it.")],
    beside: Annotated[
        Path | None,
        typer.Option(metavar="KERAS_DUMP", help="For torch's side: Keras's, whose settings it takes."),
    ] = None,
    phase: Annotated[list[Phase] | None, typer.Option("--phase", help="Default: forward, backward, train.")] = None,
    init: Annotated[Init, typer.Option("--init", help="The weights that both sides get.")] = Init.CODED,
    steps: Annotated[int, typer.Option(min=1, help="Optimizer steps of the train phase.")] = 5,
    seed: Annotated[int, typer.Option(help="Of the inputs and of random weights.")] = 0,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A checkpoint of torch's side, which both sides start from instead."),
    ] = None,
    layers: Annotated[bool, typer.Option(help="What each layer takes and gives, too.")] = True,
) -> None:
    """Compute one side of a case, without the other side's model, and write it for `judge`.

    Keras's side is written first, and needs no PyTorch.
    """
    if (side is SideName.TORCH) != (beside is not None):
        raise TfvcError("torch's side is written beside Keras's, and only that: give --side torch --beside KERAS_DUMP")
    sys.path.insert(0, "")
    if side is SideName.TORCH:
        require_torch()
        from tfvc.cases import find_case
        from tfvc.parity.dumped.of_torch import dump_torch

        dump_torch(find_case(case), out, beside, weights)
    else:
        from tfvc.cases import find_case
        from tfvc.parity.dumped.of_keras import dump_keras
        from tfvc.parity.dumped.one_side import settings_of

        pair = find_case(case)
        phases = [one.value for one in phase] if phase else None
        dump_keras(pair, out, settings_of(pair, phases, init.value, seed, steps, layers), weights)
    say(f"wrote {out}")


@app.command("judge")
def judge(
    reference: Annotated[Path, typer.Argument(metavar="TORCH_DUMP", help="What is right.")],
    other: Annotated[Path, typer.Argument(metavar="KERAS_DUMP", help="What is judged.")],
    phase: Annotated[list[Phase] | None, typer.Option("--phase", help="Default: those that are there.")] = None,
    page: Annotated[Path | None, typer.Option("--report", metavar="FILE.html", help="Write one page to read.")] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE.json", help="Write every figure.")] = None,
) -> None:
    """Compare what two processes have written; exit code 1 if any tensor differs.

    The dumps are those of `dump`, or such as anyone writes: see tfvc/parity/dumped/README.md. PyTorch is not needed.
    """
    from tfvc.parity.dumped import judge_dumps

    _show([judge_dumps(reference, other, [one.value for one in phase] if phase else None)], page, json)


@app.command("run")
def run(
    case: Annotated[
        list[str] | None, typer.Argument(help="Names, or module:case of another package; default: all.")
    ] = None,
    phase: Annotated[list[Phase] | None, typer.Option("--phase", help="Default: those that the case has.")] = None,
    init: Annotated[Init, typer.Option("--init", help="The weights that both sides get.")] = Init.CODED,
    steps: Annotated[int, typer.Option(min=1, help="Optimizer steps of the train phase.")] = 5,
    seed: Annotated[int, typer.Option(help="Of the inputs and of random weights.")] = 0,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A checkpoint of torch's side, which both sides start from instead."),
    ] = None,
    page: Annotated[Path | None, typer.Option("--report", metavar="FILE.html", help="Write one page to read.")] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE.json", help="Write every figure.")] = None,
) -> None:
    """Compare; exit code 1 if any tensor differs.

    Where the models differ, every layer is compared by itself too, and the culprit is named with its cause. With --json
    the layers are compared in any case.
    """
    require_torch()
    sys.path.insert(0, "")  # cases of the folder that one is in, as `python -m` has it
    from tfvc.cases import list_cases, run_case

    names = case or list(list_cases())
    phases = [one.value for one in phase] if phase else None
    settings = {"phases": phases, "init": init.value, "steps": steps, "seed": seed, "weights": weights}
    settings["layers"] = json is not None
    reports = []
    with progress("comparing", len(names)) as update:
        for done, name in enumerate(names, start=1):
            reports.append(run_case(name, **settings))
            update(done, f"{name} in {reports[-1].seconds:.0f} s")
    _show(reports, page, json)


def _show(reports: list, page: Path | None, json: Path | None) -> None:
    """Prints and writes reports; ends with exit code 1 if one has not passed."""
    from rich.console import Console

    from tfvc.parity import write_json

    console = Console()
    for report in reports:
        console.print(report.table())
    if page is not None:
        from tfvc.parity.show.html import write_html

        write_html(reports, page)
        say(f"wrote {page}")
    if json is not None:
        write_json(reports, json)
        say(f"wrote {json}")
    if not all(report.passed for report in reports):
        raise typer.Exit(1)
