"""The terminal itself: what it is sent, how fast it takes it, how many colours it has, and who stops us in it."""
