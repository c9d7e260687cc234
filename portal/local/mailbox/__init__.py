"""The demo's mailbox: a mail server that delivers nothing to anybody, and a page that shows what it took. No product code knows of it."""
