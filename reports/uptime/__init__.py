"""How the service is and was, for everybody to see: judged each minute by the worker, asked by the web processes of themselves.

`judging` decides, `keeping` writes it down and adds up the days, `answering` is what the web processes found out, `reading` is for the
page, `notes` what staff tell, `words` says it to people. No tenant and nothing of one is in any of it.
"""
