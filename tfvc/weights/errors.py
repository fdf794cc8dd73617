"""What goes wrong with weight files."""

from tfvc.common.errors import TfvcError


class WeightError(TfvcError):
    """A weight file or state dict that does not fit: says which tensor, and both sides where there are two."""
