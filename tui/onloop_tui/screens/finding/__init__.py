"""What finds things on the main screen: the list of runs, the search, and where one is."""
