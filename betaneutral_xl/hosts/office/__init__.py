"""Excel on the Mac, on the web and on Windows: an Office.js add-in, served by the user's own machine."""
