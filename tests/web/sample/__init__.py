"""A service as small as one can be, for the tests of what every service's web app does."""
