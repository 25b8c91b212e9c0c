"""Learning: what turned out to be right, and what follows from it."""
