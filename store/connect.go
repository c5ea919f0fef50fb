package store

import (
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	connectTimeout = 5 * time.Second
	// deadAfter is how long a connection may go without a sign of life from the other side, while one is due.
	deadAfter = 20 * time.Second
)

// serverSettings free what a replica held that the server lost sight of: its locks would keep all others from folding and paying until the
// server notices by itself, which takes it two hours. A transaction of ours that does nothing for a minute is nobody's.
var serverSettings = map[string]string{
	"application_name":                    "partnerhub",
	"idle_in_transaction_session_timeout": "60s",
	"tcp_keepalives_idle":                 "15",
	"tcp_keepalives_interval":             "5",
	"tcp_keepalives_count":                "3",
}

// PoolConfig is for the pool of a program that serves the database at url. What the URL sets itself (connect_timeout, pool_max_conns,
// idle_in_transaction_session_timeout and other settings of the server) comes first.
//
// A network that is cut says nothing. Without limits a statement waits a quarter of an hour for its answer and keeps its connection, until the
// pool is empty and the program answers nobody, also when the network is back.
func PoolConfig(url string) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	c := cfg.ConnConfig
	for name, value := range serverSettings {
		if _, set := c.RuntimeParams[name]; !set {
			c.RuntimeParams[name] = value
		}
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectTimeout
	}
	dialer := &net.Dialer{
		Timeout: c.ConnectTimeout, Control: unansweredFor(deadAfter),
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: deadAfter / 2, Interval: deadAfter / 8, Count: 4},
	}
	c.DialFunc = dialer.DialContext
	return cfg, nil
}
