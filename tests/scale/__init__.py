"""Past one process: several servers, workers and machines."""
