"""Where a step runs: in the loop, in a thread, in a process."""
