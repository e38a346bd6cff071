"""The models, their presets and their layers."""
