Option Explicit

' The only automatic macro: it sets the functions' help in Excel's function wizard.
Private Sub Workbook_Open()
    DescribeFunctions
End Sub
