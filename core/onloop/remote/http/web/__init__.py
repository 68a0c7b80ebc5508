"""The dashboard as a page in the browser: its files, who looks, and the process that draws for each of them."""
