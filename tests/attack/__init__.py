"""What attackers try, by kind of attack; docs/security.md says which test stands for what."""
