package tools

import (
	"context"

	"partnerhub/domain"
)

// AskUserName is the tool that asks the partner back. The loop ends the turn with its question.
const AskUserName = "ask_user"

// Question is what the partner is asked.
type Question struct {
	Question string   `json:"question" min:"1" max:"1000" jsonschema:"one short question, in the partner's language"`
	Options  []string `json:"options,omitempty" max:"10" jsonschema:"the answers to click, each a full answer in itself; empty when anything may be answered"`
	Pending  *Pending `json:"pending,omitempty" jsonschema:"the tool that the answer is needed for, while its arguments are being collected"`
}

// Pending is a tool that waits for arguments.
type Pending struct {
	Tool    string   `json:"tool" min:"1" max:"64" jsonschema:"its name"`
	Missing []string `json:"missing" max:"20" jsonschema:"the names of the arguments that are still missing"`
}

// Asked is the result of ask_user: the answer comes with the next message.
type Asked struct {
	Asked bool `json:"asked"`
}

// AskUser asks the partner back, with options where the answers are few (SPEC A10).
func AskUser() Tool {
	t := Define(AskUserName,
		"Ask the partner one question when what they want is ambiguous or an argument is missing. Ends the turn; "+
			"the answer is their next message. Never guess instead.",
		func(_ context.Context, _ domain.Caller, in Question) (Asked, error) {
			for i, o := range in.Options {
				if o == "" || len(o) > 400 {
					return Asked{}, domain.Invalid(index("options", i), "must have 1 to 400 bytes")
				}
			}
			return Asked{Asked: true}, nil
		})
	t.Effect = Asks
	return t
}
