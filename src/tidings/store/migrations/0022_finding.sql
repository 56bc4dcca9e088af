-- Finding events and deliveries over everything: what publishing and delivering must not pay for.

-- Which stretches of events are worth looking through for something: `traits` is a Bloom filter of what the events from
-- `oldest` to `newest` can be found by (store/traits.py). Noted some seconds after the events were kept.
CREATE TABLE event_stretch (
    oldest BIGINT PRIMARY KEY,
    newest BIGINT NOT NULL,
    traits BLOB NOT NULL
);

-- What is not delivered, by state: the latest attempt first, and by event. Successes cost nothing here.
CREATE INDEX attempt_undelivered ON attempt (state, id) WHERE state <> 'delivered';
CREATE INDEX attempt_undelivered_event ON attempt (state, event) WHERE state <> 'delivered';
