"""Environments that a container engine makes: podman or docker."""
