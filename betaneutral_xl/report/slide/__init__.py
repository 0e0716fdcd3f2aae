"""The answer page as one slide: a picture, or a slide whose text and charts can be edited."""
