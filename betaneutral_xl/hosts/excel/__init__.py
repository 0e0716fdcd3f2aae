"""Excel through xlwings: functions, buttons, the macro workbook, its installation."""
