"""A preset in other programs' formats."""
