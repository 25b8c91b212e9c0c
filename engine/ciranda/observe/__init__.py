"""What can be seen of a run: timeline, waterfall, progress, summary, log lines, traces."""
