"""What a cassette holds: requests and answers, event streams, bodies, apps; and its file."""
