"""The command line: one module a command; this one runs them and turns bad input into one line and exit code 2."""

import logging
import os
import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

import tfvc
from tfvc.cli import (
    convert,
    demo,
    evaluate,
    export,
    export_torch,
    fetch,
    import_h5,
    import_onnx,
    import_torch,
    info,
    parity,
    prepare,
    speak,
    train,
    vocode,
)
from tfvc.cli.console import error
from tfvc.cli.quiet import silence_tensorflow
from tfvc.common.errors import TfvcError

app = typer.Typer(name="tfvc", no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)

app.command("fetch")(fetch.fetch)
app.command("prepare")(prepare.prepare)
app.command("train")(train.train)
app.command("convert")(convert.convert)
app.command("speak")(speak.speak)
app.command("vocode")(vocode.vocode)
app.command("import-torch")(import_torch.import_torch)
app.command("import-onnx")(import_onnx.import_onnx)
app.command("import-h5")(import_h5.import_h5)
app.command("export-torch")(export_torch.export_torch)
app.command("export")(export.export)
app.add_typer(parity.app, name="parity")
app.command("evaluate")(evaluate.evaluate)
app.command("info")(info.info)
app.command("demo")(demo.demo)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"tfvc {tfvc.__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and TensorFlow's log.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Voice conversion in Keras, provably equal to PyTorch."""


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits: 0 done, 1 a check failed, 2 bad usage or input, 130 interrupted."""
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    if not debug:
        silence_tensorflow()
        logging.captureWarnings(True)
        logging.getLogger("py.warnings").addHandler(logging.NullHandler())
    try:
        code = typer.main.get_command(app).main(arguments, prog_name="tfvc", standalone_mode=False)
    except (TfvcError, TyperException) as problem:
        if debug:
            raise
        message = problem.format_message() if isinstance(problem, TyperException) else str(problem)
        if message.lstrip().startswith("Usage:"):  # `tfvc` or `tfvc parity` alone: the help is the answer
            print(message)
        else:
            error(message)
        code = 2
    except (KeyboardInterrupt, typer.Abort):
        error("interrupted")
        code = 130
    except BrokenPipeError:
        # The reader of our output went away (`tfvc info ... | head`): no more to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as problem:  # a folder that may not be written, a full disk
        if debug:
            raise
        error(f"{problem.filename or 'input or output'}: {problem.strerror or problem}")
        code = 2
    sys.exit(code if isinstance(code, int) else 0)
