-- Signing in through a browser: where connectors may be answered, and the codes that they trade for tokens.

-- Separated by spaces, which none of them holds.
ALTER TABLE connector ADD COLUMN redirect_urls TEXT NOT NULL DEFAULT '';

CREATE TABLE authorization_code (
    hash TEXT PRIMARY KEY,
    connector TEXT NOT NULL,
    person TEXT NOT NULL,
    redirect_url TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX authorization_code_expiry ON authorization_code (expires_at);
CREATE INDEX authorization_code_person ON authorization_code (person);
