"""What may go wrong: servers that misbehave on request or die, and connections that are spoilt."""
