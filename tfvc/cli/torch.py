"""Commands that cannot do without PyTorch say so before they begin."""

from tfvc.common.errors import TfvcError

INSTALL = "pip install 'tfvc[torch]'"


def has_torch() -> bool:
    """Whether PyTorch is installed."""
    try:
        import torch  # noqa: F401
    except ImportError:
        return False
    return True


def require_torch() -> None:
    """Raises TfvcError where PyTorch is not installed."""
    if not has_torch():
        raise TfvcError(f"this command compares with PyTorch, which is not installed; run {INSTALL}")
