-- Data connections: databases of somebody else's that the templates of reports may read; `url` is sealed.
CREATE TABLE report_connection (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    most_rows BIGINT NOT NULL,
    longest_ms BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    url TEXT NOT NULL
);
