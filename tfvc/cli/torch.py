"""Commands that cannot do without PyTorch say so before they begin."""

from tfvc.common.errors import TfvcError


def require_torch() -> None:
    """Raises TfvcError where PyTorch is not installed."""
    try:
        import torch  # noqa: F401
    except ImportError:
        raise TfvcError(
            "this command compares with PyTorch, which is not installed; run pip install 'tfvc[torch]'"
        ) from None
