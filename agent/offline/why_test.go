package offline

import (
	"strings"
	"testing"
)

// The analysis tools' results, and what must be said of them.
func TestAnalysisProse(t *testing.T) {
	const earlier = `"compareTo":{"from":"2026-11-09T00:00:00Z","to":"2026-11-12T15:00:00Z"},"toDate":true`
	for _, c := range []struct{ ask, tool, result, want string }{
		{"why did my commission drop this week", "explain_change", `{` + weekOfNov + `,` + earlier + `,"metric":"commission","rows":[{"key":"201171"}],
			"total":{"commission":{"current":"293.1","previous":"334.3","delta":"-41.2","percent":"-12.32","whole":"700"}},
			"causes":[{"dimensions":{"referee":"201171","product":"futures"},"delta":"-35.1","status":"stayed"},{"dimensions":{"country":"VN"},"delta":"-9.8","status":"left","others":true},
				{"dimensions":{"sub_partner":""},"delta":"2","status":"entered"},{"dimensions":{"code":"P2"},"delta":"1.5","status":"stayed"}],"rest":"0.2",
			"drivers":[{"key":"active_referees","current":12,"previous":15,"delta":"-20.1"},{"key":"volume_each","current":"10","previous":"11","delta":"-1"},{"key":"mix","delta":"-20.1"}],
			"byReferee":[{"key":"201171","delta":"-35.1"},{"key":"7","delta":"2.5"},{"key":"8","delta":"2"},{"key":"other","delta":"-10.6","count":9}],"bySubPartner":[{"key":"","delta":"-40"},{"key":"10011","delta":"-1.2"}],
			"byStatus":[{"key":"left","delta":"-9.8","count":3},{"key":"stayed","delta":"-31.4","count":12}]}`,
			"Commission this week (16–22 Nov 2026) fell by 41.20 USDT (−12.32 %) to 293.10 USDT, from 334.30 USDT in the same part of last week (9–12 Nov 2026): " +
				"−35.10 USDT from UID 201171 (futures), −9.80 USDT from the others of Vietnam (gone), +2.00 USDT from no sub-partner (new), +1.70 USDT spread over all others.\n\n" +
				"By what drives it: active referees (15 before, 12 now) −20.10 USDT, mix of products and referees −20.10 USDT.\n\n" +
				"The largest changes by referee: UID 201171 −35.10 USDT, UID 7 +2.50 USDT.\n\nBy sub-partner: sub-partner 10011 −1.20 USDT.\n\n" +
				"Referees who started: 0 (0.00 USDT); who stopped: 3 (−9.80 USDT)."},
		{"why did the number of active traders rise this week", "explain_change", `{` + weekOfNov + `,"compareTo":{"from":"2026-11-09T00:00:00Z","to":"2026-11-16T00:00:00Z"},"metric":"traders",
			"rows":[{"key":"1"}],"total":{"traders":{"current":3,"previous":1,"delta":2,"percent":"200"}},"causes":[],"rest":2}`,
			"Active traders this week (16–22 Nov 2026) rose by 2 (+200.00 %) to 3, from 1 last week (9–15 Nov 2026)."},
		{"why did my commission drop this week", "explain_change", `{` + weekOfNov + `,` + earlier + `,"metric":"commission","rows":[],"total":{"commission":{"current":"0","previous":"0","delta":"0","percent":null}},"causes":[],"rest":"0"}`,
			"There is no commission to explain, neither this week (16–22 Nov 2026) nor in the same part of last week (9–12 Nov 2026)."},
		{"why did my commission drop this week", "explain_change", `{` + weekOfNov + `,` + earlier + `,"metric":"commission","rows":[{"key":"1"}],"total":{"commission":{"current":"5","previous":"5","delta":"0","percent":"0"}},"causes":[],"rest":"0"}`,
			"Commission this week (16–22 Nov 2026): 5.00 USDT, the same as in the same part of last week (9–12 Nov 2026)."},
		{"why did my commission drop this week", "explain_change", `{}`, "Something went wrong on our side while I got the figures. Please try again."},
		{"analyze my performance this week", "summarize_performance", `{` + weekOfNov + `,` + earlier + `,"rows":[],"total":{"commission":{"current":"10","previous":"8","delta":"2","percent":"25"},
			"volume":{"current":"1000","previous":"0","delta":"1000","percent":null},"newReferrals":{"current":4,"previous":4,"delta":0,"percent":"0"},"verified":{"current":2},"deposited":{"current":1},"firstTraders":{"current":1}},
			"contribution":{"byReferee":[{"key":"10023","share":"40.5"}],"bySubPartner":[],"byProduct":[{"key":"spot","share":"100"}],"byCountry":[{"key":"BR","share":null}]},
			"causes":[{"dimensions":{"referee":"10023"},"delta":"1.5","status":"stayed"}],
			"anomalies":{"rows":[{"kind":"silent_trader","subject":{"type":"referee","uid":10024},"metric":"volume","since":"2026-11-12T03:23:30Z","ongoing":true,"expected":{"low":"1","usual":"2","high":"3"},"seen":"0"}],"total":2},
			"next":[{"words":"Contact UID 10024."},{"words":"Share your codes."},{"words":"Wait."}]}`,
			"This week (16–22 Nov 2026): commission 10.00 USDT (+25.00 %), trading volume 1,000.00 USDT and new referrals 4 (0.00 %), compared with the same part of last week (9–12 Nov 2026).\n\n" +
				"Most commission came from UID 10023 (40.50 %) and spot (100.00 %).\n\nWhat stands out in the change of commission: +1.50 USDT from UID 10023.\n\n" +
				"Of the funnel: 4 signed up, 2 passed KYC, 1 made a first deposit, 1 a first trade.\n\n" +
				"Alerts: 2, the largest: UID 10024 has not traded since 12 Nov 2026; the usual volume would have been 2.00 USDT.\n\n" +
				"What to do next: Contact UID 10024. Share your codes."},
		{"any anomalies this week", "list_anomalies", `{` + weekOfNov + `,"rows":[],"total":0}`, "Nothing out of the ordinary this week (16–22 Nov 2026)."},
		{"any unusual withdrawals this week", "list_anomalies", `{` + weekOfNov + `,"rows":[{"kind":"withdrawal_spike","subject":{"type":"referee","uid":7},"metric":"withdrawals","since":"2026-11-17T09:30:00Z","until":"2026-11-17T09:30:00Z","ongoing":false,
			"expected":{"low":"10","usual":"20","high":"40.5"},"seen":"9000"}],"total":1}`,
			"One alert this week (16–22 Nov 2026) (withdrawal spike). UID 7 withdrew 9,000.00 USDT on 17 Nov 2026, usual are 10.00 USDT to 40.50 USDT."},
		{"any anomalies this week", "list_anomalies", `{` + weekOfNov + `,"rows":[{"kind":"volume_drop","subject":{"type":"sub_partner","uid":10011},"metric":"volume","since":"2026-11-16T00:00:00Z","until":"2026-11-18T00:00:00Z","ongoing":false,
			"expected":{"low":"100","usual":"200","high":"400"},"seen":"5"},{"kind":"volume_spike","subject":{"type":"book","uid":1},"metric":"volume","since":"2026-11-18T00:00:00Z","ongoing":true,"expected":{"low":"1","usual":"2","high":"3"},"seen":"9"}],"total":2}`,
			"2 alerts this week (16–22 Nov 2026), the most severe first. The volume of sub-partner 10011 was 5.00 USDT from 16 Nov 2026 to 17 Nov 2026, usual are 100.00 USDT to 400.00 USDT. " +
				"The volume of all your referees has been 9.00 USDT since 18 Nov 2026, usual are 1.00 USDT to 3.00 USDT."},
	} {
		d := newDialog()
		d.results = map[string]string{c.tool: c.result}
		calls, answer := d.say(planner(), c.ask)
		if len(calls) != 1 || calls[0].FunctionCall.Name != c.tool {
			t.Errorf("%q called %v", c.ask, calls)
		}
		if answer.Content != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.ask, answer.Content, c.want)
		}
	}
}

// Dialogs over the real tools: a figure, why it changed, and what is behind the parts.
func TestWhyDialogs(t *testing.T) {
	type turn struct{ text, call, says string }
	for _, dialog := range [][]turn{
		{
			{"How does this week's commission compare with last week's?", `compare_metrics {"metrics":["commission"],"period":"this_week"}`, ""},
			{"why did it drop?", `explain_change {"metric":"commission","period":"this_week"}`, "fell by 4.00 USDT (−13.33 %) to 26.00 USDT"},
			{"and futures only?", `explain_change {"metric":"commission","period":"this_week","product":"futures"}`, "futures only"},
			{"and last month?", `explain_change {"metric":"commission","period":"last_month","product":"futures"}`, ""},
			{"by country", `compare_metrics {"metrics":["commission"],"period":"last_month","groupBy":"country","product":"futures"}`, ""},
		},
		{
			{"Why is today's commission lower than yesterday's?", `explain_change {"metric":"commission","period":"today"}`, "−6.00 USDT from UID 10101"},
			{"details of the first one", `get_referee {"uid":10101,"period":"last_30_days"}`, ""},
		},
		{
			{"why did my volume fall this month", `explain_change {"metric":"volume","period":"this_month"}`, "−6.00 USDT"},
			{"what about commission?", `explain_change {"metric":"commission","period":"this_month"}`, ""},
			{"only direct", `explain_change {"metric":"commission","period":"this_month","relation":"direct"}`, "direct referees"},
			{"and compared with the same month last year?", ``, ""},
		},
		{
			{"Check recent user anomaly alerts?", `list_anomalies {"period":"last_7_days"}`, "UID 10101 has not traded since 14 Nov 2026"},
			{"only silent traders", `list_anomalies {"period":"last_7_days","kind":"silent_trader"}`, "One alert"},
			{"details of the first one", `get_referee {"uid":10101,"period":"last_30_days"}`, ""},
		},
		{
			{"Analyze my performance this month", `summarize_performance {"period":"this_month"}`, "This month"},
			{"and last month?", `summarize_performance {"period":"last_month"}`, "Last month"},
			{"why?", `explain_change {"metric":"commission","period":"last_month"}`, ""},
		},
	} {
		d := withTools(t)
		for _, turn := range dialog {
			calls, answer := d.say(planner(), turn.text)
			got := ""
			if len(calls) > 0 {
				got = calls[0].FunctionCall.Name + " " + calls[0].FunctionCall.Arguments
			}
			if turn.call != "" && got != turn.call {
				t.Errorf("%q:\n got %s\nwant %s", turn.text, got, turn.call)
			}
			if answer.Content == "" || !strings.Contains(answer.Content, turn.says) {
				t.Errorf("%q: said %s, want %s", turn.text, answer.Content, turn.says)
			}
		}
	}
}
