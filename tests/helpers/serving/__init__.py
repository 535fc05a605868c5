"""Servers, models, browsers and stand-ins for the tests of serving."""
