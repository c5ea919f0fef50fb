-- +goose Up
-- What happened that a person should know: their inbox. key makes a notice come once, whoever tells it again.
CREATE TABLE notice (
  owner   bigint NOT NULL,                       -- whose inbox
  key     text COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
  id      bigint GENERATED ALWAYS AS IDENTITY,   -- the order in which the inbox pages
  kind    text COLLATE "C" NOT NULL,
  data    jsonb NOT NULL,
  link    text NOT NULL,                         -- a path of the web app, or ''
  at      timestamptz NOT NULL,                  -- when it happened
  read_at timestamptz,
  PRIMARY KEY (owner, key)
);
CREATE INDEX notice_inbox ON notice (owner, id);
CREATE INDEX notice_unread ON notice (owner, id) WHERE read_at IS NULL;

-- Where the exchange's backend wants its events. Small and shared: on Citus a reference table.
CREATE TABLE webhook_endpoint (
  id          uuid PRIMARY KEY,
  url         text NOT NULL,
  types       text[] NOT NULL,                   -- empty: all
  secrets     text[] NOT NULL,                   -- whsec_…, the newest first: each signs
  created_by  text NOT NULL,                     -- name of the API key
  created_at  timestamptz NOT NULL DEFAULT now(),
  disabled_at timestamptz,
  disabled_why text NOT NULL DEFAULT ''          -- 'deleted', or what it answered
);

-- Web Push: browsers of a person that want notices while the app is closed.
CREATE TABLE push_subscription (
  owner      bigint NOT NULL,
  id         uuid NOT NULL,
  endpoint   text COLLATE "C" NOT NULL,
  p256dh     text NOT NULL,
  auth       text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (owner, id),
  UNIQUE (owner, endpoint)
);
CREATE INDEX push_subscription_endpoint ON push_subscription (endpoint); -- a browser has one person at a time

-- The outbox: what is to be delivered, written in the transaction of what it tells of. A claim moves next_at on by a lease and
-- counts an attempt, so that what a dead worker held comes due again; next_at is all the lock there is.
CREATE TABLE delivery (
  owner       bigint NOT NULL,                   -- whom it is about
  id          uuid NOT NULL,
  channel     text COLLATE "C" NOT NULL CHECK (channel IN ('webhook', 'push', 'mail')),
  target      uuid NOT NULL,                     -- the endpoint or the subscription; of mail: nothing
  key         text COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 192),
  message     text COLLATE "C" NOT NULL,         -- webhook-id: the same for each attempt
  type        text COLLATE "C" NOT NULL,
  body        text NOT NULL,                     -- as it is signed and sent
  state       text COLLATE "C" NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'dead')),
  attempts    integer NOT NULL DEFAULT 0,
  next_at     timestamptz NOT NULL DEFAULT now(),
  last_status integer NOT NULL DEFAULT 0,        -- HTTP status, 0 without an answer
  last_error  text NOT NULL DEFAULT '',
  created_at  timestamptz NOT NULL DEFAULT now(),
  ended_at    timestamptz,
  PRIMARY KEY (owner, id),
  UNIQUE (owner, channel, target, key)
);
CREATE INDEX delivery_due ON delivery (next_at) WHERE state = 'pending';
CREATE INDEX delivery_failing ON delivery (created_at, id) WHERE state = 'dead' OR (state = 'pending' AND last_error <> '');
CREATE INDEX delivery_target ON delivery (target, created_at, id);
CREATE INDEX delivery_ended ON delivery (ended_at) WHERE state <> 'pending';

ALTER TABLE notice ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON notice TO partnerhub_app USING (owner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
ALTER TABLE push_subscription ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON push_subscription TO partnerhub_app USING (owner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
ALTER TABLE delivery ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON delivery TO partnerhub_app USING (owner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
GRANT SELECT ON notice TO partnerhub_app;
GRANT UPDATE (read_at) ON notice TO partnerhub_app;
GRANT SELECT, INSERT, DELETE ON push_subscription TO partnerhub_app;
-- Nobody reads deliveries or endpoints but the service itself.

-- +goose Down
DROP TABLE delivery;
DROP TABLE push_subscription;
DROP TABLE webhook_endpoint;
DROP TABLE notice;
