-- Finding events and deliveries over everything: what publishing and delivering must not pay for.

-- What events can be found by, noted some seconds after they were kept. `trait` is a number made of a type, a subject, a
-- person or a name (store/traits.py); among the events from `oldest` to `newest` there is at least one that has it.
CREATE TABLE event_trait (
    trait BIGINT NOT NULL,
    oldest BIGINT NOT NULL,
    newest BIGINT NOT NULL,
    PRIMARY KEY (trait, oldest)
);
-- For what is forgotten.
CREATE INDEX event_trait_newest ON event_trait (newest);

-- The last event whose traits were noted.
CREATE TABLE event_trait_mark (
    id SMALLINT PRIMARY KEY CHECK (id = 1),
    noted BIGINT NOT NULL
);
INSERT INTO event_trait_mark (id, noted) VALUES (1, 0);

-- What is not delivered, by state: the latest attempt first, and by event. Successes cost nothing here.
CREATE INDEX attempt_undelivered ON attempt (state, id) WHERE state <> 'delivered';
CREATE INDEX attempt_undelivered_event ON attempt (state, event) WHERE state <> 'delivered';
