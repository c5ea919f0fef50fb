-- +goose Up
-- The order by registration, in which referees are listed and exported.
CREATE INDEX account_registered1 ON account (u1, registered_at) WHERE u1 <> 0;
CREATE INDEX account_registered2 ON account (u2, registered_at) WHERE u2 <> 0;
CREATE INDEX account_registered3 ON account (u3, registered_at) WHERE u3 <> 0;

-- The lists of a large partner's referees that are kept sorted: by commission and volume of a period, by the last trade. days says that the
-- period is the last so many days, and moves on with them. A partner without lists here is sorted when asked.
CREATE TABLE rank_list (
  partner bigint,
  list    integer,
  sort    text NOT NULL,                -- commission, volume, lastTradeAt
  days    integer NOT NULL,             -- 0: of the calendar
  first   date NOT NULL,                -- [first, past), days of the reporting zone
  past    date NOT NULL,
  PRIMARY KEY (partner, list)
);

-- value is micro-USDT, or the last trade's time in microseconds since 1970. Who has 0 or no row comes by uid.
CREATE TABLE referee_rank (
  partner bigint, list integer, referee bigint,
  value   bigint NOT NULL,
  PRIMARY KEY (partner, list, referee)
) WITH (fillfactor = 80);
CREATE INDEX referee_rank_order ON referee_rank (partner, list, value DESC, referee);

-- What was folded and the lists do not have yet. Append-only.
CREATE TABLE rank_delta (
  partner bigint NOT NULL, referee bigint NOT NULL, day date NOT NULL,
  commission bigint NOT NULL, volume bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_analyze_threshold = 20000, autovacuum_analyze_scale_factor = 0);
CREATE INDEX rank_delta_partner ON rank_delta (partner);

ALTER TABLE rank_list ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON rank_list TO partnerhub_app USING (partner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
ALTER TABLE referee_rank ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON referee_rank TO partnerhub_app USING (partner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
ALTER TABLE rank_delta ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON rank_delta TO partnerhub_app USING (partner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
GRANT SELECT ON rank_list, referee_rank, rank_delta TO partnerhub_app;

-- +goose Down
DROP TABLE rank_delta, referee_rank, rank_list;
DROP INDEX account_registered1;
DROP INDEX account_registered2;
DROP INDEX account_registered3;
