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

Public Sub OnLoad(ribbon As IRibbonUI)
    On Error Resume Next ' the ribbon works without the help of functions and without events
    ThisWorkbook.Watch
    DescribeFunctions
End Sub

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

' What a function answers without Python: the error message in its first bad argument, or that it is blank. While
' Excel orders its formulas it calls functions before their arguments are computed, and discards the answers.
Public Function EarlyAnswer(ByVal arguments As Variant, ByVal blanks As Variant) As String
    Dim at As Long
    For at = LBound(arguments) To UBound(arguments)
        EarlyAnswer = ErrorLine(arguments(at))
        If EarlyAnswer = "" Then If IsBlank(arguments(at)) Then EarlyAnswer = blanks(at)
        If EarlyAnswer <> "" Then Exit Function
    Next at
End Function

Private Function ErrorLine(argument As Variant) As String
    Dim first As Variant
    If TypeName(argument) = "Range" Then
        first = argument.Cells(1, 1).Value2
    ElseIf Not IsArray(argument) Then
        first = argument
    End If
    If VarType(first) = 8 Then If Left$(first, 7) = "#BETA! " Then ErrorLine = first ' vbString
End Function

Private Function IsBlank(argument As Variant) As Boolean
    On Error Resume Next ' Python decides where this cannot
    If TypeName(argument) = "Range" Then
        IsBlank = Application.WorksheetFunction.CountA(argument) = 0
    Else
        IsBlank = IsEmpty(argument)
    End If
End Function

' An add-in works on the workbook that the user sees; a macro workbook on itself.
Private Function Target() As Workbook
    If ThisWorkbook.IsAddin Then
        Set Target = ActiveWorkbook
    Else
        Set Target = ThisWorkbook
    End If
End Function

' Excel keeps with a formula the path of the add-in that has the function. In a workbook from another computer
' that is another path: let it be this add-in's.
Public Sub ConnectLinks(ByVal book As Workbook)
    Dim links As Variant, at As Long
    On Error Resume Next ' a workbook that cannot be changed opens all the same
    links = book.LinkSources(1) ' xlExcelLinks
    If Not IsArray(links) Then Exit Sub
    For at = LBound(links) To UBound(links)
        If IsElsewhere(links(at)) Then book.ChangeLink links(at), ThisWorkbook.FullName, 1 ' xlLinkTypeExcelLinks
    Next at
End Sub

' Whether a link is to an add-in of this name in another place.
Private Function IsElsewhere(ByVal link As String) As Boolean
    Dim name As String
    If LCase$(link) = LCase$(ThisWorkbook.FullName) Then Exit Function
    name = Replace(link, "/", "\")
    IsElsewhere = LCase$(Mid$(name, InStrRev(name, "\") + 1)) = LCase$(ThisWorkbook.Name)
End Function

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
    If Target Is Nothing Then
        Show "error" & vbLf & "No workbook is open for editing. Open one, or make a new one, and press the button again."
        Exit Sub
    End If
    XLPy.SetAttr XLPy.Module("xlwings._xlwindows"), "BOOK_CALLER", Target
    reply = XLPy.Str(XLPy.Call(XLPy.Module("betaneutral_xl.hosts.excel.ribbon"), "run", XLPy.Tuple(button)))
    Show reply
    Exit Sub
failed:
    Show "error" & vbLf & Err.Description & vbLf & vbLf & "If it stays so: Restart Python on this ribbon; then " _
        & "betaneutral-xl excel check, or py -m betaneutral_xl excel check."
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
