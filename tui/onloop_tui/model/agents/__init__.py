"""Agents in lines."""
