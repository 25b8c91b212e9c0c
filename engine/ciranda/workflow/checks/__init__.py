"""What is checked before a run, one noun a file; `ciranda.workflow.check` asks them all."""
