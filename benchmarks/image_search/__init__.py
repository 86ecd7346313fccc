"""How well search by photo finds what looks alike, and the same thing photographed anew."""
