"""How a setting that differs is called, as a cause and a fix."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tfvc.parity.diagnosis.subjects.optimizers.settings import Clip, ClipKind, Decay, Epsilon, Place
from tfvc.parity.findings.words import apart


@dataclass(frozen=True)
class Words:
    """The name of a known difference, and a sentence each for cause and fix."""

    name: str
    cause: str
    fix: str


def words(setting: str, ours: Any, theirs: Any) -> Words:
    """The words for one setting that Keras's optimizer has otherwise than torch's."""
    if setting in _OF:
        return _OF[setting](ours, theirs)
    name, cause, fix = _FLAGS[setting] if isinstance(theirs, bool) else _NUMBERS[setting]
    if isinstance(theirs, bool):
        does, does_not = cause
        one, other = (does, does_not) if ours else (does_not, does)
        return Words(name, f"The optimizer {one}, torch's {other}.", fix.format(theirs))
    our_figure, their_figure = apart(ours, theirs)
    return Words(name, cause.format(our_figure, their_figure), fix.format(their_figure))


_NUMBERS = {
    "learning_rate": ("learning rate", "The learning rate is {}, torch's {}.", "Pass learning_rate={}."),
    "momentum": ("optimizer momentum", "The optimizer's momentum is {}, torch's {}.", "Pass momentum={}."),
    "dampening": (
        "dampening",
        "From the second step on, the momentum takes a gradient times 1 - {}, torch's times 1 - {} (dampening).",
        "Pass dampening=0 to torch's SGD, since Keras's has none, or multiply by 1 - {} in a rule of your own.",
    ),
    "beta_1": ("beta_1", "The optimizer's beta_1 is {}, torch's {}.", "Pass beta_1={}."),
    "beta_2": ("beta_2", "The optimizer's beta_2 is {}, torch's {}.", "Pass beta_2={}."),
    "rho": (
        "rho",
        "The running mean of squares keeps {} of what it was (rho), torch's {}.",
        "Pass rho={} (Keras's default is 0.9 in RMSprop, torch's alpha 0.99).",
    ),
    "initial": (
        "initial accumulator",
        "The sum of squares begins at {}, torch's at {}.",
        "Pass initial_accumulator_value={} (Keras's default is 0.1, torch's 0).",
    ),
    "clip_threshold": ("clip threshold", "The root mean square of an update ends at {}, torch's at {}.", "Pass d={}."),
    "beta_2_decay": ("beta_2 decay", "The exponent of beta_2's decay is {}, torch's {}.", "Pass beta_2_decay={}."),
    "least_scale": (
        "least scale",
        "An update is scaled by at least {} (epsilon_2), torch's by {}.",
        "Pass epsilon_2={} (torch: the second of eps).",
    ),
    "momentum_decay": (
        "momentum decay",
        "The momentum is beta_1 * (1 - 0.5 * 0.96 ** ({} * step)), torch's has {} there.",
        "Pass momentum_decay=1.0 to torch's NAdam: Keras's Nadam has no such setting (torch's default is {}).",
    ),
    "rate_decay": (
        "learning rate decay",
        "The learning rate is divided by 1 + {} for each step before, torch's by 1 + {}.",
        "Pass a schedule with lr_decay={}, or none to torch.",
    ),
}
_FLAGS = {
    "nesterov": ("Nesterov", ("takes Nesterov's step", "does not take Nesterov's step"), "Pass nesterov={}."),
    "float32_product": (
        "float32 product of momenta",
        ("keeps the product of its momenta in float32", "keeps it in the weights' dtype"),
        'Accept it: accepted=("float32 on one side",).',
    ),
    "centered": ("centered", ("subtracts the mean gradient (centered)", "does not"), "Pass centered={}."),
    "amsgrad": ("amsgrad", ("divides by the largest velocity (amsgrad)", "does not"), "Pass amsgrad={}."),
    "corrected": (
        "no bias correction",
        ("corrects the bias of its running means", "does not correct the bias of its running means"),
        "Divide by 1 - beta ** step.",
    ),
    "maximize": (
        "ascent",
        ("goes up the gradient", "goes down"),
        "Subtract the step (torch's maximize={}).",
    ),
}


def _epsilon(ours: Epsilon, theirs: Epsilon) -> Words:
    one, other = apart(ours.value, theirs.value)
    if ours.place is theirs.place:
        fix = f"Pass epsilon={other} (Keras's default is 1e-7; torch's 1e-8, in Adagrad 1e-10)."
        return Words("optimizer epsilon", f"The optimizer's epsilon is {one}, torch's {other}.", fix)
    cause = f"The optimizer adds epsilon {one} {ours.place}, torch adds {other} {theirs.place}."
    name, fix = _PLACES[ours.place]
    return Words(name, cause, fix)


_PLACES = {
    Place.HAT: ("epsilon hat", "Use an Adam that adds epsilon to the corrected root (tfvc.optimizers.adam.Adam)."),
    Place.INSIDE: (
        "epsilon under the root",
        "Add epsilon to the root, not to its argument: Keras's own optimizers do.",
    ),
    Place.ROOT: ("epsilon outside the root", "Add epsilon where torch does."),
    Place.DENOMINATOR: ("epsilon in the denominator", "Add epsilon to each gradient's size, before the maximum."),
    Place.GRADIENT: ("epsilon in the maximum", "Add epsilon where torch does."),
}


def _decay(ours: Decay, theirs: Decay) -> Words:
    one, other = apart(ours.amount, theirs.amount)
    if ours.coupled or (theirs.coupled and theirs.amount):
        coupled = "{} times the weights to the gradients (L2)"
        alone = "the weights decay by {} times the learning rate"

        def says(decay: Decay, figure: str, subject: str, adds: str) -> str:
            if not decay.amount:
                return f"{subject} does not decay them"
            return f"{subject} {adds} {coupled.format(figure)}" if decay.coupled else f"{alone.format(figure)}"

        cause = f"{says(ours, one, 'the optimizer', 'adds')}; {says(theirs, other, 'torch', 'adds')}."
        fix = "Use decoupled decay (AdamW) on both sides, or add the decay to the gradients on both."
        return Words("coupled weight decay", cause[0].upper() + cause[1:], fix)
    cause = f"The weights decay by {one} times the learning rate, torch's by {other}."
    return Words("weight decay", cause, f"Pass weight_decay={other} (AdamW: torch's default is 0.01, Keras's 0.004).")


def _clip(ours: Clip, theirs: Clip) -> Words:
    one, other = apart(ours.bound, theirs.bound)
    if ours.kind is theirs.kind and ours.bound == theirs.bound:
        return Words(
            "clipping: 1e-6",
            f"The gradients are multiplied by {other} / norm; torch's clip_grad_norm_ divides by the norm + 1e-6.",
            'Clip with tfvc.optimizers.adam.clip_by_global_norm, or let the case accept "clipping without 1e-6".',
        )
    if ours.kind is theirs.kind:
        cause = f"The gradients are clipped to {one}, torch's to {other}: {theirs.kind}."
        return Words("clipping: bound", cause, f"Clip to {other}.")
    name, cause = _CLIPS[ours.kind]
    what = f"torch bounds {theirs.kind}" + ("" if theirs.kind is ClipKind.NONE else f", to {other}")
    return Words(f"clipping: {name}", f"{cause}; {what}.", _CLIP_FIXES[theirs.kind])


_CLIPS = {
    ClipKind.NONE: ("none", "The gradients are not clipped"),
    ClipKind.ALL: ("all together", "The gradients are clipped by the norm of all together"),
    ClipKind.EACH: ("each variable", "Each gradient is clipped by its own norm"),
    ClipKind.VALUE: ("by value", "Each element of a gradient is clipped"),
}
_CLIP_FIXES = {
    ClipKind.NONE: "Do not clip the gradients.",
    ClipKind.ALL: "Clip by the norm of all gradients: global_clipnorm, or tfvc.optimizers.adam.clip_by_global_norm.",
    ClipKind.EACH: "Pass clipnorm to the Keras optimizer.",
    ClipKind.VALUE: "Pass clipvalue to the Keras optimizer.",
}

_OF: dict[str, Callable[[Any, Any], Words]] = {"epsilon": _epsilon, "decay": _decay, "clip": _clip}
