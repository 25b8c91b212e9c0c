"""The layers around a step, one noun a file."""
