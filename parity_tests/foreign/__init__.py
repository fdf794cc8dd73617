"""Pairs of models that nobody wrote for this project, and bugs planted in them."""
