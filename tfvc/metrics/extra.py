"""Packages of the `metrics` extra: imported where they are used, so that what needs none of them works without."""

import importlib
import warnings
from types import ModuleType

from tfvc.common.errors import TfvcError


def require(package: str) -> ModuleType:
    """Imports a package of the `metrics` extra.

    Raises:
        TfvcError: if it cannot be imported, saying what to install.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyworld and pysptk import `pkg_resources`, and setuptools warns of that
        try:
            return importlib.import_module(package)
        except ImportError as problem:
            raise TfvcError(
                f"this measurement needs {package} ({problem}); run pip install 'tfvc[metrics]', or leave it out by "
                "naming others with --metrics, of which mel and speaker need no extra"
            ) from None
