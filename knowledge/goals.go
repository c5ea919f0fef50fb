package knowledge

import (
	"slices"
	"strings"
)

// goalPhrases are the words for the goals, as a partner says them and as a reason names them: the first is the name.
var goalPhrases = map[Goal][]string{
	"recruit":      {"winning new users", "new user", "acquir", "invite", "recruit", "sign up", "signup", "registration", "grow", "newcomer", "friends", "new people", "new client", "new customer"},
	"verify":       {"verification", "kyc", "verif", "identity"},
	"deposit":      {"first deposits", "deposit", "top up", "fund"},
	"first_trade":  {"first trades", "first trade", "beginner", "start trading", "newbie"},
	"reactivate":   {"bringing back those who went quiet", "dormant", "inactive", "reactivat", "win back", "winback", "come back", "quiet", "silent", "sleeping"},
	"volume":       {"trading volume", "volume", "active trader", "trading competition", "competition"},
	"futures":      {"futures", "future", "perp", "contract", "derivative", "leverage"},
	"spot":         {"spot trading", "spot"},
	"sub_partners": {"sub-partners", "sub-partner", "subpartner", "sub partner", "team", "agents"},
	"start":        {"new partners", "getting started", "get started", "new partner", "basics", "onboard", "beginner"},
	"retain":       {"keeping users", "retain", "retention", "loyal", "community", "engage"},
	"compliance":   {"compliance", "complian", "rules of advertising", "legal", "policy", "fraud", "security", "safe"},
}

// GoalsOf are the goals that a partner's words name.
func GoalsOf(words string) []Goal {
	words = " " + strings.ToLower(words) + " "
	var out []Goal
	for _, g := range Goals {
		if slices.ContainsFunc(goalPhrases[g], func(p string) bool { return strings.Contains(words, p) }) || strings.Contains(words, " "+string(g)+" ") {
			out = append(out, g)
		}
	}
	return out
}

// GoalWords is a goal in words.
func GoalWords(g Goal) string { return goalPhrases[g][0] }

// Summary is the first sentence of an article.
func Summary(a Article) string {
	for _, s := range a.Sections() {
		if all := sentences(s.Text); len(all) > 0 {
			return all[0]
		}
	}
	return ""
}
