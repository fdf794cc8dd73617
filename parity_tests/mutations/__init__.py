"""Bugs that are planted to see whether the parity harness catches them."""
