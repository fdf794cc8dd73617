"""What a comparison is made of: a Keras model, a torch module, a weight map and inputs."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfvc.common.errors import TfvcError
from tfvc.parity.findings.stage import Phase

Tensors = Mapping[str, Any]


def keras_call(model: Any, inputs: Tensors, training: bool) -> Tensors:
    """`model(*inputs, training=training)`, its one output named `output`."""
    return {"output": model(*inputs.values(), training=training)}


def torch_call(module: Any, inputs: Tensors) -> Tensors:
    """`module(*inputs)` for modules that work on [batch, time, channels], as nn.Linear does."""
    output = module(*inputs.values())
    return {"output": output[0] if isinstance(output, tuple) else output}


def torch_call_channels_first(module: Any, inputs: Tensors) -> Tensors:
    """`module(*inputs)` for modules that work on [batch, channels, time], as nn.Conv1d does."""
    return {"output": module(*(x.transpose(1, 2) for x in inputs.values())).transpose(1, 2)}


def keras_adam(learning_rate: float, clip_grad_norm: float | None) -> Any:
    from tfvc.optimizers.adam import Adam

    return Adam(learning_rate, clip_grad_norm=clip_grad_norm)


def torch_adam(parameters: Any, learning_rate: float) -> Any:
    import torch

    return torch.optim.Adam(parameters, lr=learning_rate)


@dataclass(frozen=True)
class OptimizerPair:
    """The same optimizer on both sides.

    `clip_grad_norm` bounds the norm of all gradients together, as torch's `clip_grad_norm_` does; `clip_each` bounds
    each gradient's own, as Keras's `clipnorm` does, `clip_value` each element, as `clipvalue` and torch's
    `clip_grad_value_` do (the Keras factory must set these two). `epsilon` is torch's, of an optimizer that divides by
    what may be as small.
    """

    learning_rate: float = 1e-4
    clip_grad_norm: float | None = None
    clip_each: float | None = None
    keras_factory: Callable[[float, float | None], Any] = keras_adam
    torch_factory: Callable[[Any, float], Any] = torch_adam
    epsilon: float = 1e-8
    clip_value: float | None = None

    @property
    def clips(self) -> bool:
        """Whether gradients are clipped at all."""
        return any(bound is not None for bound in (self.clip_grad_norm, self.clip_each, self.clip_value))


Losses = Callable[[Any, Tensors, bool], Tensors]
Inverse = Callable[[Any, Tensors, Tensors], Tensors]
Stepwise = Callable[[Any, Tensors], Tensors]


@dataclass(frozen=True)
class Turn:
    """What one optimizer does in a training step, where there is more than one: a GAN's discriminator, or generator.

    - `name`: the loss that it minimises, and its name in the report.
    - `owns(key)`: whether a parameter is trained in this turn.
    - `keras_losses(model, inputs, training)` and `torch_losses(module, inputs)`: name -> scalar. `inputs` also holds
      what the case's `keras_kept` and `torch_kept` gave at the beginning of the step.
    """

    name: str
    owns: Callable[[str], bool]
    keras_losses: Losses | None
    torch_losses: Callable[[Any, Tensors], Tensors] | None
    optimizer: OptimizerPair

    @property
    def label(self) -> str:
        """Its name in a report; empty for the turn of a model that has one optimizer, whose loss is `loss`."""
        return "" if self.name == "loss" else self.name


@dataclass(frozen=True)
class ParityCase:
    """A Keras model, the torch module it must equal, and how to feed both.

    Inputs and outputs are named, and on both sides in the Keras model's layout: the torch adapters do the
    transposes. The factories are called once for each precision and touch no dtype themselves.

    - `entries(model)`: what every torch key and every Keras variable is: `tfvc.weights.Entry`, `Constant` or `Ignored`.
    - `inputs(rng)`: name -> array; float arrays also get gradients.
    - `keras_forward(model, inputs, training)` and `torch_forward(module, inputs)`: name -> output.
    - `keras_losses(model, inputs, training)` and `torch_losses(module, inputs)`: name -> scalar, `loss` being the
      one that training minimises. Without them the loss is a fixed quadratic form of the outputs.
    - `turns`: in place of these losses and the optimizer, for models with more than one optimizer. Each turn steps
      before the next is computed; with `simultaneous` all gradients are taken before anything steps.
    - `lengths`: output -> the integer input `[batch]` that says how much of the output's second axis counts, or one
      name (or None) for the second axis, the third and so on. What lies behind a length is not judged, nor read by the
      default loss. Inputs that an inverse gives again may be named too.
    - `decisions`: an output of integers -> the output of scores whose largest, along the last axis, it names. Where the
      two models decide differently between scores that are alike but for rounding, that is a tie and no difference.
    - `keras_inverse(model, outputs, inputs)` and `torch_inverse(module, outputs, inputs)`: name of an input -> what a
      flow makes of the forward pass's outputs, for the phase `roundtrip`.
    - `keras_stepwise(model, inputs)` and `torch_stepwise(module, inputs)`: name of an output -> the same output made
      step by step with a cache, for the phase `stepwise`.
    - `accepted`: differences that are known and meant to stay, see `accepted`; the reference then does as Keras does.
    - `keras_kept(model, inputs)` and `torch_kept(module, inputs)`: name -> tensor, computed when a step begins and
      constant in it (a GAN's features of the real data, from before the discriminator's step).
    """

    name: str
    keras_model: Callable[[], Any]
    torch_module: Callable[[], Any]
    entries: Callable[[Any], Sequence[Any]]
    inputs: Callable[[np.random.Generator], dict[str, np.ndarray]]
    keras_forward: Callable[[Any, Tensors, bool], Tensors] = keras_call
    torch_forward: Callable[[Any, Tensors], Tensors] = torch_call
    keras_losses: Losses | None = None
    torch_losses: Callable[[Any, Tensors], Tensors] | None = None
    optimizer: OptimizerPair = field(default_factory=OptimizerPair)
    turns: tuple[Turn, ...] = ()
    simultaneous: bool = False
    keras_kept: Callable[[Any, Tensors], Tensors] = lambda model, inputs: {}
    torch_kept: Callable[[Any, Tensors], Tensors] = lambda module, inputs: {}
    description: str = ""
    accepted: tuple[str, ...] = ()
    lengths: Mapping[str, str | tuple[str | None, ...]] = field(default_factory=dict)
    decisions: Mapping[str, str] = field(default_factory=dict)
    keras_inverse: Inverse | None = None
    torch_inverse: Inverse | None = None
    keras_stepwise: Stepwise | None = None
    torch_stepwise: Stepwise | None = None

    @property
    def all_turns(self) -> tuple[Turn, ...]:
        """The turns of a training step; at least one."""
        return self.turns or (Turn("loss", lambda key: True, self.keras_losses, self.torch_losses, self.optimizer),)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """Those that the case has what it takes for."""
        without = {
            Phase.ROUND_TRIP: self.keras_inverse is None or self.torch_inverse is None,
            Phase.STEPWISE: self.keras_stepwise is None or self.torch_stepwise is None,
        }
        return tuple(phase for phase in Phase if not without.get(phase))


def load_case(name: str) -> ParityCase:
    """The case that a module has, as `module:attribute`: a `ParityCase` or what makes one.

    Raises:
        TfvcError: if there is no such module or attribute, or it is something else.
    """
    module_name, colon, attribute = name.partition(":")
    if not colon:
        raise TfvcError(f"no parity case {name!r}: give module:case")
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise TfvcError(f"parity case {name!r} cannot be loaded: {error}") from error
    case = found if isinstance(found, ParityCase) else found() if callable(found) else found
    if not isinstance(case, ParityCase):
        raise TfvcError(f"{name} is a {type(case).__name__}, not a ParityCase or a function that makes one")
    return case


def probe(shape: tuple[int, ...]) -> np.ndarray:
    """The direction in which the default loss reads an output: no two positions count the same."""
    return np.cos(0.7 * np.arange(np.prod(shape, dtype=int)) + 0.1).reshape(shape)
