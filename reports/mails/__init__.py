"""What mails say. `letters.py` writes them for the courier; each kind has a file that says what stands in it.

A kind makes a `Content` (content.py); `drawing.py` draws any content twice, as HTML by templates/mail/letter.html and as plain text, so
that both say the same. Nothing here sends, and nothing asks the network.
"""
