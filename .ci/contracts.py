"""Import contracts that hold for the code and not for its tests, which look at whatever they need."""

import re
from typing import Any

from importlinter.contracts.acyclic_siblings import AcyclicSiblingsContract
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract

_TEST = re.compile(r"_test$|\.conftest$")


class WithoutTests:
    """Takes the tests out of the graph before a contract is checked."""

    def check(self, graph: Any, verbose: bool) -> Any:
        for module in sorted(graph.modules):
            if _TEST.search(module):
                graph.remove_module(module)
        return super().check(graph, verbose)


class Layers(WithoutTests, LayersContract):
    """`layers`: a module imports what is below it."""


class Forbidden(WithoutTests, ForbiddenContract):
    """`forbidden`: what must not be imported."""


class AcyclicSiblings(WithoutTests, AcyclicSiblingsContract):
    """`acyclic_siblings`: no circle among the modules of any package."""
