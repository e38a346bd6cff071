"""Tests: unit (the library), app (pages without a browser), browser (journeys)."""
