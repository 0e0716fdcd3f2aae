Attribute VB_Name = "BetaNeutral"
Option Explicit

' The buttons of the ribbon and of the sheet Start. Each passes its name to Python, which does the rest and
' returns its message: betaneutral_xl/hosts/excel/ribbon.py. The message is shown after the call has ended, so
' that Excel does not wait for Python while the user reads.

#If Not Mac Then
' Not MsgBox: that cuts long texts off, and has no letters outside the code page.
Private Declare PtrSafe Function MessageBoxW Lib "user32" ( _
    ByVal owner As LongPtr, ByVal text As LongPtr, ByVal title As LongPtr, ByVal kind As Long) As Long
#End If

Public Sub OnRibbon(control As IRibbonControl)
    If control.ID = "restart" Then
        RestartPython
    Else
        Press control.ID
    End If
End Sub

Public Sub Rebalance()
    Press "rebalance"
End Sub

#If Mac Then
Private Sub Press(button As String)
    RunPython "from betaneutral_xl.hosts.excel import ribbon; ribbon.press('" & button & "')"
End Sub

Public Sub RestartPython()
    MsgBox "On a Mac each button starts Python anew."
End Sub
#Else
Private Sub Press(button As String)
    Dim reply As String
    On Error GoTo failed
    XLPy.SetAttr XLPy.Module("xlwings._xlwindows"), "BOOK_CALLER", ThisWorkbook
    reply = XLPy.Str(XLPy.Call(XLPy.Module("betaneutral_xl.hosts.excel.ribbon"), "run", XLPy.Tuple(button)))
    Show reply
    Exit Sub
failed:
    Show "error" & vbLf & Err.Description & vbLf & vbLf & "If it stays so: Restart Python on this ribbon; then " _
        & "py -m betaneutral_xl excel check."
End Sub

Public Sub RestartPython()
    On Error GoTo failed
    KillPy
    Show "done" & vbLf & "Python has been ended. The next formula or button starts it anew."
    Exit Sub
failed:
    Show "error" & vbLf & Err.Description
End Sub

' A reply is a word in the first line, and the message in the others; without a message nothing is shown.
' A file that was written follows the word, after a bar: the user may open it.
Private Sub Show(reply As String)
    Dim head As String, message As String, file As String, kind As Long
    head = Left$(reply, InStr(reply, vbLf) - 1)
    message = Mid$(reply, InStr(reply, vbLf) + 1)
    If message = "" Then Exit Sub
    kind = 64 ' MB_ICONINFORMATION
    If Left$(head, 5) = "error" Then kind = 16 ' MB_ICONERROR
    file = Mid$(head, InStr(head & "|", "|") + 1)
    If file <> "" Then
        message = message & vbLf & vbLf & "Open it now?"
        kind = kind + 4 ' MB_YESNO
    End If
    If MessageBoxW(Application.Hwnd, StrPtr(message), StrPtr("Beta Neutral"), kind) = 6 Then Workbooks.Open file ' IDYES
End Sub
#End If
