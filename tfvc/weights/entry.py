"""Which torch tensors are which Keras variables."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import keras
import numpy as np

from tfvc.weights.errors import WeightError
from tfvc.weights.layouts import SAME, Layout
from tfvc.weights.parts import SINGLE, Parts, Tied


@dataclass(frozen=True, eq=False)
class Entry:
    """Torch tensors and the Keras variables that they are.

    In between lies one array in torch's layout, the whole: the torch tensors are its parts in one way, the Keras
    variables, each in its layout, in another. Mostly it is one tensor and one variable:

        Entry("conv.weight", layer.kernel, CONV)
        Entry(("rnn.bias_ih_l0", "rnn.bias_hh_l0"), cell.bias, keys_as=Sum())
        Entry("attn.in_proj_weight", (q.kernel, k.kernel, v.kernel), MATRIX, variables_as=Concatenation(axis=0))
        Entry(("embed.weight", "head.weight"), embedding.embeddings, keys_as=Tied())

    Attributes:
        keys: torch's state-dict keys; a single one may be given as it is.
        variables: the Keras variables; a single one may be given as it is.
        layout: how the axes of the variables cross; several, if not all do so alike.
        keys_as, variables_as: how several keys, or several variables, are the whole.

    Raises:
        WeightError: where several are given and it is not said how they are one.
    """

    keys: tuple[str, ...]
    variables: tuple[keras.Variable, ...]
    layout: Layout | tuple[Layout, ...] = SAME
    keys_as: Parts = SINGLE
    variables_as: Parts = SINGLE

    def __post_init__(self):
        object.__setattr__(self, "keys", (self.keys,) if isinstance(self.keys, str) else tuple(self.keys))
        several = isinstance(self.variables, (tuple, list))
        object.__setattr__(self, "variables", tuple(self.variables) if several else (self.variables,))
        for what, parts in (("keys", self.keys_as), ("variables", self.variables_as)):
            count = len(getattr(self, what))
            if count == 0 or (count > 1) == (parts is SINGLE):
                raise WeightError(
                    f"entry of {self.name or 'no key'}: {count} {what} with {what}_as={type(parts).__name__}; "
                    "several need Sum, Stack, Concatenation or Tied, one needs none of them"
                )
        if not all(isinstance(variable, keras.Variable) for variable in self.variables):
            raise WeightError(
                f"entry of {self.name}: not a keras.Variable; a layer whose weight is computed (LoRA, quantization) "
                "has no torch form"
            )
        if isinstance(self.layout, tuple) and len(self.layout) != len(self.variables):
            raise WeightError(f"entry of {self.name}: {len(self.layout)} layouts for {len(self.variables)} variables")

    @property
    def name(self) -> str:
        """What reports call it: the key, or all of them."""
        return self.keys_as.sign.join(self.keys)

    @property
    def trainable(self) -> bool:
        """Whether training moves it by a gradient."""
        return any(variable.trainable for variable in self.variables)

    @property
    def torch_shapes(self) -> list[tuple[int, ...]]:
        """The shapes on torch's side, by key."""
        return [array.shape for array in self.separate(self._blank())]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the whole."""
        return self._blank().shape

    def join(self, tensors: Sequence[np.ndarray | None], gradient: bool = False) -> np.ndarray:
        """Torch's tensors, one a key, as the whole; of gradients those may be None that are not trained."""
        return self._named(lambda: self.keys_as.join(tensors, gradient))

    def separate(self, whole: np.ndarray) -> list[np.ndarray]:
        """The whole as torch's tensors, one a key."""
        return self._named(lambda: self.keys_as.separate(whole, len(self.keys)))

    def gather(self, arrays: Sequence[np.ndarray], gradient: bool = False) -> np.ndarray:
        """Values, gradients or slots of Keras's variables as the whole."""
        pairs = zip(self._layouts, arrays, strict=True)
        return self._named(
            lambda: self.variables_as.join([layout.to_torch(array) for layout, array in pairs], gradient)
        )

    def scatter(self, whole: np.ndarray) -> list[np.ndarray]:
        """The whole as Keras's variables have it, one array a variable."""
        parts = self._named(lambda: self.variables_as.separate(whole, len(self.variables)))
        return self._named(lambda: [a.to_keras(part) for a, part in zip(self._layouts, parts, strict=True)])

    def to_keras(self, tensors: Sequence[np.ndarray | None], gradient: bool = False) -> list[np.ndarray]:
        """Torch's tensors, one a key, as Keras's variables have them."""
        return self.scatter(self.join(tensors, gradient))

    def to_torch(self, arrays: Sequence[np.ndarray], gradient: bool = False) -> list[np.ndarray]:
        """What Keras's variables have, as torch's tensors, one a key."""
        return self.separate(self.gather(arrays, gradient))

    def value(self) -> np.ndarray:
        """What the variables hold, as the whole."""
        return self.gather([np.asarray(variable.value) for variable in self.variables])

    def assign(self, whole: np.ndarray) -> None:
        """Gives the variables their values."""
        for variable, array in zip(self.variables, self.scatter(whole), strict=True):
            variable.assign(array)

    def renamed(self, rename: Callable[[str], str]) -> Self:
        """The entry under other keys."""
        return replace(self, keys=tuple(rename(key) for key in self.keys))

    def lies_in(self, keys: Collection[str]) -> bool:
        """Whether a module with these keys has the entry; of tied keys one is enough."""
        has = [key in keys for key in self.keys]
        return any(has) if isinstance(self.keys_as, Tied) else all(has)

    def inside(self, path: str) -> Self:
        """The entry as the torch module at `path` has it: keys relative to it, of tied keys its own."""
        prefix = f"{path}." if path else ""
        keys = tuple(key.removeprefix(prefix) for key in self.keys if key.startswith(prefix))
        if not isinstance(self.keys_as, Tied) or not keys:
            return self.renamed(lambda key: key.removeprefix(prefix))
        return replace(self, keys=keys, keys_as=self.keys_as if len(keys) > 1 else SINGLE)

    @property
    def _layouts(self) -> tuple[Layout, ...]:
        return self.layout if isinstance(self.layout, tuple) else (self.layout,) * len(self.variables)

    def _blank(self) -> np.ndarray:
        """An array of the whole's shape that takes little memory."""
        return self.gather([np.zeros(tuple(variable.shape), np.bool_) for variable in self.variables])

    def _named(self, compute: Callable):
        """Errors of arrays that do not fit, with the entry's name."""
        try:
            return compute()
        except ValueError as error:
            raise WeightError(f"{self.name}: {error}") from None


@dataclass(frozen=True, eq=False)
class Constant:
    """A Keras variable that torch has no tensor for: a table that torch computes, a bias that torch does without.

    Attributes:
        variable: the Keras variable.
        value: what it holds when weights have been loaded, broadcast to its shape; None for what it was made with.
    """

    variable: keras.Variable
    value: np.ndarray | float | None = None

    @property
    def variables(self) -> tuple[keras.Variable, ...]:
        """As an entry has them."""
        return (self.variable,)

    def assign(self) -> None:
        """Gives the variable its value, if there is one."""
        if self.value is not None:
            self.variable.assign(np.broadcast_to(self.value, tuple(self.variable.shape)))

    def renamed(self, rename: Callable[[str], str]) -> Self:
        """The same: it has no key."""
        return self


@dataclass(frozen=True)
class Ignored:
    """A torch tensor that Keras has no variable for, such as a count of batches; it may be there or not."""

    key: str

    @property
    def variables(self) -> tuple[keras.Variable, ...]:
        """None."""
        return ()

    def renamed(self, rename: Callable[[str], str]) -> Self:
        """The same under another key."""
        return Ignored(rename(self.key))


Declared = Entry | Constant | Ignored


def check_cover(weights: Iterable[keras.Variable], declared: Iterable[Declared], where: str) -> None:
    """Checks that every variable is declared exactly once, and no torch key twice.

    Args:
        weights: the variables of a model.
        declared: what is said of them.
        where: what they belong to, for messages.

    Raises:
        WeightError: naming the variable or the key.
    """
    declared = list(declared)
    entries = [item for item in declared if isinstance(item, Entry)]
    uses = Counter(id(variable) for item in declared for variable in item.variables)
    for variable in weights:
        if uses[id(variable)] != 1:
            count = uses[id(variable)]
            remedy = "" if count else "; if torch has no such tensor, declare Constant(variable)"
            raise WeightError(
                f"{where}: variable {variable.path} has {count} weight entries, it needs exactly one{remedy}"
            )
    keys = Counter(key for entry in entries for key in entry.keys)
    keys.update(item.key for item in declared if isinstance(item, Ignored))
    twice = [key for key, count in keys.items() if count > 1]
    if twice:
        raise WeightError(f"{where}: {twice[0]} has {keys[twice[0]]} weight entries, it needs exactly one")
    for entry in entries:
        if len({variable.trainable for variable in entry.variables}) > 1:
            raise WeightError(f"{where}: of the variables of {entry.name} some are trainable and some are not")


def check_constants(declared: Iterable[Declared], where: str) -> None:
    """Checks that training moves no constant; raises WeightError naming the variable."""
    for item in declared:
        if isinstance(item, Constant) and item.variable.trainable:
            raise WeightError(f"{where}: variable {item.variable.path} is declared constant; make it trainable=False")
