"""People, teams, sign-in, roles and tokens: who may do what, and why."""
