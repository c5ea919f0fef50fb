package agent

import (
	"time"

	"partnerhub/domain/conversation"
)

// Ungrounded lists what an answer says that neither the message nor the calls' results do: figures, dates, names and directions. It is the
// check by which a model's sentences are held back, for those who measure.
func Ungrounded(user string, answer BatchAnswer, now time.Time, zone *time.Location) (wrong []string) {
	var step conversation.Step
	for _, c := range answer.Calls {
		step.Calls = append(step.Calls, conversation.Call{Name: c.Name, Args: string(c.Args), Result: string(c.Result)})
	}
	f := newFacts(user, []conversation.Step{step}, now, zone)
	for text := answer.Text; text != ""; {
		n := sentenceEnd(text)
		if n == 0 {
			n = len(text)
		}
		wrong = append(wrong, f.ungrounded(text[:n])...)
		text = text[n:]
	}
	return wrong
}
