-- Whatever removes the head of an order makes the next one due as it was when it was made, but not later than now: the
-- clock may have been set back since.
DROP TRIGGER owed_order_goes_on;
CREATE TRIGGER owed_order_goes_on AFTER DELETE ON owed WHEN OLD.order_key IS NOT NULL
BEGIN
    UPDATE owed
    SET due = min(
        coalesce((SELECT at FROM event WHERE id = owed.event), 0), CAST(unixepoch('subsec') * 1000 AS INTEGER)
    )
    WHERE subscription = OLD.subscription AND due = 9223372036854775807 AND event = (
        SELECT min(event) FROM owed WHERE subscription = OLD.subscription AND order_key = OLD.order_key
    );
END;
