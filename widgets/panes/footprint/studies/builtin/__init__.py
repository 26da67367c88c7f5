"""The shipped studies, one a module. Every module here is found by itself; there is no list of them."""
