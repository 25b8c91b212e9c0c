"""Planner: from a goal or a list of tasks to the shortest safe schedule, and its run."""
