"""What flows between the steps: message types, their bytes and their JSON Schemas."""
