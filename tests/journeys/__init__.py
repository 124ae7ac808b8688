"""The whole story, through each face, on twins and on real control planes."""
