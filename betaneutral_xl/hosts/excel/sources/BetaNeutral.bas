Attribute VB_Name = "BetaNeutral"
Option Explicit

' The buttons of the ribbon and of the sheet Start. Each passes its name to Python:
' betaneutral_xl/hosts/excel/ribbon.py.

Public Sub OnRibbon(control As IRibbonControl)
    Press control.ID
End Sub

Public Sub Rebalance()
    Press "rebalance"
End Sub

Private Sub Press(button As String)
    RunPython "from betaneutral_xl.hosts.excel import ribbon; ribbon.press('" & button & "')"
End Sub
