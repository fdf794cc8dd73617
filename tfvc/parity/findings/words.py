"""How stages and failures are called: the one place where they become words. Nothing reads these words back."""

from tfvc.parity.findings.failure import Failure, FailureKind
from tfvc.parity.findings.stage import Stage


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
