"""Training runs: started, resumed, watched from another process, and ended as a bundle."""
