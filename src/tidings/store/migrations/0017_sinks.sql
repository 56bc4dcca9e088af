-- Where rows are sent on, and which receipts' rows still have to be.

-- `table_name` is empty for all tables, `source` for all sources; `webhook` is the number of the sink's own.
CREATE TABLE sink (
    name TEXT PRIMARY KEY,
    table_name TEXT NOT NULL,
    source TEXT NOT NULL,
    webhook BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);

-- `claimed_at` is when a process began to send it on, 0 if nobody did.
CREATE TABLE sink_due (
    sink TEXT NOT NULL,
    receipt BIGINT NOT NULL,
    claimed_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (sink, receipt)
);
