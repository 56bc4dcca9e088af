-- Media: files that were uploaded, in pieces, so that no transaction has to write a whole one.

-- `id` is random and is all that one needs to get the file. `kind` is Image, Audio, Document or Video; `width` and
-- `height` are 0 for what is no picture. A file is seen by nobody before `is_whole`.
CREATE TABLE media (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    kind TEXT NOT NULL,
    size BIGINT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    connector TEXT NOT NULL,
    author TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    is_whole SMALLINT NOT NULL DEFAULT 0
);
CREATE INDEX media_unfinished ON media (created_at) WHERE is_whole = 0;

-- All pieces but the last have 256 KiB.
CREATE TABLE media_chunk (
    media TEXT NOT NULL,
    number BIGINT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (media, number)
);
