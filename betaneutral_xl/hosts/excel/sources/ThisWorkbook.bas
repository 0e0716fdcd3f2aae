Option Explicit

' The only thing that runs by itself: it gives the functions their help in Excel's function wizard.
Private Sub Workbook_Open()
    DescribeFunctions
End Sub
