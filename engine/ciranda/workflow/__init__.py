"""The workflow file: YAML with positions, its model, its static checks."""
