"""How a report is drawn: in a terminal, and as a page."""
