"""TensorFlow's start-up chatter, which no setting turns off: it is written before the log level is read."""

import importlib.util
import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from tfvc.common.silence import silent_stderr


class _QuietLoader(Loader):
    """Loads TensorFlow in silence, and raises its log level for later."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        with silent_stderr():
            self.loader.exec_module(module)
            module.get_logger().setLevel("ERROR")
            module.config.list_physical_devices()  # the probing for accelerators speaks up too


class _QuietTensorFlow(MetaPathFinder):
    """Finds TensorFlow where it is, and has it loaded quietly, however often others only ask whether it is there."""

    def __init__(self) -> None:
        self._asking = False

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != "tensorflow" or self._asking:
            return None
        self._asking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._asking = False
        if spec is not None and spec.loader is not None:
            spec.loader = _QuietLoader(spec.loader)
        return spec


def silence_tensorflow() -> None:
    """Has TensorFlow come without a word whenever it is first imported; a command that does not need it goes on."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if loaded := sys.modules.get("tensorflow"):
        loaded.get_logger().setLevel("ERROR")
    else:
        sys.meta_path.insert(0, _QuietTensorFlow())
