"""Skills: folders with a SKILL.md, run in warm worker processes inside a layered sandbox."""
