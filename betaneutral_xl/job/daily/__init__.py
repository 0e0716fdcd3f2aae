"""The daily loop: what was accepted, what is left of it today, and whether to trade."""
