"""Why a file is not read."""

_LONGEST = 80


class Refusal(Exception):
    """Why a file is not read and what to do, in words that follow the file's name and a colon."""


def shown(value: object) -> str:
    """A name or key out of a file, fit for one line of a message whatever the file says."""
    if type(value) is int and value.bit_length() <= 64:
        return str(value)
    if not isinstance(value, str):
        return type(value).__name__
    text = "".join(letter if letter.isprintable() else "?" for letter in value[: _LONGEST + 1])
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
