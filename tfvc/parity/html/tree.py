"""The layers of a report as the tree that they form in the model."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tfvc.parity.findings import FINE, UNPAIRED, Layer


@dataclass
class Node:
    """A layer and what lies in it; `name` is its path from the layer around it."""

    layer: Layer
    name: str
    children: list["Node"] = field(default_factory=list)

    def __iter__(self) -> Iterator["Node"]:
        """The node and all below it."""
        yield self
        for child in self.children:
            yield from child

    @property
    def verdicts(self) -> Counter:
        """How many of the layers below have which verdict."""
        return Counter(node.layer.verdict for child in self.children for node in child)

    @property
    def troubled(self) -> bool:
        """Whether anything in it is not fine."""
        return any(node.layer.verdict != FINE for node in self)


def tree(layers: Sequence[Layer]) -> list[Node]:
    """The outermost layers; a module called several times holds, in its nth node, the nth calls of its parts."""
    nodes = [Node(layer, _relative(layer)) for layer in layers]
    pairs = {(node.layer.path, node.layer.call): node for node in nodes if node.layer.verdict != UNPAIRED}
    roots = []
    for node in nodes:
        parent = node.layer.parent
        around = pairs.get((parent, node.layer.call)) or pairs.get((parent, 1))
        (around.children if around else roots).append(node)
    return roots


def _relative(layer: Layer) -> str:
    return layer.name.removeprefix(f"{layer.parent}.") if layer.parent else layer.name
