package tools_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"partnerhub/domain"
)

// TestRefusals sends what nobody should send. Each is refused with the name of the argument at fault.
func TestRefusals(t *testing.T) {
	box := smallProgram(t)
	long := strings.Repeat("x", 65)
	injection := `' OR 1=1; DROP TABLE account; --`
	for _, x := range []struct{ tool, args, field string }{
		{"query_metrics", `{"period":"today"}`, "metrics"},
		{"query_metrics", `{"metrics":[],"period":"today"}`, "metrics"},
		{"query_metrics", `{"metrics":"commission","period":"today"}`, "metrics"},
		{"query_metrics", `{"metrics":["commission",7],"period":"today"}`, "metrics[1]"},
		{"query_metrics", `{"metrics":["commission","commission"],"period":"today"}`, "metrics[1]"},
		{"query_metrics", `{"metrics":["Commission"],"period":"today"}`, "metrics[0]"},
		{"query_metrics", `{"metrics":["` + injection + `"],"period":"today"}`, "metrics[0]"},
		{"query_metrics", `{"metrics":[` + strings.Repeat(`"commission",`, 17) + `"fees"],"period":"today"}`, "metrics"},
		{"query_metrics", `{"metrics":["commission"]}`, "period"},
		{"query_metrics", `{"metrics":["commission"],"period":null}`, "period"},
		{"query_metrics", `{"metrics":["commission"],"period":7}`, "period"},
		{"query_metrics", `{"metrics":["commission"],"period":""}`, "period"},
		{"query_metrics", `{"metrics":["commission"],"period":"next week"}`, "period"},
		{"query_metrics", `{"metrics":["commission"],"period":"last_0_days"}`, "period"},
		{"query_metrics", `{"metrics":["commission"],"period":"last_99999999999999999999_days"}`, "period"},
		{"query_metrics", `{"metrics":["commission"],"period":"2026-02-30..2026-03-01"}`, "period"},
		{"query_metrics", `{"metrics":["commission"],"period":"2026-03-02..2026-03-01"}`, "period"},
		{"query_metrics", `{"metrics":["commission"],"period":"2000-01-01..2099-01-01"}`, "period"},
		{"query_metrics", `{"metrics":["commission"],"period":"` + injection + `"}`, "period"},
		{"query_metrics", `{"metrics":["commission"],"period":"` + long + `"}`, "period"},
		{"query_metrics", `{"metrics":["commission"],"period":"today\u0000"}`, "period"},
		{"query_metrics", `{"metrics":["commission"],"period":"today","groupBy":"uid"}`, "groupBy"},
		{"query_metrics", `{"metrics":["commission"],"period":"this_year","groupBy":"hour"}`, "groupBy"},
		{"query_metrics", `{"metrics":["deposits"],"period":"today","groupBy":"product"}`, "groupBy"},
		{"query_metrics", `{"metrics":["sharedReceived"],"period":"today","groupBy":"referee"}`, "groupBy"},
		{"query_metrics", `{"metrics":["deposits"],"period":"today","product":"spot"}`, "product"},
		{"query_metrics", `{"metrics":["commission"],"period":"today","product":"options"}`, "product"},
		{"query_metrics", `{"metrics":["commission"],"period":"today","relation":"mine"}`, "relation"},
		{"query_metrics", `{"metrics":["commission"],"period":"today","uid":"10024"}`, "uid"},
		{"query_metrics", `{"metrics":["commission"],"period":"today","uid":0}`, "uid"},
		{"query_metrics", `{"metrics":["commission"],"period":"today","uid":1.5}`, "uid"},
		{"query_metrics", `{"metrics":["commission"],"period":"today","uid":9223372036854775808}`, "uid"},
		{"query_metrics", `{"metrics":["commission"],"period":"today","subPartnerUid":-1}`, "subPartnerUid"},
		{"query_metrics", `{"metrics":["commission"],"period":"today","country":"` + long + `"}`, "country"},
		{"query_metrics", `{"metrics":["commission"],"period":"today","code":["P1"]}`, "code"},
		{"query_metrics", `{"metrics":["commission"],"period":"today","limit":0}`, "limit"},
		{"query_metrics", `{"metrics":["commission"],"period":"today","limit":1001}`, "limit"},
		{"query_metrics", `{"metrics":["commission"],"period":"today","partner":20001}`, "partner"},
		{"query_metrics", `{"metrics":["commission"],"period":"today","caller":{"uid":20001}}`, "caller"},
		{"query_metrics", `{"metrics":["commission"],"period":"today","period":"this_week"}`, "period"},
		{"query_metrics", `[]`, ""},
		{"query_metrics", `{"metrics"`, "metrics"},
		{"query_metrics", `{"metrics":` + strings.Repeat("[", 1000), "metrics" + strings.Repeat("[0]", 16)},
		{"query_metrics", `{"period":"` + strings.Repeat("x", 20<<10) + `"}`, ""},
		{"compare_metrics", `{"metrics":["fees"],"period":"today","compareTo":"before"}`, "compareTo"},
		{"compare_metrics", `{"metrics":["fees"],"period":"today","compareTo":"2026-13-01..2026-13-02"}`, "compareTo"},
		{"compare_metrics", `{"metrics":["fees"],"period":"today","compareTo":true}`, "compareTo"},
		{"compare_metrics", `{"metrics":["fees"],"period":"now","compareTo":"today"}`, "period"},
		{"compare_metrics", `{"metrics":["fees"],"period":"today","compareTo":"this_year","groupBy":"hour"}`, "groupBy"},
		{"leaderboard", `{"by":"referee","period":"today"}`, "metric"},
		{"leaderboard", `{"metric":"commission","period":"today"}`, "by"},
		{"leaderboard", `{"metric":"commission","by":"product","period":"today"}`, "by"},
		{"leaderboard", `{"metric":"sharedReceived","by":"referee","period":"today"}`, "by"},
		{"leaderboard", `{"metric":"sharedReceived","by":"referee","period":"today","relation":"direct"}`, "by"},
		{"leaderboard", `{"metric":"deposits","by":"referee","period":"today","product":"spot"}`, "product"},
		{"leaderboard", `{"metric":"commission","by":"referee","period":"today","limit":101}`, "limit"},
		{"leaderboard", `{"metric":"commission","by":"referee","period":"today","uid":10024}`, "uid"},
		{"leaderboard", `{"metric":"commission","by":"referee","period":"soon"}`, "period"},
		{"list_referees", `{"kyc":"full"}`, "kyc"},
		{"list_referees", `{"deposited":"yes"}`, "deposited"},
		{"list_referees", `{"traded":1}`, "traded"},
		{"list_referees", `{"activity":"asleep"}`, "activity"},
		{"list_referees", `{"vipMin":-1}`, "vipMin"},
		{"list_referees", `{"vipMin":101}`, "vipMin"},
		{"list_referees", `{"registered":"once"}`, "registered"},
		{"list_referees", `{"registered":"2026-01-01"}`, "registered"},
		{"list_referees", `{"period":"once"}`, "period"},
		{"list_referees", `{"sort":"uid"}`, "sort"},
		{"list_referees", `{"sort":"volume; DROP TABLE account"}`, "sort"},
		{"list_referees", `{"order":"random()"}`, "order"},
		{"list_referees", `{"cursor":"` + injection + `"}`, "cursor"},
		{"list_referees", `{"cursor":"` + strings.Repeat("A", 513) + `"}`, "cursor"},
		{"list_referees", `{"cursor":"` + strings.Repeat("A", 40) + `"}`, "cursor"},
		{"list_referees", `{"limit":201}`, "limit"},
		{"list_referees", `{"note":"` + long + `"}`, "note"},
		{"list_referees", `{"as":20001}`, "as"},
		{"get_referee", `{}`, "uid"},
		{"get_referee", `{"uid":null}`, "uid"},
		{"get_referee", `{"uid":"10024 OR 1=1"}`, "uid"},
		{"get_referee", `{"uid":[10024]}`, "uid"},
		{"get_referee", `{"uid":-10024}`, "uid"},
		{"get_referee", `{"uid":10024,"period":"ever"}`, "period"},
	} {
		got, err := box.call(t, partner, x.tool, x.args)
		var e *domain.Error
		if !errors.As(err, &e) {
			t.Errorf("%s %s: got %s, %v; want a refusal", x.tool, clip(x.args), got, err)
			continue
		}
		if e.Field != x.field || e.Code != domain.CodeInvalid && e.Code != domain.CodeTooLarge || e.Message == "" {
			t.Errorf("%s %s: %s on %q: %s; want %q", x.tool, clip(x.args), e.Code, e.Field, e.Message, x.field)
		}
		if len(e.Message) > 700 {
			t.Errorf("%s %s: the message repeats too much of it: %s", x.tool, clip(x.args), e.Message)
		}
	}
}

func clip(s string) string { return s[:min(len(s), 200)] }

// TestTextIsText sends SQL where any text is allowed: it is a country, a code or a note that nobody has.
func TestTextIsText(t *testing.T) {
	box := smallProgram(t)
	for _, text := range []string{`' OR '1'='1`, `VN' --`, `%`, `_`, `\`, `$1`, `{10023}`, "'||(SELECT 1)||'", "Việt Nam", "P1\n"} {
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range []string{"country", "code"} {
			got := box.result(t, partner, "query_metrics", map[string]any{"metrics": []string{"commission"}, "period": "this_month", field: text})
			if fmt.Sprint(got.Total) != "map[commission:0]" {
				t.Errorf("%s %s: %v", field, quoted, got.Total)
			}
		}
		for _, field := range []string{"country", "code", "note"} {
			if got := box.result(t, partner, "list_referees", map[string]any{field: text}); len(got.Rows) != 0 || got.Total != 0.0 {
				t.Errorf("%s %s: %v", field, quoted, got.Rows)
			}
		}
	}
}

// TestOnlyOnesOwn asks every tool as one partner about all there is, and about the uids, codes and sub-partners of another:
// no uid, code or figure of theirs comes back.
func TestOnlyOnesOwn(t *testing.T) {
	box := smallProgram(t)
	theirs := map[int64]*regexp.Regexp{
		partner:    regexp.MustCompile(`20001|20002|777|O1|other|S1|private|D1`), // a sub-partner's codes are their own
		stranger:   regexp.MustCompile(`100\d\d|P1|P2|S1|D1|Telegram|YouTube|private|BR`),
		subPartner: regexp.MustCompile(`1002[4-7]|20001|20002|777|P1|P2|D1|O1|Telegram|YouTube`),
		20002:      regexp.MustCompile(`1\d{4}|20001|P1|P2|S1|D1|Telegram|YouTube|private|BR`),
		99999:      regexp.MustCompile(`1\d{4}|2000\d|P1|P2|S1|D1|O1|BR|VN`),
	}
	for uid, others := range theirs {
		for _, filter := range []string{``, `,"uid":10023`, `,"uid":20002`, `,"uid":10025`, `,"subPartnerUid":10011`, `,"subPartnerUid":20001`, `,"code":"O1"`, `,"code":"P2"`, `,"code":"S1"`} {
			var calls [][2]string
			for _, by := range []string{"referee", "sub_partner", "code", "country"} {
				calls = append(calls,
					[2]string{"query_metrics", `{"metrics":["volume","commission","totalReferrals"],"period":"this_month","groupBy":"` + by + `"` + filter + `}`},
					[2]string{"compare_metrics", `{"metrics":["volume"],"period":"this_month","groupBy":"` + by + `"` + filter + `}`})
				if filter == "" {
					calls = append(calls, [2]string{"leaderboard", `{"metric":"volume","period":"this_month","by":"` + by + `"}`})
				}
			}
			if !strings.HasPrefix(filter, `,"uid"`) {
				calls = append(calls, [2]string{"list_referees", `{"period":"this_month"` + filter + `}`})
			} else {
				calls = append(calls, [2]string{"get_referee", `{"period":"this_month"` + filter + `}`})
			}
			for _, call := range calls {
				got, err := box.call(t, uid, call[0], call[1])
				if call[0] == "get_referee" && domain.AsError(err).Code == domain.CodeNotFound && got == nil {
					continue
				}
				if err != nil {
					t.Fatalf("%d: %s %s: %v", uid, call[0], call[1], err)
				}
				var shown map[string]json.RawMessage
				if err := json.Unmarshal(got, &shown); err != nil {
					t.Fatal(err)
				}
				said := string(shown["rows"]) + string(shown["total"]) + string(shown["byProduct"]) // "filters" repeats what was asked
				if leak := others.FindString(said); leak != "" {
					t.Errorf("%d: %s %s shows %s:\n%s", uid, call[0], call[1], leak, said)
				}
			}
		}
	}
}
