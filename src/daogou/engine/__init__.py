"""The one door: search, recommend, explain."""
