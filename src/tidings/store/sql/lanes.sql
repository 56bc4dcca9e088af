-- name: lanes_open
-- Lanes whose circuit was open when it was last recorded.
SELECT subscription, circuit FROM lane WHERE circuit <> '' AND circuit NOT LIKE '%"closed"%';

-- name: lane_health
-- How a subscription fares, by what was recorded of it.
SELECT subscription, delivered, failed, succeeded_at, refused_at, circuit FROM lane WHERE subscription = :subscription;
