"""Query sets with grades by rule."""
