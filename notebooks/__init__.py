"""Executed documents; README.md lists them, `make notebooks` runs them anew."""
