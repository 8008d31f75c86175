"""Reading files: one format per module, each run in a child process of its own.

``detect`` says what a file is, ``reader`` runs the children, ``pdf``, ``pdfium`` and ``text`` are the children. This
file imports nothing, so that a child imports its parser only.
"""
