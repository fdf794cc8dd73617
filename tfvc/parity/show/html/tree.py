"""The layers of a report as the tree that they form in the model."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tfvc.parity.findings.layer import FINE, UNPAIRED, Layer


@dataclass
class Node:
    """A layer and what lies in it; `around` is the layer that it lies in."""

    layer: Layer
    around: "Node | None" = None
    children: list["Node"] = field(default_factory=list)

    def __iter__(self) -> Iterator["Node"]:
        """The node and all below it."""
        yield self
        for child in self.children:
            yield from child

    @property
    def name(self) -> str:
        """Torch's path from the layer around it; the call's number where it is not that of the layer around it."""
        layer = self.layer
        if not layer.path:
            return layer.keras_path if layer.verdict == UNPAIRED else "the whole model"
        outside = self.around.layer if self.around else Layer("")
        name = layer.path.removeprefix(f"{outside.path}." if outside.path else "")
        return name if layer.call in (1, outside.call) else f"{name} (call {layer.call})"

    @property
    def keras_name(self) -> str:
        """Keras's path, from the layer around it where it lies in that one in Keras too."""
        outside = self.around.layer.keras_path if self.around else ""
        path = self.layer.keras_path if self.layer.path or self.layer.verdict != UNPAIRED else ""
        return f"…/{path.removeprefix(f'{outside}/')}" if outside and path.startswith(f"{outside}/") else path

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
    nodes = [Node(layer) for layer in layers]
    pairs = {(node.layer.path, node.layer.call): node for node in nodes if node.layer.verdict != UNPAIRED}
    for node in nodes:
        node.around = _around(node.layer, pairs)
        if node.around:
            node.around.children.append(node)
    return [node for node in nodes if node.around is None]


def _around(layer: Layer, pairs: dict[tuple[str, int], Node]) -> Node | None:
    """The smallest pair around a layer that is in the report."""
    if layer.parent is None:
        return None
    parts = layer.parent.split(".") if layer.parent else []
    for length in range(len(parts), -1, -1):
        path = ".".join(parts[:length])
        found = pairs.get((path, layer.call)) or pairs.get((path, 1))
        if found and found.layer is not layer:
            return found
    return None
