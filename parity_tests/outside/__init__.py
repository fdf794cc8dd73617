"""A package of somebody else that adds to tfvc what it brings, through entry points alone.

`package` is the package, a project of its own; the tests install it beside tfvc and use both as a user does.
"""
