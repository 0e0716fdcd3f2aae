"""Read any table file as text, whatever its content means.

``files`` reads the bytes; ``detection`` detects their format; ``delimited``, ``markup``, ``records`` and
``workbooks`` parse them into ``sheets``: grids of text as displayed, whose cells ``printed`` parses.
``grid`` parses large regular tables, of which only the compression and delimiter are detected.
"""
