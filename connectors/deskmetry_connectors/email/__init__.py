"""E-mail: raw mails to records, by pure functions that every connector for mailboxes shares."""
