"""Reading cassettes without using them: timelines, checks, unused files."""
