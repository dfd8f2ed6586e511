"""What the pipeline is compared with: each program does one film in a process of its own and says what that took."""
