"""What happens when something is heard, and what is looked at again and again."""
