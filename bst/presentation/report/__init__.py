"""A report on a model: one HTML file that needs no network and no app, to send to people without the app."""

from bst.presentation.report.make import make_report
from bst.presentation.report.write import write_report

__all__ = ["make_report", "write_report"]
