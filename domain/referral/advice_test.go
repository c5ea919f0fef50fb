package referral_test

import (
	"testing"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

func TestAdvice(t *testing.T) {
	figures := []referral.AdviceFigure{{Name: "a", Value: 3_000_000, Text: "3"}, {Name: "b", Value: 12_500_000, Text: "12.5 %"}, {Name: "who", Text: "7, 8"}}
	for rule, want := range map[string]string{
		"x | a > 2 | {a} of {who}":        "3 of 7, 8",
		"x | a >= 3, b > a | {b}":         "12.5 %",
		"x | | always":                    "always",
		"x | a > 3 | no":                  "",
		"x | a < 3 | no":                  "",
		"x | a <= 2.999999 | no":          "",
		"x | a <= 3 | yes":                "yes",
		"x | b < 12.5 | no":               "",
		"x | b > -1 | yes":                "yes",
		"x | a > 2 | {missing}":           "",
		"x | missing > 2 | no":            "",
		"x | a > missing | no":            "",
		"x | a > 2, b < 0 | not both":     "",
		"x | a > 2 | an open { brace {a":  "an open { brace {a",
		"x | a > 2 | a | in the text {a}": "a | in the text 3",
	} {
		a, err := referral.ParseAdvice(rule)
		if err != nil {
			t.Fatalf("%s: %v", rule, err)
		}
		if got, ok := a.Apply(figures); got != want || ok != (want != "") {
			t.Errorf("%s: %q %v, want %q", rule, got, ok, want)
		}
	}
	for _, rule := range []string{"", "x", "x | a > 2", " | a > 2 | text", "x | a > 2 | ", "x | a 2 | text", "x | a == 2 | text", "x | a > 2 3 | text"} {
		if _, err := referral.ParseAdvice(rule); domain.AsError(err) == nil || err == nil {
			t.Errorf("%q was taken: %v", rule, err)
		}
	}
}
