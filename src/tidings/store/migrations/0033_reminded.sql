-- When its group was last reminded of an action; null for never.
ALTER TABLE action ADD COLUMN reminded_at BIGINT;
UPDATE action SET reminded_at = (
    SELECT MAX(reminder.at) FROM reminder WHERE reminder.action = action.id AND reminder.audience IN ('[]', '["*"]')
)
WHERE id IN (SELECT reminder.action FROM reminder);
CREATE INDEX action_reminded ON action (group_id, reminded_at) WHERE reminded_at IS NOT NULL;
