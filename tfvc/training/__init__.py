"""Runs: what every training shares, and one file a family."""
