"""What the project costs and how good it is, measured: `python -m benchmarks NAME`."""
