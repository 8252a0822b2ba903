"""Referrals: a client passed on to another partner, with a deadline and an outcome. No request ends nowhere."""
