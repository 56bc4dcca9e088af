-- Which receipts somebody is laying just now, apart from the receipts: a new version of one is written once, when it is done.

-- `at` is when they were taken. It may be lost with the server: then they are laid twice, which is no harm.
CREATE UNLOGGED TABLE receipt_taken (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL
);
