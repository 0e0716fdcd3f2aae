Option Explicit

' Excel's events, for the add-in alone: it connects what is opened later. The ribbon calls ``Watch`` when it is
' loaded, so that there is no automatic macro, which virus scanners suspect.
Private WithEvents host As Application

Public Sub Watch()
    If Not ThisWorkbook.IsAddin Then Exit Sub
    Set host = Application
End Sub

Private Sub host_WorkbookOpen(ByVal Wb As Workbook)
    ConnectLinks Wb
End Sub
