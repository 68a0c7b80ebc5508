"""Tests of what a box stops, made by trying it."""
