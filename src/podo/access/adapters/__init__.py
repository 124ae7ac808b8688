"""Where people come from, and how they are recognised."""
