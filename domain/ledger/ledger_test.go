package ledger_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/ledger"
)

var at = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func account(owner int64, kind ledger.Kind) ledger.Account {
	a := ledger.Account{Owner: owner, Kind: kind}
	if kind == ledger.Escrow {
		a.Ref = "9"
	}
	return a
}

// TestEveryWay tries every reason between every two kinds, of one owner and of two: what SPEC names is allowed and nothing else.
func TestEveryWay(t *testing.T) {
	kinds := []ledger.Kind{ledger.Fund, ledger.Escrow, ledger.Platform, ledger.External}
	type way struct {
		reason   ledger.Reason
		from, to ledger.Kind
	}
	allowed := map[way]bool{
		{ledger.TopUp, ledger.External, ledger.Fund}:      true,
		{ledger.Withdrawal, ledger.Fund, ledger.External}: true,
		{ledger.Settlement, ledger.Platform, ledger.Fund}: true,
		{ledger.Settlement, ledger.Fund, ledger.Platform}: true,
		{ledger.TaskFund, ledger.Fund, ledger.Escrow}:     true,
		{ledger.TaskReward, ledger.Escrow, ledger.Fund}:   true,
		{ledger.TaskRefund, ledger.Escrow, ledger.Fund}:   true,
	}
	for _, reason := range []ledger.Reason{ledger.TopUp, ledger.Withdrawal, ledger.Settlement, ledger.TaskFund, ledger.TaskReward, ledger.TaskRefund, "gift", ""} {
		for _, from := range kinds {
			for _, to := range kinds {
				for _, other := range []int64{1, 2} { // the money stays with its owner but for a task's reward
					x := ledger.Transfer{Key: "k", From: account(1, from), To: account(other, to), Amount: 1, Reason: reason, At: at}
					want := allowed[way{reason, from, to}] && (other == 1 || reason == ledger.TaskReward)
					if err := x.Check(); (err == nil) != want {
						t.Errorf("%s from %s of 1 to %s of %d: %v", reason, from, to, other, err)
					}
				}
			}
		}
	}
}

func TestCheckNamesTheField(t *testing.T) {
	good := ledger.Transfer{Key: strings.Repeat("k", ledger.MaxKey), From: account(1, ledger.Fund), To: account(1, ledger.Escrow), Amount: 1, Reason: ledger.TaskFund, Ref: strings.Repeat("r", ledger.MaxRef), At: at}
	good.To.Ref = strings.Repeat("9", ledger.MaxRef)
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		field string
		wrong func(*ledger.Transfer)
	}{
		{"key", func(x *ledger.Transfer) { x.Key = "" }},
		{"key", func(x *ledger.Transfer) { x.Key += "k" }},
		{"ref", func(x *ledger.Transfer) { x.Ref += "r" }},
		{"amount", func(x *ledger.Transfer) { x.Amount = 0 }},
		{"amount", func(x *ledger.Transfer) { x.Amount = -1 }},
		{"at", func(x *ledger.Transfer) { x.At = time.Time{} }},
		{"to", func(x *ledger.Transfer) { x.To = x.From }},
		{"account", func(x *ledger.Transfer) { x.From.Owner = 0 }},
		{"account", func(x *ledger.Transfer) { x.To.Owner = -1 }},
		{"account", func(x *ledger.Transfer) { x.From.Kind = 5 }},
		{"account", func(x *ledger.Transfer) { x.From.Ref = "9" }},
		{"account", func(x *ledger.Transfer) { x.To.Ref = "" }},
		{"account", func(x *ledger.Transfer) { x.To.Ref += "9" }},
		{"reason", func(x *ledger.Transfer) { x.Reason = ledger.TopUp }},
	} {
		x := good
		c.wrong(&x)
		var e *domain.Error
		if err := x.Check(); !errors.As(err, &e) || e.Field != c.field || e.Code != domain.CodeInvalid {
			t.Errorf("want %s, got %v", c.field, err)
		}
	}
}

// TestSame: a key that comes again is the same transfer whenever it was sent, and another one in whatever else differs.
func TestSame(t *testing.T) {
	x := ledger.Transfer{Key: "k", From: account(1, ledger.Fund), To: account(1, ledger.Escrow), Amount: 1, Reason: ledger.TaskFund, Ref: "9", At: at}
	again := x
	again.Key, again.At = "other", at.Add(time.Hour)
	if !x.Same(again) {
		t.Error("not the same")
	}
	for what, change := range map[string]func(*ledger.Transfer){
		"from":   func(y *ledger.Transfer) { y.From.Owner = 2 },
		"to":     func(y *ledger.Transfer) { y.To.Ref = "8" },
		"amount": func(y *ledger.Transfer) { y.Amount++ },
		"reason": func(y *ledger.Transfer) { y.Reason = ledger.TopUp },
		"ref":    func(y *ledger.Transfer) { y.Ref = "" },
	} {
		y := x
		change(&y)
		if x.Same(y) {
			t.Errorf("the same with another %s", what)
		}
	}
}

func TestErrors(t *testing.T) {
	if e := ledger.Short(ledger.FundOf(7), 2*domain.USDT); e.Code != domain.CodeConflict || e.Field != "balance" || e.Missing != 2*domain.USDT || !strings.Contains(e.Error(), "2 USDT are missing in the fund account") {
		t.Error(e)
	}
	if e := ledger.OtherContent("k"); e.Code != domain.CodeConflict || e.Field != "key" {
		t.Error(e)
	}
	if a := ledger.FundOf(7); a != (ledger.Account{Owner: 7, Kind: ledger.Fund}) {
		t.Error(a)
	}
}
