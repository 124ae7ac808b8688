"""What builds, checks and documents Podo; nothing here ships."""
