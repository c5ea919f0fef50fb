package main

import (
	"fmt"
	"time"

	"partnerhub/store"
)

// keyCmd is `partnerhub key`.
type keyCmd struct {
	Create keyCreateCmd `cmd:"" help:"Make an API key and print it: it is not shown again."`
	Rotate keyRotateCmd `cmd:"" help:"Make another key of a name and print it; the old one stays valid for the overlap."`
	List   keyListCmd   `cmd:"" help:"List all keys, one JSON object a line: scopes, expiry, when each was last used."`
	Revoke keyRevokeCmd `cmd:"" help:"End all API keys of a name at once."`
}

// expiry is --expires.
type expiry struct {
	Expires time.Duration `placeholder:"DURATION" help:"How long the key is valid, as 2160h; unset: until it is revoked."`
}

// at is when the key expires; nil: never.
func (e expiry) at(now time.Time) (*time.Time, error) {
	if e.Expires < 0 {
		return nil, usagef("key: --expires %s: want a duration above 0", e.Expires)
	}
	if e.Expires == 0 {
		return nil, nil
	}
	at := now.Add(e.Expires)
	return &at, nil
}

type keyCreateCmd struct {
	Name      string   `arg:"" help:"Who uses it."`
	Scopes    []string `default:"events" help:"What it may do: events, ledger, webhooks."`
	PerMinute int      `placeholder:"N" help:"Requests that it may make in a minute; unset: 6000."`
	expiry
}

func (cmd *keyCreateCmd) Run(ctx ctxArg, a *app) error {
	expires, err := cmd.at(time.Now())
	if err != nil {
		return err
	}
	s, _, err := a.store(ctx)
	if err != nil {
		return err
	}
	text, err := s.CreateAPIKey(ctx, store.APIKey{Name: cmd.Name, Scopes: cmd.Scopes, PerMinute: cmd.PerMinute, ExpiresAt: expires})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.stdout, text)
	return err
}

type keyRotateCmd struct {
	Name    string        `arg:"" help:"Who uses it."`
	Overlap time.Duration `default:"24h" help:"How long the old key stays valid; 0: no longer."`
	expiry
}

func (cmd *keyRotateCmd) Run(ctx ctxArg, a *app) error {
	now := time.Now()
	expires, err := cmd.at(now)
	if err != nil {
		return err
	}
	if cmd.Overlap < 0 {
		return usagef("key: --overlap %s: want a duration, or 0", cmd.Overlap)
	}
	s, _, err := a.store(ctx)
	if err != nil {
		return err
	}
	text, err := s.RotateAPIKey(ctx, cmd.Name, cmd.Overlap, expires, now)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "the old key is valid until %s\n", now.Add(cmd.Overlap).UTC().Format(time.RFC3339))
	_, err = fmt.Fprintln(a.stdout, text)
	return err
}

type keyListCmd struct{}

func (keyListCmd) Run(ctx ctxArg, a *app) error {
	s, _, err := a.store(ctx)
	if err != nil {
		return err
	}
	keys, err := s.APIKeys(ctx)
	for _, k := range keys {
		if err := a.print(k); err != nil {
			return err
		}
	}
	return err
}

type keyRevokeCmd struct {
	Name string `arg:"" help:"Who used it."`
}

func (cmd *keyRevokeCmd) Run(ctx ctxArg, a *app) error {
	s, _, err := a.store(ctx)
	if err != nil {
		return err
	}
	return s.RevokeAPIKey(ctx, cmd.Name)
}
