-- name: lanes_open
-- Lanes whose circuit was open when it was last recorded.
SELECT subscription, circuit FROM lane WHERE circuit <> '' AND circuit NOT LIKE '%"closed"%';

-- name: debts_turned_back
-- After the clock was set back: what is due at an instant to come is due as much earlier.
UPDATE owed SET due = due - :by WHERE due > :now AND due < :never;

-- name: paces_turned_back
-- As for what is due: lanes are not spoken for any longer than they were.
UPDATE lane SET tat = tat - :by WHERE tat > :now;

-- name: lane_health
-- How a subscription fares, by what was recorded of it.
SELECT subscription, delivered, failed, succeeded_at, refused_at, circuit FROM lane WHERE subscription = :subscription;
