"""The sheets of the workbook, a module each: ``write`` fills a canvas from the contents."""
