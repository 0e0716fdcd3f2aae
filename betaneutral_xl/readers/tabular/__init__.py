"""Any table of any file, as text: nothing here knows what a table is about.

``files`` opens what the user named; ``tables`` finds out what its bytes are, and ``delimited``, ``markup``,
``records`` or ``workbooks`` make ``sheets`` of them: grids of text as people see it, which ``printed`` reads.
``grid`` is for large regular tables, of which nothing need be found out but how they are packed and parted.
"""
