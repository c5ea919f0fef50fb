package agent

import (
	"strings"
	"testing"
	"time"

	"partnerhub/domain/conversation"
)

const (
	queryResult = `{"from":"2026-11-16T00:00:00Z","to":"2026-11-23T00:00:00Z","asOf":"2026-11-21T08:00:00Z","zone":"UTC","metrics":["commission","trades","volume"],
		"groupBy":"day","filters":{"product":"futures"},
		"rows":[{"key":"2026-11-16","commission":"12.3","trades":4,"volume":"1000"},{"key":"2026-11-17","commission":"27.8","trades":5,"volume":"234567.891234"}],
		"total":{"commission":"40.1","trades":9,"volume":"235567.891234"}}`
	compareResult = `{"from":"2026-11-16T00:00:00Z","to":"2026-11-23T00:00:00Z","compareTo":{"from":"2026-11-09T00:00:00Z","to":"2026-11-14T08:00:00Z"},"toDate":true,
		"metrics":["commission","deposits"],"rows":[],"total":{
			"commission":{"current":"35","previous":"40","delta":"-5","percent":"-12.5","whole":"61.25"},
			"deposits":{"current":"300","previous":"150","delta":"150","percent":"100","whole":"200"}}}`
	leaders = `{"from":"2026-11-01T00:00:00Z","to":"2026-12-01T00:00:00Z","metric":"commission","by":"referee",
		"rows":[{"key":"10023","rank":1,"commission":"9.1","share":"22.69"},{"key":"9223372036854775807","rank":2,"commission":"6","share":"14.96"}],"total":{"commission":"40.1"}}`
	referee = `{"from":"2026-10-24T00:00:00Z","to":"2026-11-23T00:00:00Z","rows":[{"key":"10023","relation":"direct","code":"ABC7X","country":"VN",
		"registeredAt":"2026-03-05T09:30:00Z","futuresRebateRate":"0.15","spotVip":2,"note":"met in 2025 at booth 12","commission":"9.1"}],"total":1}`
)

func TestGrounding(t *testing.T) {
	step := func(tool, args, result string) conversation.Step {
		return conversation.Step{Calls: []conversation.Call{{ID: "1", Name: tool, Args: args, Result: result}}}
	}
	query := step("query_metrics", `{"metrics":["commission","trades","volume"],"period":"this_week","product":"futures","groupBy":"day"}`, queryResult)
	compare := step("compare_metrics", `{"metrics":["commission","deposits"],"period":"this_week"}`, compareResult)
	top := step("leaderboard", `{"metric":"commission","by":"referee","period":"this_month","limit":5}`, leaders)
	one := step("get_referee", `{"uid":10023,"period":"last_30_days"}`, referee)
	other := step("query_metrics", `{"metrics":["commission"],"period":"last_week"}`, strings.NewReplacer(
		"2026-11-16T", "2026-11-09T", "2026-11-23T", "2026-11-16T", `"commission":"40.1"`, `"commission":"50.5"`).Replace(queryResult))

	for _, tt := range []struct {
		name  string
		user  string
		steps []conversation.Step
		right []string
		wrong []string
	}{
		{"a query", "How much did I earn this week with futures?", []conversation.Step{query}, []string{
			"You earned 40.1 USDT this week.",
			"You earned 40.10 USDT in commission.",
			"That is about 40 USDT.",
			"Your commission is $40.1 so far (as of 08:00).",
			"The volume was 235,567.89 USDT over 9 trades.",
			"Volume: 235.6k USDT.", "Volume: 235.57K.", "Volume: 0.24M USDT.", "Volume: about 236,000 USDT.", "Volume: 235\u00a0567,89 USDT.", "Volume: 235.567,89 USDT.",
			"From Nov 16 to Nov 22, 2026 you earned 40.1 USDT.", "16–22 November 2026", "Between 2026-11-16 and 2026-11-22.", "Nov 16 – 22",
			"On 17 November you earned 27.8 USDT, 69.33% of the total.", "Nov 17 brought 69% of your commission.",
			"That is 20.05 USDT of commission a day on average.",
			"1. Nov 16: 12.3 USDT", "2. Nov 17: 27.8 USDT\n",
			"You had 9 trades on 2 days.", "In 2026 it was 40.1 USDT.", "Commission: ４０.１ USDT.", "Комиссия: 40,1 USDT.",
			"Q4 looks good.", "Nothing else.", "",
			"You earned 40.1 USDT as of today.", // today is a day of the week that the result is of
		}, []string{
			"You earned 40.2 USDT this week.",
			"You earned 401 USDT.", "You earned 4.01 USDT.", "You earned 41 USDT.", "You earned 40.11 USDT.",
			"You earned 9 USDT in commission.",           // that is the trades
			"There were 40.1 trades.",                    // that is the commission
			"Your trading volume was 40.1 USDT.",         // the right number for the wrong thing
			"Volume: 235.7k USDT.", "Volume: 2.4M USDT.", // rounded wrong
			"Volume: 236,000 USDT.",           // rounded, and not said so
			"You earned 40.1% more.",          // a sum is not a percentage
			"You earned 40.1 USDT last week.", // the wrong period
			"You earned 40.1 USDT yesterday and before, in the last 30 days.",
			"From Nov 15 to Nov 22 you earned 40.1 USDT.", "On 18 November you earned 27.8 USDT.", "Between 2026-11-16 and 2026-11-24.", "In October 2026 it was 40.1 USDT.", "In 2024 it was 40.1 USDT.",
			"UID 10023 earned you 27.8 USDT.", "Most came from user 12345.", "As of 09:00 you have 40.1 USDT.",
			"Code XYZ99 brought 40.1 USDT.", "You earned -40.1 USDT.", "You earned 41k USDT.", "You had 10 trades.", "You earned 4٢ USDT.",
		}},
		{"a comparison", "How does it compare?", []conversation.Step{compare}, []string{
			"Your commission fell by 5 USDT, from 40 to 35.", "It is down 12.5%.", "-12.5%", "−12.5 %", "Commission decreased 12.5 percent.", "13% less.",
			"Deposits doubled: 300 USDT after 150, up 100%.", "Deposits are 2x what they were.", "Last week in full it was 61.25 USDT.",
			"From Nov 9 to Nov 14, 08:00.", "Against the whole of last week commission is 26.25 USDT behind.", "Against all of last week: 42.86% less commission.",
		}, []string{
			"Your commission rose by 5 USDT.", "It is up 12.5%.", "+12.5% growth in commission.", "Deposits fell 100%.", "It is down 12.6%.", "It is down 5%.",
			"Deposits are 3x what they were.", "Commission was 300 USDT.", "Your deposits came to 35 USDT.", "Last month it was 40 USDT.",
		}},
		{"a leaderboard", "top 5 this month", []conversation.Step{top}, []string{
			"1. UID 10023 with 9.1 USDT (22.69%)", "#2 is 9223372036854775807 with 6 USDT.", "Your top 5 referees.", "The first two make 37.66% of your commission.",
			"The top 2 brought 15.1 USDT.", "User 10023 leads.", "Nobody else in November 2026.",
		}, []string{
			"UID 10024 leads.", "UID 9223372036854775806 is second.", "#3 is close.", "10023 brought 6.1 USDT.", "UID 5 leads.", "They make 40% of it.", "The top 3 brought 15.1 USDT.",
		}},
		{"a referee", "What about UID 10023?", []conversation.Step{one}, []string{
			"UID 10023 came through code ABC7X on 5 March 2026.", "Registered March 5, 2026 at 09:30.", "The rebate rate for futures is 15%.", "VIP 2 in spot.",
			"Your note: met in 2025 at booth 12.", "In the last 30 days you earned 9.1 USDT.", "From 24 October to 22 November.",
		}, []string{
			"UID 10032 came through code ABC7X.", "It came through code ABC8X.", "Registered on 6 March 2026.", "The rebate rate is 20%.", "The rebate rate is 0.15%.", "In the last 7 days you earned 9.1 USDT.",
		}},
		{"two results", "this week and last week", []conversation.Step{query, other}, []string{
			"You earned 40.1 USDT this week and 50.5 USDT last week: 10.4 USDT less, down 20.59%.",
		}, []string{
			"You earned 10.5 USDT less.", "It rose by 20.59%.",
		}},
		{"nothing but what was said", "My target is 500 USDT by December 1, what is 20% of it?", nil, []string{
			"Your target is 500 USDT by 1 December.", "20% it is.", "Hello!", "Shall I show this week or last month?",
		}, []string{
			"You earned 600 USDT.", "That is 100 USDT.", "By December 2.", "30% it is.",
		}},
		{"an error", "What about UID 777?", []conversation.Step{step("get_referee", `{"uid":777}`, `{"error":{"code":"not_found","field":"uid","message":"no such referee"}}`)}, []string{
			"UID 777 is not among your referees.",
		}, []string{
			"UID 778 is not among your referees.", "UID 777 earned you 12 USDT.",
		}},
	} {
		f := newFacts(tt.user, tt.steps, time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), time.UTC)
		for _, s := range tt.right {
			if wrong := f.ungrounded(s); len(wrong) > 0 {
				t.Errorf("%s: %q: %q is there", tt.name, s, wrong)
			}
		}
		for _, s := range tt.wrong {
			if wrong := f.ungrounded(s); len(wrong) == 0 {
				t.Errorf("%s: %q is not so", tt.name, s)
			}
		}
	}
}

func TestSentences(t *testing.T) {
	for text, want := range map[string]string{
		"You earned 12.5 USDT. That is more.":    "You earned 12.5 USDT. |That is more.",
		"1. First, 2.5 USDT\n2. Second":          "1. First, 2.5 USDT\n|2. Second",
		"Up 3 % vs. last week! Good? Yes":        "Up 3 % vs. last week! |Good? |Yes",
		"On Nov. 16 it rose. See e.g. UID 5. Ok": "On Nov. 16 it rose. |See e.g. UID 5. |Ok",
		"涨了。很好":                                  "涨了。|很好",
		"no end":                                 "no end",
	} {
		var got []string
		rest := text
		for n := sentenceEnd(rest); n > 0; n = sentenceEnd(rest) {
			got, rest = append(got, rest[:n]), rest[n:]
		}
		if rest != "" {
			got = append(got, rest)
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("got %q, want %q", s, want)
		}
	}
	if n := sentenceEnd(strings.Repeat("ä", 5000)); n == 0 || n > maxSentence+4 {
		t.Errorf("a sentence without end is cut at %d", n)
	}
}

func FuzzGrounding(f *testing.F) {
	f.Add("You earned 40.1 USDT from Nov 16–22, 2026 (12.5%), UID 9223372036854775807.", "total 3")
	f.Add("1.2.3,4'5 31/12 99:99 -−+$5k", "٣٫٥ ４")
	steps := []conversation.Step{{Calls: []conversation.Call{{Args: `{"period":"this_week"}`, Result: queryResult}}}}
	f.Fuzz(func(t *testing.T, sentence, user string) {
		newFacts(user, steps, time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), time.UTC).ungrounded(sentence)
		sentenceEnd(sentence)
	})
}
