"""What is wrong with a sound file."""

from tfvc.common.errors import TfvcError


class AudioError(TfvcError):
    """A sound file or waveform that cannot be used; one line, which names the file and the reason."""
