-- +goose Up
-- A claim takes a few of each endpoint, so that one that is slow does not hold the others up.
CREATE INDEX delivery_due_target ON delivery (target, next_at) WHERE state = 'pending';
-- The secret before the last rotation signs too, for a while.
ALTER TABLE webhook_endpoint ADD COLUMN rotated_at timestamptz;

-- +goose Down
ALTER TABLE webhook_endpoint DROP COLUMN rotated_at;
DROP INDEX delivery_due_target;
