"""What is owed for completed tasks."""
