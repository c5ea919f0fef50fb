-- +goose Up
-- The operator's figures count tickets of a period over all partners.
CREATE INDEX ticket_opened ON ticket (opened_at);

-- +goose Down
DROP INDEX ticket_opened;
