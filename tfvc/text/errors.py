"""What goes wrong with a text."""

from tfvc.common.errors import TfvcError


class TextError(TfvcError):
    """A text that cannot be spoken, or a front-end that cannot be used; in one line."""
