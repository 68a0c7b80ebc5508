"""The screens and views; styles are in the .tcss files beside them."""
