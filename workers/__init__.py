"""Where the steps run when they are apart: one module a service."""
