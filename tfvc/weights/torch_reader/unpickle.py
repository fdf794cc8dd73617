"""A pickle machine that can only put plain data together.

What is a class or a function in the file is a stand-in here (`allowed.py`), and calling it does what our own function
for that name does; every other name is refused. So there is nothing in this machine that a pickle could make run: it
imports nothing, looks up no attribute by a name from the file, and calls no object from the file.

The data are what `torch/_weights_only_unpickler.py` gives, of all protocols instead of the second alone.
"""

import pickletools
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tfvc.weights.torch_reader.allowed import Function, allowed_names, find, refuse
from tfvc.weights.torch_reader.hashing import hashable
from tfvc.weights.torch_reader.numpy_data import NumpyDtype, build_array
from tfvc.weights.torch_reader.refusal import Refusal
from tfvc.weights.torch_reader.section import Section
from tfvc.weights.torch_reader.stack import Stack
from tfvc.weights.torch_reader.storages import Storages
from tfvc.weights.torch_reader.tensors import Tensors

# Steps of a pickle, those of copying a list among them. A tensor takes about thirty, an object some 200 bytes at most.
_MOST_STEPS = 10_000_000


def unpickle(section: Section, storages: Storages) -> Any:
    """What one pickle holds; the section is left behind its end. Tensors are arrays that wait for their contents.

    Raises:
        Refusal: if it is damaged, or holds anything but data.
    """
    return _Machine(section, storages).run()


def _opcodes(section: Section) -> Iterator[tuple[str, Any]]:
    """The opcodes and their arguments, which are numbers, strings and bytes, up to STOP."""
    try:
        for opcode, argument, _ in pickletools.genops(section):
            yield opcode.name, argument
    except ValueError:  # pickletools' word for bytes that are no pickle, or that end too early
        raise Refusal("truncated or damaged, its pickle cannot be read; get the file again") from None


class _Machine:
    def __init__(self, section: Section, storages: Storages):
        self._section = section
        self._storages = storages
        self._names = allowed_names(Tensors(storages.limit).functions)
        self._memo: dict[int, Any] = {}
        self._stack = Stack()
        self._steps = _MOST_STEPS
        # Bytes of strings that may be copied: each has been in the pickle once, a NumPy array's are copied twice.
        self._copied = 2 * section.left

    def run(self) -> Any:
        for name, argument in _opcodes(self._section):
            self._spend(1)
            if name != "STOP":
                self._step(name, argument)
        return self._stack.pop()

    def _step(self, name: str, argument: Any) -> None:
        if name in _PUSHED:
            self._stack.push(argument)
        elif name in _CONSTANTS:
            self._stack.push(_CONSTANTS[name])
        elif name in _EMPTY:
            self._stack.push(_EMPTY[name]())
        elif name in _OPERATIONS:
            _OPERATIONS[name](self, argument)
        elif name not in ("PROTO", "FRAME"):
            raise Refusal(f"refused, its pickle says {name}, which no plain data need; save a plain state dict")

    def _spend(self, steps: int) -> None:
        self._steps -= steps
        if self._steps < 0:
            raise Refusal(f"refused, its pickle has more than {_MOST_STEPS} parts; save a plain state dict")

    # Opcodes, in the order of pickletools.

    def binary_string(self, argument: str) -> None:
        """Python 2's str, of which torch's reader makes text too."""
        data = argument.encode("latin-1")
        try:
            self._stack.push(data.decode())
        except UnicodeDecodeError:
            self._stack.push(data)

    def mark(self, _) -> None:
        self._stack.mark()

    def pop_one(self, _) -> None:
        self._stack.discard()

    def pop_mark(self, _) -> None:
        self._stack.pop_to_mark()

    def duplicate(self, _) -> None:
        self._stack.push(self._stack.top())

    def append(self, _) -> None:
        item = self._stack.pop()
        self._container(list).append(item)

    def appends(self, _) -> None:
        items = self._stack.pop_to_mark()
        self._container(list).extend(items)

    def add_items(self, _) -> None:
        items = self._stack.pop_to_mark()
        self._container(set).update(map(hashable, items))

    def set_item(self, _) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._container(dict, OrderedDict, Counter)[hashable(key)] = value

    def set_items(self, _) -> None:
        items = self._stack.pop_to_mark()
        self._update(self._container(dict, OrderedDict, Counter), items)

    def make_list(self, _) -> None:
        self._stack.push(self._stack.pop_to_mark())

    def make_tuple(self, _) -> None:
        self._stack.push(tuple(self._stack.pop_to_mark()))

    def make_frozenset(self, _) -> None:
        self._stack.push(frozenset(map(hashable, self._stack.pop_to_mark())))

    def make_dict(self, _) -> None:
        made: dict[Any, Any] = {}
        self._update(made, self._stack.pop_to_mark())
        self._stack.push(made)

    def make_tuple_of(self, count: int) -> None:
        items = [self._stack.pop() for _ in range(count)]
        self._stack.push(tuple(reversed(items)))

    def put(self, index: int | None) -> None:
        self._memo[len(self._memo) if index is None else index] = self._stack.top()

    def get(self, index: int) -> None:
        if index not in self._memo:
            raise Refusal("damaged, its pickle names what it has not said")
        self._stack.push(self._memo[index])

    def name_in_line(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._stack.push(find(self._names, module, name))

    def name_on_stack(self, _) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise Refusal("damaged, its pickle names a class by what is no string")
        self._stack.push(find(self._names, module, name))

    def reduce(self, _) -> None:
        """REDUCE, and NEWOBJ, which says the same of a class: what stands for the name, done with the arguments."""
        args, function = self._stack.pop(), self._stack.pop()
        if not isinstance(function, Function) or not isinstance(args, tuple):
            raise Refusal(f"refused, its pickle calls a {type(function).__name__}; save a plain state dict")
        for argument in args:
            self._charge(argument)
        self._stack.push(function.make(args))

    def build(self, _) -> None:
        """A state for what was made last. Attributes, such as an OrderedDict's `_metadata`, are left out."""
        state, built = self._stack.pop(), self._stack.top()
        if isinstance(built, NumpyDtype):
            built.build(state)
        elif isinstance(built, np.ndarray) and isinstance(state, tuple) and not _has_array(state):
            if len(state) == 5:
                self._charge(state[4])
                build_array(built, state)
        elif not isinstance(built, OrderedDict) or not isinstance(state, dict):
            raise Refusal(f"refused, its pickle gives a {type(built).__name__} a state; save a plain state dict")

    def storage(self, _) -> None:
        self._stack.push(self._storages.declare(self._stack.pop()))

    def instance(self, argument: str) -> None:
        raise refuse(argument.replace(" ", "."))

    def _container(self, *kinds: type) -> Any:
        if type(self._stack.top()) not in kinds:
            raise Refusal(f"damaged, its pickle puts items into a {type(self._stack.top()).__name__}")
        return self._stack.top()

    def _update(self, made: dict, items: list[Any]) -> None:
        if len(items) % 2:
            raise Refusal("damaged, its pickle has a key without a value")
        for key, value in zip(items[::2], items[1::2], strict=True):
            made[hashable(key)] = value

    def _charge(self, argument: Any) -> None:
        """Counts what a call copies: again and again the same would take memory without end."""
        if isinstance(argument, list | tuple | dict) and len(argument) > 64:
            self._spend(len(argument))
        elif isinstance(argument, str | bytes) and len(argument) > 64:
            self._copied -= len(argument)
            if self._copied < 0:
                raise Refusal("refused, its pickle makes more of its strings than the file holds")


def _has_array(state: tuple) -> bool:
    return any(isinstance(part, np.ndarray) for part in state)


_PUSHED = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_EMPTY = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": set}
_OPERATIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "BINSTRING": _Machine.binary_string,
    "SHORT_BINSTRING": _Machine.binary_string,
    "MARK": _Machine.mark,
    "POP": _Machine.pop_one,
    "POP_MARK": _Machine.pop_mark,
    "DUP": _Machine.duplicate,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "ADDITEMS": _Machine.add_items,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "LIST": _Machine.make_list,
    "TUPLE": _Machine.make_tuple,
    "TUPLE1": lambda machine, _: machine.make_tuple_of(1),
    "TUPLE2": lambda machine, _: machine.make_tuple_of(2),
    "TUPLE3": lambda machine, _: machine.make_tuple_of(3),
    "FROZENSET": _Machine.make_frozenset,
    "DICT": _Machine.make_dict,
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    "GLOBAL": _Machine.name_in_line,
    "STACK_GLOBAL": _Machine.name_on_stack,
    "REDUCE": _Machine.reduce,
    "NEWOBJ": _Machine.reduce,
    "BUILD": _Machine.build,
    "BINPERSID": _Machine.storage,
    "INST": _Machine.instance,
}
