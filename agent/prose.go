package agent

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"partnerhub/domain/conversation"
)

// prose is the text of one answer on its way to the reader: sentence by sentence, each after its check. A model
// whose prose is trusted is one that renders it from results.
type prose struct {
	turn    *turn
	id      string
	trusted bool
	facts   *facts // what an untrusted sentence may say; made when the first one comes

	buffer  string          // what is not a whole sentence yet
	arrived strings.Builder // everything the model said
	shown   strings.Builder
	open    bool
	fault   string // why nothing more is shown
}

func (t *turn) prose(trusted bool) *prose {
	return &prose{turn: t, trusted: trusted, id: fmt.Sprintf("%s-%d-%d", t.run.ID, t.run.Attempt, t.answers)}
}

// maxProse bounds an answer, in bytes. A sentence without an end is cut at maxSentence.
const (
	maxProse    = 64 << 10
	maxSentence = 2 << 10
)

// write takes a piece of text in.
func (p *prose) write(chunk string) {
	p.arrived.WriteString(chunk)
	if p.fault != "" {
		return
	}
	if p.arrived.Len() > maxProse {
		p.fault = "talks without end"
		return
	}
	p.buffer += chunk
	for p.fault == "" {
		n := sentenceEnd(p.buffer)
		if n == 0 {
			return
		}
		sentence := p.buffer[:n]
		p.buffer = p.buffer[n:]
		p.sentence(sentence)
	}
}

// close takes the rest in, of a model that does not stream all it says, and ends the message.
func (p *prose) close(content string) {
	if rest, ok := strings.CutPrefix(content, p.arrived.String()); ok && rest != "" {
		p.write(rest)
	}
	if p.fault == "" && p.buffer != "" {
		p.sentence(p.buffer)
	}
	p.abandon()
}

// abandon ends the message with what was shown.
func (p *prose) abandon() {
	p.buffer = ""
	if p.open {
		p.turn.out.add(conversation.Event{Type: conversation.TextEnd, MessageID: p.id})
		p.open = false
	}
}

// sentence shows one sentence, or finds the fault with it.
func (p *prose) sentence(s string) {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	if strings.TrimSpace(s) == "" && p.shown.Len() == 0 {
		return
	}
	if !p.trusted {
		if p.shown.Len() == 0 && looksLikeCall(s) {
			p.fault = "writes tool calls as text"
			return
		}
		if p.facts == nil {
			p.facts = newFacts(p.turn.user, p.turn.steps, p.turn.agent.cfg.Now(), p.turn.agent.cfg.Zone)
		}
		if wrong := p.facts.ungrounded(s); len(wrong) > 0 {
			p.fault = "figures that no tool returned: " + clip(strings.Join(wrong, ", "), 100)
			return
		}
	}
	if !p.open {
		p.open = true
		p.turn.out.add(conversation.Event{Type: conversation.TextStart, MessageID: p.id, Role: "assistant"})
	}
	p.shown.WriteString(s)
	p.turn.out.add(conversation.Event{Type: conversation.TextContent, MessageID: p.id, Delta: s})
}

// verdict judges a whole answer: nil when it can stand.
func (p *prose) verdict(stop string) error {
	switch {
	case p.fault != "":
		return p.spoiled(p.fault)
	case strings.TrimSpace(p.shown.String()) == "":
		return p.spoiled(ErrEmptyAnswer.Error())
	case stop == "length" || stop == "content_filter":
		return p.spoiled("answer cut short: " + stop)
	}
	return nil
}

// spoiled gives the answer up. What was shown of it is to be replaced.
func (p *prose) spoiled(reason string) error {
	p.abandon()
	d := &degraded{reason: reason}
	if p.shown.Len() > 0 {
		d.replaces = p.id
	}
	return d
}

// sentenceEnd is the length of the first whole sentence with the space after it, or 0. A sentence ends at a
// newline, or at its mark followed by a space: "12.5" has no end in it.
func sentenceEnd(s string) int {
	for i, r := range s {
		end := i + utf8.RuneLen(r)
		if end > maxSentence {
			return end
		}
		switch r {
		case '\n', '。', '！', '？':
			return end
		case '.', '!', '?', '…':
			next, n := utf8.DecodeRuneInString(s[end:])
			if n > 0 && unicode.IsSpace(next) && !abbreviated(s[:end]) {
				return end + n
			}
		}
	}
	return 0
}

// abbreviated reports whether the mark at the end of s belongs to a shortened word or a number of a list, whose
// figure must be judged with what follows it.
func abbreviated(s string) bool {
	word := s[strings.LastIndexFunc(s[:len(s)-1], unicode.IsSpace)+1:]
	switch strings.ToLower(strings.TrimLeft(word, "(")) {
	case "e.g.", "i.e.", "vs.", "approx.", "no.", "incl.", "excl.", "ca.", "jan.", "feb.", "mar.", "apr.", "jun.", "jul.", "aug.",
		"sep.", "sept.", "oct.", "nov.", "dec.":
		return true
	}
	digits := strings.TrimRight(word, ".")
	return len(digits) > 0 && len(digits) <= 2 && strings.Trim(digits, "0123456789") == "" && strings.TrimSpace(s[:len(s)-len(word)]) == ""
}

// looksLikeCall recognises the tool calls that some models write out instead of making them.
func looksLikeCall(s string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	for _, mark := range []string{"{", "[{", "```json", "```tool", "<tool", "<function", "<|", "[tool", "functions."} {
		if strings.HasPrefix(s, mark) {
			return true
		}
	}
	return false
}
