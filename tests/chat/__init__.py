"""What chat models share."""
