"""Measures of the loop: what gates of people cost and catch, which gates say nothing, what people are called for."""
