"""What every domain stands on. Nothing here has a domain word in its name."""
