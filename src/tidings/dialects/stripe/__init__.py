"""Stripe: payments, customers, invoices."""

from tidings.dialects.stripe.reader import StripeReader

READERS = (StripeReader(),)
