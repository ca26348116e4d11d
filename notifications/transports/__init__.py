"""Ways out for mails: `email` makes the bytes, `smtp` hands them over, `addresses` says whom they can reach."""
