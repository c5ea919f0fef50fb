// Package lexical ranks texts by the words they share with a question: BM25 (Robertson and Zaragoza, 2009) over stemmed
// words. A text becomes a sparse vector of term weights, a question one of idf, and the score is their inner product, so that
// any store of sparse vectors can rank.
package lexical

import (
	_ "embed"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/kljensen/snowball/english"
)

// Params are BM25's parameters: how soon a repeated word stops to count, how much long texts are held back, and the weight of
// two neighbouring words that stand together in the text, too, beside that of a word. Pairs 0 leaves them out.
type Params struct{ K1, B, Pairs float64 }

// Plain is BM25 with the parameters of Anserini, against which others publish their figures. Default is what the hub ranks by.
var (
	Plain   = Params{K1: 0.9, B: 0.4}
	Default = Params{K1: 0.9, B: 0.5, Pairs: 0.2}
)

// Dimensions is how many dimensions the vectors have, as many as PostgreSQL's sparsevec allows.
const Dimensions = 1_000_000_000

// Entry is a component of a sparse vector: a term by its number, 0 to Dimensions-1, and its weight.
type Entry struct {
	Term   int32
	Weight float32
}

// maxWord bounds one word, in bytes; longer ones are addresses and noise.
const maxWord = 64

// Terms are the words of a text as they are compared: lower case, without stop words, stemmed. In the order of the text.
func Terms(text string) []string {
	words := Words(text)
	for i, w := range words {
		words[i] = Stem(w)
	}
	return words
}

// Words are the words of a text as they are spelled: lower case, without stop words.
func Words(text string) []string {
	return slices.DeleteFunc(Spelled(text), func(w string) bool { return stopWords[w] })
}

// Spoken are the words of a text as they are compared, with stop words: lower case, stemmed.
func Spoken(text string) []string {
	words := Spelled(text)
	for i, w := range words {
		words[i] = Stem(w)
	}
	return words
}

// Spelled are the words of a text as they are spelled: lower case, with stop words.
func Spelled(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) && r != '\'' && r != '’'
	})
	out := make([]string, 0, len(words))
	for _, w := range words {
		w = strings.Trim(w, "'’")
		w = strings.TrimSuffix(strings.TrimSuffix(w, "'s"), "’s")
		w = apostrophes.Replace(w)
		if strings.ContainsFunc(w, unspaced) {
			out = append(out, neighbours(w)...)
			continue
		}
		if w == "" || len(w) > maxWord {
			continue
		}
		out = append(out, w)
	}
	return out
}

// unspaced reports whether a letter is of a writing that puts no spaces between words.
func unspaced(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) }

// neighbours are the letters of such a writing two by two, which stand for its words.
func neighbours(w string) []string {
	letters := []rune(w)
	if len(letters) < 2 {
		return []string{w}
	}
	var out []string
	for i := 1; i < len(letters); i++ {
		out = append(out, string(letters[i-1:i+1]))
	}
	return out
}

// Unspaced reports whether a term is of a writing without spaces, so that it may be no word.
func Unspaced(term string) bool { return strings.ContainsFunc(term, unspaced) }

// Stem is the term of a word of Words.
func Stem(word string) string {
	if ascii(word) {
		return english.Stem(word, false)
	}
	return word
}

var apostrophes = strings.NewReplacer("'", "", "’", "")

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// Number is the dimension of a term. Two terms share one once in a billion pairs.
func Number(term string) int32 {
	h := fnv.New64a()
	h.Write([]byte(term))
	return int32(h.Sum64() % Dimensions)
}

// pairs are the neighbouring terms of a text.
func pairs(terms []string) []string {
	out := make([]string, 0, len(terms))
	for i := 1; i < len(terms); i++ {
		out = append(out, terms[i-1]+" "+terms[i])
	}
	return out
}

// Field is a part of a text and how often each of its words counts as said (BM25F): a heading's more than a footnote's.
type Field struct {
	Terms  []string
	Weight float64
}

// Length is how many terms the fields have, as they count.
func Length(fields []Field) float64 {
	n := 0.0
	for _, f := range fields {
		n += f.Weight * float64(len(f.Terms))
	}
	return n
}

// Weigh is the vector of a text: BM25's weight of each of its terms, and of their pairs, where texts have averageLength terms
// on average.
func (p Params) Weigh(fields []Field, averageLength float64) []Entry {
	counts := map[string]float64{}
	for _, f := range fields {
		for _, t := range f.Terms {
			counts[t] += f.Weight
		}
		if p.Pairs > 0 {
			for _, t := range pairs(f.Terms) {
				counts[t] += f.Weight
			}
		}
	}
	long := 1.0
	if averageLength > 0 {
		long = 1 - p.B + p.B*Length(fields)/averageLength
	}
	out := make([]Entry, 0, len(counts))
	for t, tf := range counts {
		out = append(out, Entry{Number(t), float32(tf * (p.K1 + 1) / (tf + p.K1*long))})
	}
	return sorted(out)
}

// IDF is how much a term tells that holds of documents among total ones.
func IDF(documents, total int) float64 {
	return math.Log(1 + (float64(total)-float64(documents)+0.5)/(float64(documents)+0.5))
}

// Question is the vector of a question: idf of each of its terms, times how often it is said, and of their pairs at their lower
// weight. documents says how many of the total texts have a term.
func (p Params) Question(terms []string, total int, documents func(term int32) int) []Entry {
	weights := map[int32]float64{}
	add := func(t string, weight float64) {
		if n := Number(t); documents(n) > 0 {
			weights[n] += weight * IDF(documents(n), total)
		}
	}
	for _, t := range terms {
		add(t, 1)
	}
	if p.Pairs > 0 {
		for _, t := range pairs(terms) {
			add(t, p.Pairs)
		}
	}
	out := make([]Entry, 0, len(weights))
	for t, w := range weights {
		out = append(out, Entry{t, float32(w)})
	}
	return sorted(out)
}

func sorted(entries []Entry) []Entry {
	slices.SortFunc(entries, func(a, b Entry) int { return int(a.Term) - int(b.Term) })
	return slices.CompactFunc(entries, func(a, b Entry) bool { return a.Term == b.Term })
}

// stopWords say nothing about what a text is about: articles, prepositions, pronouns, auxiliaries and the words of questions.
var stopWords = set(`a an and are as at be been being but by can could did do does doing done for from had has have having he her hers him his how i if in
into is it its itself let me my no nor not of on or our ours she should so some such than that the their theirs them then there these they this
those to too us very was we were what when where which while who whom why will with would you your yours am about above after again also any
because before below between both during dont doesnt didnt cant couldnt wont wouldnt isnt arent wasnt werent havent hasnt hadnt shouldnt im ive id ill youre youve theyre weve thats theres whats hes shes lets u r ur each few further here more most only other over own same through under until up down out off just
el la los las un una unos de del en y es son con por para que qué como cómo cuando cuándo cuánto cuánta cuanto mi mis me se le lo su puedo hay si cuál cuáles donde dónde desde
o os as um uma do da dos das em e é com meu minha meus minhas posso quando quanto qual onde são eu
apa apakah kapan bagaimana berapa saya aku yang di ke dari untuk bisa dan itu ini cara dengan adalah ada
как когда что где кто я мне мой моя мои мою в на и с по для за ли можно могу сколько какой какая какие это от до из
là gì thế nào khi tôi của có được không và các cho với này bao nhiêu làm sao ở đâu như một những thì mà để trong bị nào cách`)

// Stop reports whether a word of Spoken is one that Words leaves out. Stemming leaves them as they are, but for a few that are long.
func Stop(term string) bool { return stopTerms[term] }

var stopTerms = func() map[string]bool {
	m := map[string]bool{}
	for w := range stopWords {
		m[Stem(w)] = true
	}
	return m
}()

// Filler reports whether a term is of how people ask, and not of what they ask about: a question is answered without it.
func Filler(term string) bool { return fillers[term] }

// Telling are the terms that are no fillers, each once; all of them where there is nothing else.
func Telling(terms []string) []string {
	var out, all []string
	for _, t := range terms {
		if !slices.Contains(all, t) {
			if all = append(all, t); !Filler(t) {
				out = append(out, t)
			}
		}
	}
	if len(out) == 0 {
		return all
	}
	return out
}

//go:embed common.txt
var commonWords string

// Common reports whether a term is of a word that people say in any field: a question is about something else, unless the texts are
// about it.
func Common(term string) bool { return common[term] }

var common = func() map[string]bool {
	m := map[string]bool{}
	for line := range strings.Lines(commonWords) {
		if !strings.HasPrefix(line, "#") {
			for _, t := range Terms(line) {
				m[t] = true
			}
		}
	}
	return m
}()

var fillers = func() map[string]bool {
	m := map[string]bool{}
	for _, t := range Terms(`explain explained mean meaning means define definition kind kinds type types list show tell give example examples please pls plz thanks
		hello hi hey think know understand exist exists stand contain contains able vs versus whats whos hows wheres when's want need see find look get got go going
		work works working thing things way ways stuff info information detail details question ask asking say said says exactly really actually possible
		dear team kindly inform regards hope wonder wondering bro sir madam guys dude mate ok okay yeah yes thx thank cheers idk btw asap urgent simply basically honestly
		maybe perhaps probably seem seems feel heard told tell everybody anybody nobody nothing everything happen happens happened going gonna wanna gotta wants wanted needs
		looking sure right really quite pretty little bit lot lots also well hopefully curious confused understood knowing wondered suppose supposed sort actual correct
		always never ever sometimes usually normally normal often already yet today dont know whether either neither another around without within since per via etc
		good nice great best better put take took takes taken give gave given come came comes keep kept try tried able way somehow whatever however though although else
		someone somebody anyone something anything many much long still now new fast set like one two make`) {
		m[t] = true
	}
	return m
}()

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}
