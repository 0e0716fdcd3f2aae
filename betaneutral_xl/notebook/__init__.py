"""The Python API for notebooks: results that show, draw, explain and save themselves."""
