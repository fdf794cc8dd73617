"""The one place where an exception becomes a value, so that what was known before it is not lost with it.

    with Catching(stage) as caught:
        ...  # whatever a model, a layer, a loss, an optimizer or a hypothesis does
    report.raised += caught.raised

What says nothing of the models goes on: an interrupt, a lack of memory, and a `TfvcError` that the harness raises
because it is used wrongly.
"""

import linecache
import os
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

import keras
import numpy as np
import tensorflow as tf

import tfvc
from tfvc.common.errors import TfvcError
from tfvc.parity.findings.raised import Activity, Raised
from tfvc.parity.findings.stage import Stage
from tfvc.parity.four_of import Side
from tfvc.parity.private_parts import first_line, innermost_cause, source_lines

_HARNESS = str(Path(__file__).parent) + os.sep
# Gives the path of a layer or module in a model; None if it is not in it.
Named = Callable[[Any], str | None]


class SidesRaised(Exception):
    """What one or several of the four models raised at the same task."""

    def __init__(self, raised: Sequence[Raised]):
        super().__init__("; ".join(f"{one.side}: {one.exception}: {one.message}" for one in raised))
        self.raised = list(raised)


class Catching:
    """A context that ends where something is raised in it, with what it was as a value.

    Args:
        stage: where the comparison is; may be set anew inside.
        activity: what runs inside.
        side: which of the models runs inside, if it is one alone.
        named: of that model.

    Attributes:
        raised: what was raised; empty if nothing was.
    """

    def __init__(
        self,
        stage: Stage | None = None,
        activity: Activity = Activity.MODELS,
        side: Side | None = None,
        named: Named = lambda owner: None,
    ):
        self.stage, self.activity, self._side, self._named = stage, activity, side, named
        self.raised: list[Raised] = []
        self.error: Exception | None = None

    def __enter__(self) -> "Catching":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None or not is_of_the_models(error):
            return False
        self.error = error
        if isinstance(error, SidesRaised):
            self.raised += [replace(one, stage=self.stage, activity=self.activity) for one in error.raised]
        else:
            self.raised.append(as_value(error, self.activity, self.stage, self._side, self._named))
        return True


def is_of_the_models(error: BaseException) -> bool:
    """Whether an exception says something of what is compared, and not of the machine or of the harness's use."""
    if not isinstance(error, Exception) or isinstance(error, (MemoryError, tf.errors.ResourceExhaustedError)):
        return False
    if isinstance(error, TfvcError):
        cause = innermost_cause(error)
        innermost = next(_frames(cause), ("", None))[0]
        return not innermost.startswith(_HARNESS) and any(map(_is_layer, _owners(cause)))
    return True


def as_value(
    error: BaseException,
    activity: Activity = Activity.MODELS,
    stage: Stage | None = None,
    side: Side | None = None,
    named: Named = lambda owner: None,
) -> Raised:
    """An exception as a value."""
    cause = innermost_cause(error)
    layer = next((name for name in map(named, filter(_is_layer, _owners(cause))) if name is not None), "")
    return Raised(activity, type(cause).__name__, first_line(cause), stage, side, layer, frame_of(error))


def made_by(what: str, make: Callable[[], Any]) -> Any:
    """What a function of the case makes. Raises TfvcError if it raises something.

    Args:
        what: the function, as the beginning of a sentence.
        make: it, without arguments.
    """
    with Catching() as caught:
        return make()
    raise_as_misuse(what, caught)


def raise_as_misuse(what: str, caught: Catching) -> NoReturn:
    """Raises what was caught as a fault of the case, in one line."""
    (one,) = caught.raised
    where = f" ({one.frame})" if one.frame else ""
    raise TfvcError(f"{what} raises {one.exception}: {one.message}{where}") from caught.error


def frame_of(error: BaseException) -> str:
    """`file:line` of the innermost line of the user's code; of tfvc's own if no framework was called from there."""
    for cause in (error, innermost_cause(error)):
        lines = source_lines(cause) or [(name, line) for name, line in _frames_with_lines(cause)]
        for name, line in lines:
            if _is_users(name):
                return f"{_shown(name)}:{line}"
    name, line = next(((n, x) for n, x in _frames_with_lines(innermost_cause(error)) if not _is_plain(n)), ("", 0))
    return f"{_shown(name)}:{line}" if name.startswith(_root(tfvc)) else ""


def _frames(error: BaseException) -> Iterator[tuple[str, Any]]:
    """File and frame of all that ran when it was raised, the innermost first."""
    found = []
    trace = error.__traceback__
    while trace is not None:
        found.append((trace.tb_frame.f_code.co_filename, trace.tb_frame))
        trace = trace.tb_next
    return reversed(found)


def _frames_with_lines(error: BaseException) -> Iterator[tuple[str, int]]:
    found = []
    trace = error.__traceback__
    while trace is not None:
        found.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    return reversed(found)


def _owners(error: BaseException) -> Iterator[Any]:
    """The objects whose methods ran when it was raised, the innermost first."""
    for _, frame in _frames(error):
        if "self" in frame.f_locals:
            yield frame.f_locals["self"]


def _is_layer(thing: Any) -> bool:
    torch = sys.modules.get("torch")
    return isinstance(thing, keras.layers.Layer) or (torch is not None and isinstance(thing, torch.nn.Module))


def _is_users(name: str) -> bool:
    """Whether a file is neither of the frameworks nor of Python, nor of tfvc."""
    return not _is_plain(name) and not name.startswith(_frameworks()) and not name.startswith(_root(tfvc))


def _is_plain(name: str) -> bool:
    """Whether a file is Python's own, or none at all."""
    in_library = name.startswith(_library()) and "-packages" not in name
    made = name.startswith("<") or os.path.basename(name).startswith("__autograph_generated_file")
    return in_library or made or not linecache.getline(name, 1)


@cache
def _library() -> str:
    return sysconfig.get_paths()["stdlib"] + os.sep


@cache
def _frameworks() -> tuple[str, ...]:
    """Where the frameworks lie; torch last, for it may not have been imported."""
    packages = [keras, tf, np, *filter(None, [sys.modules.get("torch")])]
    return tuple(map(_root, packages))


def _root(package: Any) -> str:
    return str(Path(package.__file__).parent) + os.sep


def _shown(name: str) -> str:
    """A file from the folder that one is in, if it lies there."""
    relative = os.path.relpath(name)
    return name if relative.startswith(os.pardir) else relative
