"""Reports as one HTML page that needs nothing outside itself."""

from tfvc.parity.show.html.page import to_html, write_html

__all__ = ["to_html", "write_html"]
