package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/proposal"
	"partnerhub/domain/referral"
	"partnerhub/store"
)

var (
	alice, mallory = domain.Partner(100), domain.Partner(900)
	proposedAt     = taskDay.Add(12 * time.Hour)
)

const chat1, chat2 = "00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"

func proposeCode(t testing.TB, s *store.Store, thread string, n referral.NewCode) proposal.Proposal {
	t.Helper()
	p, err := s.Propose(context.Background(), alice, proposal.CreateCode, n, thread, proposedAt)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func codeNames(t testing.TB, s *store.Store, c domain.Caller) string {
	t.Helper()
	codes, err := s.Codes(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, code := range codes {
		names = append(names, code.Code)
	}
	return strings.Join(names, " ")
}

// wantRefusal checks an error's code and field, and that no code was made.
func wantRefusal(t *testing.T, s *store.Store, what string, err error, code domain.Code, field, codes string) {
	t.Helper()
	if e := domain.AsError(err); err == nil || e.Code != code || e.Field != field {
		t.Errorf("%s: got %v, want %s on %q", what, err, code, field)
	}
	if got := codeNames(t, s, alice); got != codes {
		t.Errorf("%s: the codes are %s, want %s", what, got, codes)
	}
}

func TestApproval(t *testing.T) {
	t.Parallel()
	s, _ := taskWorld(t)
	ctx := t.Context()
	p := proposeCode(t, s, chat1, referral.NewCode{Code: "SUMMER", SpotRebateRate: 100_000, FuturesRebateRate: 50_000, Note: "Vietnam", Default: true})
	if p.Preview.Subject != "SUMMER" || len(p.Preview.Rows) != 8 || !p.ExpiresAt.Equal(proposedAt.Add(15*time.Minute)) || !p.Verify(p.Digest) {
		t.Fatalf("%+v", p)
	}
	// Nothing has happened, and nothing happens but by the owner's approval of exactly this.
	later := proposedAt.Add(time.Minute)
	for what, try := range map[string]struct {
		by         domain.Caller
		id, digest string
		at         time.Time
		code       domain.Code
		field      string
	}{
		"no digest":        {alice, p.ID, "", later, domain.CodeConflict, "digest"},
		"another digest":   {alice, p.ID, proposal.Digest(p.ID, alice, p.Kind, json.RawMessage(`{"code":"OTHER"}`)), later, domain.CodeConflict, "digest"},
		"another caller":   {mallory, p.ID, p.Digest, later, domain.CodeNotFound, "id"},
		"an operator":      {domain.Caller{UID: 100, Role: domain.RoleOperator}, p.ID, p.Digest, later, domain.CodeForbidden, ""},
		"no such proposal": {alice, chat1, p.Digest, later, domain.CodeNotFound, "id"},
		"no id":            {alice, "1 OR 1=1", p.Digest, later, domain.CodeNotFound, "id"},
		"at its expiry":    {alice, p.ID, p.Digest, p.ExpiresAt, domain.CodeConflict, "state"},
		"long after":       {alice, p.ID, p.Digest, p.ExpiresAt.Add(time.Hour), domain.CodeConflict, "state"},
	} {
		_, err := s.Approve(ctx, try.by, try.id, try.digest, try.at)
		wantRefusal(t, s, what, err, try.code, try.field, "C100")
	}
	if _, err := s.Decline(ctx, mallory, p.ID, later); code(err) != domain.CodeNotFound {
		t.Errorf("another declines: %v", err)
	}

	done, err := s.Approve(ctx, alice, p.ID, p.Digest, later)
	if err != nil || done.State != proposal.Approved || !strings.Contains(string(done.Result), `"SUMMER"`) {
		t.Fatalf("%+v %v", done, err)
	}
	codes, err := s.Codes(ctx, alice)
	if err != nil || len(codes) != 2 || codes[1].Code != "SUMMER" || codes[1].Spot != 100_000 || codes[1].Futures != 50_000 || codes[1].Note != "Vietnam" || !codes[1].Default {
		t.Fatalf("%+v %v", codes, err)
	}
	// Single use, and a decision is final.
	_, err = s.Approve(ctx, alice, p.ID, p.Digest, later)
	wantRefusal(t, s, "twice", err, domain.CodeConflict, "state", "C100 SUMMER")
	_, err = s.Decline(ctx, alice, p.ID, later)
	wantRefusal(t, s, "declined after", err, domain.CodeConflict, "state", "C100 SUMMER")
	if got, err := s.Proposal(ctx, alice, p.ID, later); err != nil || got.State != proposal.Approved || string(got.Args) != string(p.Args) {
		t.Errorf("%+v %v", got, err)
	}
	verified(t, s)
}

func TestDeclineIsFinal(t *testing.T) {
	t.Parallel()
	s, _ := taskWorld(t)
	p := proposeCode(t, s, chat1, referral.NewCode{Code: "SUMMER"})
	if got, err := s.Decline(t.Context(), alice, p.ID, proposedAt); err != nil || got.State != proposal.Declined {
		t.Fatal(got, err)
	}
	for range 2 {
		_, err := s.Approve(t.Context(), alice, p.ID, p.Digest, proposedAt)
		wantRefusal(t, s, "approved after a decline", err, domain.CodeConflict, "state", "C100")
	}
}

// A newer proposal of the same conversation stands for the older; those of other conversations stay.
func TestReplaced(t *testing.T) {
	t.Parallel()
	s, _ := taskWorld(t)
	elsewhere := proposeCode(t, s, chat2, referral.NewCode{Code: "OTHER"})
	old := proposeCode(t, s, chat1, referral.NewCode{Code: "SUMMER", SpotRebateRate: 100_000})
	now := proposeCode(t, s, chat1, referral.NewCode{Code: "SUMMER", SpotRebateRate: 200_000})
	_, err := s.Approve(t.Context(), alice, old.ID, old.Digest, proposedAt)
	wantRefusal(t, s, "the older", err, domain.CodeConflict, "state", "C100")
	_, err = s.Approve(t.Context(), alice, now.ID, old.Digest, proposedAt)
	wantRefusal(t, s, "the newer with the older's digest", err, domain.CodeConflict, "digest", "C100")
	for _, p := range []proposal.Proposal{now, elsewhere} {
		if _, err := s.Approve(t.Context(), alice, p.ID, p.Digest, proposedAt); err != nil {
			t.Error(err)
		}
	}
	list, next, err := s.Proposals(t.Context(), alice, "", "", 2, proposedAt)
	if err != nil || len(list) != 2 || list[0].ID != now.ID || list[1].Reason != proposal.Replaced || next == "" {
		t.Fatalf("%+v %q %v", list, next, err)
	}
	if list, next, err = s.Proposals(t.Context(), alice, "", next, 2, proposedAt); err != nil || len(list) != 1 || list[0].ID != elsewhere.ID || next != "" {
		t.Fatalf("%+v %q %v", list, next, err)
	}
	if list, _, err := s.Proposals(t.Context(), mallory, "", "", 10, proposedAt); err != nil || len(list) != 0 {
		t.Errorf("another's list: %+v %v", list, err)
	}
}

// Neither the caller's role in the database nor a change behind its back gets other arguments approved.
func TestArgumentsCannotChange(t *testing.T) {
	t.Parallel()
	s, pool := taskWorld(t)
	p := proposeCode(t, s, chat1, referral.NewCode{Code: "SUMMER", SpotRebateRate: 100_000})
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `SET LOCAL ROLE partnerhub_app; SET LOCAL partnerhub.uid = '100'; UPDATE proposal SET args = '{}'`)
		return err
	})
	if err == nil {
		t.Error("partnerhub_app can change arguments")
	}
	forged := `{"code":"SUMMER","futuresRebateRate":"0","spotRebateRate":"0.4"}`
	if _, err := pool.Exec(t.Context(), `UPDATE proposal SET args = $1`, forged); err != nil {
		t.Fatal(err)
	}
	for _, digest := range []string{p.Digest, proposal.Digest(p.ID, alice, p.Kind, json.RawMessage(forged))} {
		_, err := s.Approve(t.Context(), alice, p.ID, digest, proposedAt)
		wantRefusal(t, s, "changed arguments", err, domain.CodeConflict, "digest", "C100")
	}
	for uid, want := range map[string]int{"100": 1, "900": 0, "": 0} {
		err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
			n := 0
			if _, err := tx.Exec(t.Context(), `SET LOCAL ROLE partnerhub_app; SET LOCAL partnerhub.uid = '`+uid+`'`); err != nil {
				return err
			}
			err := tx.QueryRow(t.Context(), `SELECT count(*) FROM proposal`).Scan(&n)
			if n != want {
				t.Errorf("uid %q sees %d proposals", uid, n)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// What was right when it was proposed is checked again; a failure leaves the proposal open.
func TestChecksAgainWhenExecuted(t *testing.T) {
	t.Parallel()
	s, _ := taskWorld(t)
	p := proposeCode(t, s, chat1, referral.NewCode{Code: "SUMMER", SpotRebateRate: 300_000})
	lower := referral.Event{ID: "lower", Type: referral.PartnerRates, UID: 100, At: proposedAt.Add(time.Minute), Body: referral.Rates{SpotRate: 200_000, FuturesRate: 400_000}}
	land(t, s, lower)
	_, err := s.Approve(t.Context(), alice, p.ID, p.Digest, proposedAt.Add(2*time.Minute))
	wantRefusal(t, s, "the rate has sunk", err, domain.CodeInvalid, "spotRebateRate", "C100")
	land(t, s, referral.Event{ID: "higher", Type: referral.PartnerRates, UID: 100, At: proposedAt.Add(3 * time.Minute), Body: referral.Rates{SpotRate: 400_000, FuturesRate: 400_000}})
	if _, err := s.Approve(t.Context(), alice, p.ID, p.Digest, proposedAt.Add(4*time.Minute)); err != nil {
		t.Errorf("after the rate has risen: %v", err)
	}
	taken := proposeCode(t, s, chat1, referral.NewCode{Code: "GONE"})
	if _, err := s.CreateCode(t.Context(), mallory, referral.NewCode{Code: "GONE"}, "", proposedAt); err != nil {
		t.Fatal(err)
	}
	_, err = s.Approve(t.Context(), alice, taken.ID, taken.Digest, proposedAt)
	wantRefusal(t, s, "taken meanwhile", err, domain.CodeConflict, "code", "C100 SUMMER")
}

// Of many clicks at once, over several connections, one creates.
func TestApprovedByManyAtOnce(t *testing.T) {
	t.Parallel()
	s, pool := taskWorld(t)
	p := proposeCode(t, s, chat1, referral.NewCode{Code: "SUMMER"})
	var wg sync.WaitGroup
	errs := make([]error, 12)
	for i := range errs {
		wg.Go(func() {
			if i == 5 {
				_, errs[i] = s.Decline(context.Background(), alice, p.ID, proposedAt)
			} else {
				_, errs[i] = s.Approve(context.Background(), alice, p.ID, p.Digest, proposedAt)
			}
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if e := domain.AsError(err); e.Code != domain.CodeConflict || e.Field != "state" {
			t.Error(err)
		}
	}
	got, err := s.Proposal(t.Context(), alice, p.ID, proposedAt)
	if err != nil || won != 1 {
		t.Fatal(won, "decisions took", err)
	}
	var events int
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM event WHERE type = 'referral_code.created' AND body->>'code' = 'SUMMER'`).Scan(&events); err != nil {
		t.Fatal(err)
	}
	if want := map[bool]int{true: 1, false: 0}[got.State == proposal.Approved]; events != want {
		t.Errorf("%s, and %d events", got.State, events)
	}
}

func TestProposalsAreBounded(t *testing.T) {
	t.Parallel()
	s, _ := taskWorld(t)
	var err error
	made := 0
	for i := range 30 {
		if _, err = s.Propose(t.Context(), alice, proposal.CreateCode, referral.NewCode{Code: fmt.Sprintf("CODE%d", i)}, "", proposedAt); err != nil {
			break
		}
		made++
	}
	if made != proposal.Open || code(err) != domain.CodeBusy {
		t.Errorf("%d at a time, then %v", made, err)
	}
	// In one conversation they replace each other, and the hour's limit holds.
	for made = 0; made < 100; made++ {
		if _, err = s.Propose(t.Context(), mallory, proposal.CreateCode, referral.NewCode{Code: fmt.Sprintf("X%03d", made)}, chat1, proposedAt); err != nil {
			break
		}
	}
	if made != proposal.Hourly || code(err) != domain.CodeBusy {
		t.Errorf("%d within the hour, then %v", made, err)
	}
	if _, err := s.Unlimited().Propose(t.Context(), mallory, proposal.CreateCode, referral.NewCode{Code: "BYHAND"}, chat1, proposedAt); err != nil {
		t.Error(err)
	}
	if _, err := s.Propose(t.Context(), mallory, proposal.CreateCode, referral.NewCode{Code: "LATER"}, chat1, proposedAt.Add(61*time.Minute)); err != nil {
		t.Error(err)
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	s, _ := taskWorld(t)
	p := proposeCode(t, s, chat1, referral.NewCode{Code: "SUMMER"})
	if err := s.ExpireProposals(t.Context(), p.ExpiresAt.Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if list, err := s.UnsaidProposals(t.Context()); err != nil || len(list) != 0 {
		t.Fatal(list, err)
	}
	if list, _, err := s.Proposals(t.Context(), alice, proposal.Expired, "", 9, p.ExpiresAt); err != nil || len(list) != 1 {
		t.Errorf("it has expired before anybody writes it down: %v %v", list, err)
	}
	if err := s.ExpireProposals(t.Context(), p.ExpiresAt); err != nil {
		t.Fatal(err)
	}
	list, err := s.UnsaidProposals(t.Context())
	if err != nil || len(list) != 1 || list[0].State != proposal.Expired || list[0].ThreadID != chat1 || list[0].Owner != alice {
		t.Fatal(list, err)
	}
	if err := s.ProposalSaid(t.Context(), list[0]); err != nil {
		t.Fatal(err)
	}
	if list, err := s.UnsaidProposals(t.Context()); err != nil || len(list) != 0 {
		t.Fatal(list, err)
	}
	_, err = s.Approve(t.Context(), alice, p.ID, p.Digest, proposedAt) // whatever the clock says now
	wantRefusal(t, s, "expired", err, domain.CodeConflict, "state", "C100")
}

func TestNewCodes(t *testing.T) {
	t.Parallel()
	s, _ := taskWorld(t)
	ctx := t.Context()
	for field, n := range map[string]referral.NewCode{
		"spotRebateRate":    {SpotRebateRate: 400_001},
		"futuresRebateRate": {FuturesRebateRate: -1},
		"code":              {Code: "with space"},
		"note":              {Note: "two\nlines"},
	} {
		_, err := s.CreateCode(ctx, alice, n, "", proposedAt)
		wantRefusal(t, s, field, err, domain.CodeInvalid, field, "C100")
		_, err = s.Propose(ctx, alice, proposal.CreateCode, n, "", proposedAt)
		wantRefusal(t, s, field, err, domain.CodeInvalid, field, "C100")
	}
	if _, err := s.CreateCode(ctx, domain.Partner(203), referral.NewCode{}, "", proposedAt); code(err) != domain.CodeForbidden {
		t.Errorf("who is no partner: %v", err)
	}
	if _, err := s.CreateCode(ctx, alice, referral.NewCode{Code: "C900"}, "", proposedAt); code(err) != domain.CodeConflict {
		t.Errorf("another's code: %v", err)
	}
	// A key makes it once, also where the name is made up.
	first, err := s.CreateCode(ctx, alice, referral.NewCode{SpotRebateRate: 100_000}, "k1", proposedAt)
	again, errAgain := s.CreateCode(ctx, alice, referral.NewCode{SpotRebateRate: 100_000}, "k1", proposedAt.Add(time.Hour))
	if err != nil || errAgain != nil || len(first.Code) != 8 || first != again {
		t.Fatal(first, again, err, errAgain)
	}
	if _, err := s.CreateCode(ctx, alice, referral.NewCode{SpotRebateRate: 200_000}, "k1", proposedAt); domain.AsError(err).Field != "Idempotency-Key" {
		t.Errorf("the key for another code: %v", err)
	}

	yes, note, rate, high := true, "Hanoi meetup", domain.Rate(50_000), domain.Rate(500_000)
	changed, err := s.ChangeCode(ctx, alice, "C100", referral.CodeChange{Default: &yes, Note: &note, SpotRebateRate: &rate}, proposedAt)
	if err != nil || !changed.Default || changed.Note != note || changed.Spot != rate || changed.Futures != 0 {
		t.Fatal(changed, err)
	}
	for want, try := range map[domain.Code]func() error{
		domain.CodeNotFound: func() error {
			_, err := s.ChangeCode(ctx, mallory, "C100", referral.CodeChange{Note: &note}, proposedAt)
			return err
		},
		domain.CodeInvalid: func() error {
			_, err := s.ChangeCode(ctx, alice, "C100", referral.CodeChange{SpotRebateRate: &high}, proposedAt)
			return err
		},
	} {
		if err := try(); code(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if r, err := s.Rates(ctx, alice, proposedAt); err != nil || r.Spot != 400_000 || r.Futures != 400_000 {
		t.Error(r, err)
	}
	// A rebuild makes the same of the log.
	before := codeNames(t, s, alice)
	if err := s.Rebuild(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if after := codeNames(t, s, alice); after != before {
		t.Errorf("before %s, after a rebuild %s", before, after)
	}
	verified(t, s)
}

// Twenty-five at once, and nineteen fit beside the one that is there.
func TestTwentyCodes(t *testing.T) {
	t.Parallel()
	s, _ := taskWorld(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for i := range 25 {
		wg.Go(func() {
			_, err := s.CreateCode(context.Background(), alice, referral.NewCode{Code: fmt.Sprintf("NEW%02d", i)}, "", proposedAt)
			mu.Lock()
			defer mu.Unlock()
			var e *domain.Error
			if err == nil {
				made++
			} else if !errors.As(err, &e) || e.Code != domain.CodeConflict || e.Field != "code" {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made != referral.MaxCodes-1 {
		t.Errorf("%d were made", made)
	}
}

// TestChangedCode: a change of a code shows what is and what will be, does that and nothing else, and not from another state than the one shown.
func TestChangedCode(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, _ := taskWorld(t)
	change := func(n referral.NewCode) (proposal.Proposal, error) {
		return s.Propose(ctx, alice, proposal.ChangeCode, n, "", proposedAt)
	}
	for what, bad := range map[string]struct {
		n     referral.NewCode
		code  domain.Code
		field string
	}{
		"not there":      {referral.NewCode{Code: "NONE"}, domain.CodeNotFound, "code"},
		"another's":      {referral.NewCode{Code: "C900", SpotRebateRate: 1}, domain.CodeNotFound, "code"},
		"nothing":        {referral.NewCode{Code: "C100"}, domain.CodeConflict, "code"},
		"above my rate":  {referral.NewCode{Code: "C100", SpotRebateRate: 400_001}, domain.CodeInvalid, "spotRebateRate"},
		"note on a line": {referral.NewCode{Code: "C100", SpotRebateRate: 1, Note: "a\nb"}, domain.CodeInvalid, "note"},
	} {
		if _, err := change(bad.n); code(err) != bad.code || domain.AsError(err).Field != bad.field {
			t.Errorf("%s: %v", what, err)
		}
	}
	p, err := change(referral.NewCode{Code: "C100", SpotRebateRate: 100_000, Default: true})
	if err != nil || p.Preview.Subject != "C100" {
		t.Fatal(p, err)
	}
	rows := map[string]string{}
	for _, r := range p.Preview.Rows {
		rows[r.Name] = r.Value
	}
	if len(rows) != 5 || rows["spotWas"] != "0" || rows["spotRebateRate"] != "0.1" || rows["spotKept"] != "0.3" || rows["default"] != "yes" || rows["code"] != "C100" {
		t.Fatal(rows)
	}
	stale, err := change(referral.NewCode{Code: "C100", FuturesRebateRate: 50_000})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Approve(ctx, mallory, p.ID, p.Digest, proposedAt); code(err) != domain.CodeNotFound {
		t.Fatal(err)
	}
	if _, err := s.Approve(ctx, alice, p.ID, p.Digest, proposedAt); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Approve(ctx, alice, stale.ID, stale.Digest, proposedAt); code(err) != domain.CodeConflict || domain.AsError(err).Field != "code" {
		t.Fatalf("a change of what is no more: %v", err)
	}
	codes, err := s.Codes(ctx, alice)
	if err != nil || len(codes) != 1 || codes[0].Spot != 100_000 || codes[0].Futures != 0 || !codes[0].Default {
		t.Fatalf("%+v %v", codes, err)
	}
	verified(t, s)
}
