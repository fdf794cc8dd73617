"""Draws the list of bugs."""

from parity_tests.foreign.planting.draw import write

write()
