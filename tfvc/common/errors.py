"""The one exception type that means "the input is at fault"."""


class TfvcError(Exception):
    """Bad usage or bad input, told in one line: what, where, what to do.

    The command line prints it as `tfvc: error: ...` and exits with code 2; no traceback.
    """
