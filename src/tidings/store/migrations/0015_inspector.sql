-- The request inspector: what a bin answers, how its requests came, and bins of people without a login.

-- `replies` is JSON of core.reply.Replies, empty for the usual one; `address` is whose, if no connector made it.
ALTER TABLE bin ADD COLUMN replies TEXT NOT NULL DEFAULT '';
ALTER TABLE bin ADD COLUMN address TEXT NOT NULL DEFAULT '';
CREATE INDEX bin_connector ON bin (connector, name);

-- `took_ms` is the time from a request's head to the end of its body, `status` what it was answered.
ALTER TABLE capture ADD COLUMN http_version TEXT NOT NULL DEFAULT '1.1';
ALTER TABLE capture ADD COLUMN is_tls SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE capture ADD COLUMN took_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE capture ADD COLUMN status BIGINT NOT NULL DEFAULT 200;
