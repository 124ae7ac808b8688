"""What runs now: workloads and pods, health with its reason in words, logs, events, restart and scale."""
