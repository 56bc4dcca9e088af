"""Reports on a schedule: templates, tasks, what their runs make, and what is told before and after each."""
