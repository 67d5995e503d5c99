"""What real servers cannot be made to do on request, and what they do when they die."""
