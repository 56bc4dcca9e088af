-- How a caught request was encrypted on its way to us, as the TLS library names it; empty where it was not.
ALTER TABLE capture ADD COLUMN tls_version TEXT NOT NULL DEFAULT '';
ALTER TABLE capture ADD COLUMN tls_cipher TEXT NOT NULL DEFAULT '';
