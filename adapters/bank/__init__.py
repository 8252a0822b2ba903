"""Files for banks and from banks: ISO 20022 payment initiations out, account statements and notifications in."""
