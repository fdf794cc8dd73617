"""What other packages add, found through their entry points; and objects named by a string."""

import functools
import importlib
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from tfvc.common.errors import TfvcError


def load_object(path: str) -> Any:
    """What `module:attribute` or `module` names, imported now.

    Raises:
        TfvcError: if there is no such module or attribute.
    """
    module, _, attribute = path.partition(":")
    try:
        loaded = importlib.import_module(module)
        return getattr(loaded, attribute) if attribute else loaded
    except (ImportError, AttributeError) as error:
        raise TfvcError(f"{path} cannot be loaded ({error}); check the package that names it") from error


@functools.cache
def plugins(group: str) -> dict[str, Any]:
    """What the installed packages have registered in an entry-point group: name -> object, in the order of the names.

    Raises:
        TfvcError: if one cannot be loaded, or two packages use one name.
    """
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=group), key=lambda point: point.name):
        if point.name in found and found[point.name].value != point.value:
            raise TfvcError(
                f"two packages register {point.name!r} in {group} ({found[point.name].value} and {point.value}); "
                "uninstall one of them"
            )
        found[point.name] = point
    return {name: load_object(point.value) for name, point in found.items()}
