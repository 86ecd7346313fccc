"""Other libraries as peers: each script runs alone, in an environment that has its library."""
