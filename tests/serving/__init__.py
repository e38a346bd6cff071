"""The model server: its addresses, batches, limits, and how an app asks it."""
