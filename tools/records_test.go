package tools_test

import (
	"strings"
	"testing"

	"partnerhub/domain"
)

// TestTracesTellNothingOfOthers looks for other people's rates and earnings in what each one above a trade, and the trader, is
// told of it. T7: fee 8; the parent's 60 % are 4.8, of which the sub-partner's 45 % take 3.6, and 0.8 of those go to the trader.
func TestTracesTellNothingOfOthers(t *testing.T) {
	box := smallProgram(t)
	for _, x := range []struct {
		as              int64
		told, concealed []string
	}{
		{partner, []string{`"0.6"`, `"4.8"`, `"3.6"`, `"1.2"`}, []string{`"0.45"`, `"2.8"`, `"0.8"`, `"0.1"`, `"S1"`}},
		{subPartner, []string{`"0.45"`, `"3.6"`, `"2.8"`, `"0.8"`, `"0.1"`, `"S1"`}, []string{`"0.6"`, `"4.8"`, `"1.2"`, "10001", `"P1"`}},
		{10023, []string{`"0.8"`, `"0.1"`, `"S1"`}, []string{`"0.45"`, `"2.8"`, `"3.6"`, `"0.6"`, `"4.8"`, `"1.2"`, "10001", "10011", `"P1"`}},
	} {
		for i, args := range []string{`{"tradeId":"T7"}`, `{"uid":10023,"period":"this_week"}`} {
			got, err := box.call(t, x.as, "trace_commission", args)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range x.concealed {
				if strings.Contains(string(got), s) {
					t.Errorf("%d is told %s by %s: %s", x.as, s, args, got)
				}
			}
			for _, s := range x.told {
				if i == 0 && !strings.Contains(string(got), s) {
					t.Errorf("%d is not told %s by %s: %s", x.as, s, args, got)
				}
			}
		}
	}
}

// TestRecordsOfOthers asks for everything as somebody who has nothing to do with the program's trades and codes.
func TestRecordsOfOthers(t *testing.T) {
	box := smallProgram(t)
	for _, as := range []int64{stranger, 20002, 99} {
		for tool, args := range map[string]string{
			"referee_activity": `{"period":"last_60_days"}`, "list_referral_codes": `{"period":"this_quarter"}`, "list_rewards": `{"period":"this_quarter","kind":"rebate"}`,
			"trace_commission": `{"uid":10024,"period":"this_quarter"}`,
		} {
			got, err := box.call(t, as, tool, args)
			if tool == "trace_commission" {
				if e := domain.AsError(err); e.Code != domain.CodeNotFound || e.Field != "uid" {
					t.Errorf("%d traced 10024: %s, %v", as, got, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []string{"1002", "1001", "P1", "P2", "S1", "Telegram", "14100", "24.7"} {
				if strings.Contains(string(got), `"`+s) || strings.Contains(string(got), ":"+s) {
					t.Errorf("%d is told %s by %s: %s", as, s, tool, got)
				}
			}
		}
	}
}
