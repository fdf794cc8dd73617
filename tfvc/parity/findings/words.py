"""How stages and failures are called: the one place where they become words. Nothing reads these words back."""

from collections.abc import Sequence
from dataclasses import replace

from tfvc.parity.findings.dumped import DumpedSide, Limit
from tfvc.parity.findings.failure import Failure, FailureKind
from tfvc.parity.findings.not_compared import NotCompared, Reason
from tfvc.parity.findings.raised import Activity, Raised
from tfvc.parity.findings.stage import Stage
from tfvc.parity.findings.unexercised import Branch, Unexercised


def stage_words(stage: Stage) -> str:
    """`gradients`, or `discriminator: gradients` where a step has several turns."""
    return f"{stage.turn}: {stage.kind}" if stage.turn else str(stage.kind)


def phase_words(stage: Stage) -> str:
    """`train 2`: the phase with its step."""
    return str(stage.phase) if stage.step is None else f"{stage.phase} {stage.step}"


def where_words(stage: Stage, key: str) -> str:
    """`train step 2, weights, lstm.weight`: everything about where a tensor is from."""
    step = "" if stage.step is None else f" step {stage.step}"
    return f"{stage.phase}{step}, {stage_words(stage)}, {key}"


def apart(one: float, other: float, digits: int = 6) -> tuple[str, str]:
    """Two numbers in so many digits, or in as many more as tell them apart; they are alike only if the numbers are."""
    while digits < 17 and one != other and f"{one:.{digits}g}" == f"{other:.{digits}g}":
        digits += 1
    return f"{one:.{digits}g}", f"{other:.{digits}g}"


def failure_words(failure: Failure) -> str:
    """`float64 error 9.0e-05 > 1.0e-10`."""
    match failure.kind:
        case FailureKind.SIZE:
            return f"torch has {failure.torch}, Keras {failure.keras} in torch's layout"
        case FailureKind.SHAPE:
            return f"torch has shape {failure.torch}, Keras {failure.keras}"
        case FailureKind.DTYPE:
            return f"Keras gives {failure.keras} where torch gives {failure.torch}"
        case FailureKind.MISSING:
            if failure.torch is not None and failure.keras is not None:
                return "only one precision gives it"
            return f"only {'Keras' if failure.torch is None else 'torch'} gives it"
        case FailureKind.DROPPED:
            return f"torch drops {failure.torch}, Keras {failure.keras}"
        case FailureKind.NOT_FINITE:
            return f"{failure.side} is not finite"
        case FailureKind.TOO_LARGE:
            return "too large for its norm"
        case FailureKind.INTEGERS:
            return "integers differ"
        case FailureKind.REFERENCE:
            return f"torch itself does not give it (float64 error {failure.figure:.1e})"
        case FailureKind.ERROR64:
            return f"float64 error {failure.figure:.1e} > {failure.bound:.1e}"
        case FailureKind.ERROR32:
            return f"float32 error is {failure.figure:.1f} x noise"
        case FailureKind.PRECISION:
            return f"float32 noise is {failure.figure:.0f} x torch's"
        case FailureKind.ROUNDING if failure.side is None:
            units = f"{failure.figure:.2g} units of float32's rounding"
            return f"a constant or a step is float32 on one side, or differs by as little ({units})"
        case FailureKind.ROUNDING:
            return f"a step is float32 on one side: {failure.side} gives only what float32 holds"


def unexercised_words(parts: Sequence[Unexercised]) -> list[str]:
    """`no value above 6 came to hardtanh in features.0.2 (and 34 more): another function there would not be seen`."""
    alike: dict[tuple, list[str]] = {}
    for part in parts:
        alike.setdefault((part.branch, part.bound, part.function), []).append(part.path or "the whole model")
    return [_unexercised(*kind, list(dict.fromkeys(paths))) for kind, paths in alike.items()]


def _unexercised(branch: Branch, bound: float, function: str, paths: Sequence[str]) -> str:
    more = f" (and {len(paths) - 1} more)" if len(paths) > 1 else ""
    where = f"{function} in {paths[0]}{more}"
    if branch is Branch.ROW:
        return f"row {bound:g}, the padding's, was never looked up by {where}: how it is trained was not compared"
    return f"no value {branch} {bound:g} came to {where}: another function there would not be seen"


def raised_together(raised: Sequence[Raised]) -> list[str]:
    """One line for each exception, those of several sides that are alike in one."""
    alike = dict.fromkeys(replace(one, side=None) for one in raised)
    sides = {one: [str(x.side) for x in raised if x.side and replace(x, side=None) == one] for one in alike}
    return [raised_words(one, " and ".join(sides[one])) for one in alike]


def raised_words(raised: Raised, sides: str = "") -> str:
    """`forward, training outputs: Keras float64 in decoder/lstm: ValueError: too short (port.py:12)`.

    Args:
        raised: the exception.
        sides: the models that raised it, in place of its own.
    """
    stage = f"{phase_words(raised.stage)}, {stage_words(raised.stage)}: " if raised.stage else ""
    who = (
        sides or str(raised.side)
        if sides or raised.side
        else "the search for a cause"
        if raised.activity is Activity.DIAGNOSIS
        else ""
    )
    who += f" in {raised.layer}" if raised.layer else ""
    alone = ", run by itself" if raised.activity is Activity.LAYERS else ""
    frame = f" ({raised.frame})" if raised.frame else ""
    message = f": {raised.message}" if raised.message else ""
    return f"{stage}{who}{alone}{': ' if who else ''}{raised.exception}{message}{frame}"


def not_compared_words(why: NotCompared) -> str:
    """`inputs of shape (2, 3) in torch and (2, 4) in Keras`."""
    theirs, ours = why.torch, why.keras
    match why.reason:
        case Reason.INPUT_COUNT:
            return f"torch takes {theirs} tensors, Keras {ours}"
        case Reason.INPUT_SHAPE:
            return f"inputs of shape {theirs} in torch and {ours} in Keras{_alike(theirs, ours)}"
        case Reason.OUTPUT_COUNT:
            return f"torch gives {theirs} tensors, Keras {ours}: those that both give are compared"
        case Reason.OUTPUT_SHAPE:
            return f"outputs of shape {theirs} in torch and {ours} in Keras{_alike(theirs, ours)}"
        case Reason.CALLS:
            if theirs and ours:
                return f"torch calls it {theirs} times, Keras {ours}"
            return f"{'torch' if not theirs else 'Keras'} is not seen to call it"
        case Reason.RAISED:
            return raised_words(why.raised)


def _alike(theirs: tuple[int, ...], ours: tuple[int, ...]) -> str:
    return ": which axis is which cannot be told" if sorted(theirs) == sorted(ours) else ""


def side_words(side: DumpedSide) -> str:
    """`torch is what is in theirs: torch 2.13.0, numpy 2.4.0; float64 and float32`."""
    versions = ", ".join(f"{package} {version}" for package, version in side.versions.items()) or "versions unknown"
    return f"{side.name} is what is in {side.where}: {versions}; {' and '.join(side.precisions)}"


def limit_words(limit: Limit) -> str:
    """What could not be seen, as a sentence without its full stop."""
    match limit:
        case Limit.CAUSE:
            return "the cause was not searched: that takes both models in one process (tfvc parity run)"
        case Limit.DRIFT:
            return "both ran freely behind the first training step: drift is not told from a bug there"
        case Limit.GRADIENT_PRECISION:
            return "whether gradients lose precision in float32 was not judged: that takes several inputs"
        case Limit.LAYERS:
            return "no layers were dumped on both sides: where a fault lies is not known"
        case Limit.LOSS:
            return "the outputs differ in name or shape, so what the default loss makes of them was not compared"
        case Limit.NOISE:
            return (
                "one precision is missing on a side: an error below float32's noise, or one that cancels, is not seen"
            )
