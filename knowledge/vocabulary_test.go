package knowledge

import (
	"slices"
	"testing"
)

func TestSlipsAreMended(t *testing.T) {
	v := newVocabulary(1, []Text{{"When is commission settled?", "Verification, telegram bot, sub accounts, a gift; withdrawals in cash"}})
	for _, c := range []struct {
		question string
		want     []string
	}{
		{"comission settld", []string{"commiss", "settl"}},
		{"verifcation", []string{"verif"}},
		{"telgram", []string{"telegram"}},
		{"subaccounts", []string{"sub", "account"}}, // written as one
		{"cashout", []string{"cash"}},
		{"gitf", []string{"gitf"}},          // too short to tell
		{"pommission", []string{"pommiss"}}, // the first letter is believed
		{"weather", []string{"weather"}},    // no slip, another word
	} {
		if got := v.terms(c.question, nil); !slices.Equal(got, c.want) {
			t.Errorf("%q: %v, want %v", c.question, got, c.want)
		}
	}
}

func TestEvidenceIsOfWhatTheLibraryIsAbout(t *testing.T) {
	texts := []Text{{"When is commission settled?", "what time do I get paid; proof of reserves of time"}, {"How do I create a code?", "a new code"}}
	v := newVocabulary(1, texts)
	judged := func(question string) Hit {
		h := Hit{Section: Section{Heading: texts[0].Heading, Asked: texts[0].Body}}
		newAsked(question, v.terms(question, nil), nil, v, &readings{}).judge(&h)
		return h
	}
	right, typed, wrong := judged("when is commission settled"), judged("when is comission setled"), judged("commission on pizza in hanoi")
	if !Enough(right) || right.Evidence != typed.Evidence {
		t.Errorf("the heading itself is worth %v, with slips %v", right.Evidence, typed.Evidence)
	}
	if Enough(wrong) {
		t.Errorf("half a question is worth %v", wrong.Evidence)
	}
}
