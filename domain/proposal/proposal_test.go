package proposal_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/proposal"
)

func TestCanonical(t *testing.T) {
	want := `{"a":{"x":1.50,"y":[3,1]},"b":"<é>","n":9223372036854775807}`
	for _, in := range []string{want, ` { "n": 9223372036854775807, "b":"\u003c\u00e9>", "a" : {"y":[3, 1],"x":1.50} } `} {
		got, err := proposal.Canonical(json.RawMessage(in))
		if err != nil || string(got) != want {
			t.Errorf("%s: got %s %v", in, got, err)
		}
	}
	for _, bad := range []string{`[]`, `1`, `null`, `{`, `"x"`} {
		if _, err := proposal.Canonical(json.RawMessage(bad)); domain.AsError(err).Code != domain.CodeInvalid {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// Whatever of a proposal is another, the digest is too.
func TestDigestBindsEverything(t *testing.T) {
	p := proposal.Proposal{ID: "a", Owner: domain.Partner(1), Kind: proposal.CreateCode, Args: json.RawMessage(`{"code":"A"}`)}
	p.Digest = proposal.Digest(p.ID, p.Owner, p.Kind, p.Args)
	if !p.Verify(p.Digest) || p.Verify("") || p.Verify(strings.ToUpper(p.Digest)) {
		t.Fatal("its own digest")
	}
	for _, change := range []func(*proposal.Proposal){
		func(q *proposal.Proposal) { q.ID = "b" },
		func(q *proposal.Proposal) { q.Owner = domain.Partner(2) },
		func(q *proposal.Proposal) { q.Kind = proposal.Nudge },
		func(q *proposal.Proposal) { q.Args = json.RawMessage(`{"code":"B"}`) },
	} {
		q := p
		change(&q)
		if q.Verify(p.Digest) || q.Verify(proposal.Digest(q.ID, q.Owner, q.Kind, q.Args)) {
			t.Errorf("approved after a change: %+v", q)
		}
	}
}

func TestStateAt(t *testing.T) {
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	p := proposal.Proposal{State: proposal.Proposed, ExpiresAt: at}
	for now, want := range map[time.Time]proposal.State{at.Add(-1): proposal.Proposed, at: proposal.Expired, at.Add(1): proposal.Expired} {
		if got := p.At(now); got != want {
			t.Errorf("%s: %s", now, got)
		}
	}
	p.State = proposal.Declined
	if p.At(at) != proposal.Declined {
		t.Error("a decline is final")
	}
}
