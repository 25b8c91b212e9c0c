"""What runs inside worker processes; imports the standard library, msgspec and the sandbox only."""
