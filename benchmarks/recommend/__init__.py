"""How good recommendations are, on data sets with published numbers and on a real shop."""
