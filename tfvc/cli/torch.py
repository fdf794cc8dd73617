"""Commands that cannot do without PyTorch say so before they begin."""

from importlib.util import find_spec

from tfvc.errors import TfvcError


def require_torch() -> None:
    """Raises TfvcError where PyTorch is not installed."""
    if find_spec("torch") is None:
        raise TfvcError("this command compares with PyTorch, which is not installed; run pip install 'tfvc[torch]'")
