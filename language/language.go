// Package language tells in which language a question is written.
package language

import (
	"slices"
	"strings"
	"unicode"

	"github.com/abadojack/whatlanggo"
)

// asking are words of questions, and of this field, that English has not, of languages that are often typed in plain letters, on which a
// detector of letters guesses wildly when a text is short.
var asking = map[whatlanggo.Lang][]string{
	whatlanggo.Spa: strings.Fields(`como cómo cuando cuándo que qué cual cuál cuales cuáles donde dónde cuanto cuánto cuantos cuántos cuanta cuánta puedo puede hasta
		mi mis la los las el un una es se del quien quién hay gano tengo comision comisión comisiones codigo código codigos códigos referido referidos`),
	whatlanggo.Por: strings.Fields(`como quando que qual quais onde quanto quantos quanta posso pode meu minha meus minhas não nao um uma é se até ate os dos da quem há
		tenho ganho eu comissao comissão comissões codigo código codigos códigos indicado indicados indicação`),
	whatlanggo.Ind: strings.Fields(`apa apakah bagaimana kapan berapa cara saya yang untuk bisa boleh dari itu adalah tidak dengan siapa mana kenapa mengapa
		komisi kode rujukan pengguna dibayar dibayarkan tugas`),
}

// nearRussian are languages that short Russian is taken for.
var nearRussian = map[whatlanggo.Lang]bool{whatlanggo.Bul: true, whatlanggo.Mkd: true, whatlanggo.Srp: true}

// Of is the language of a text, as a locale; "en" where it cannot be told.
func Of(text string) string {
	foreign := 0
	for _, r := range text {
		if r >= 'Ạ' && r <= 'ỹ' || r == 'ơ' || r == 'ư' || r == 'đ' { // letters of Vietnamese alone
			return "vi"
		}
		if r > unicode.MaxASCII && unicode.IsLetter(r) {
			foreign++
		}
	}
	if code := plain(text); code != "" {
		return code
	}
	if foreign < 2 {
		return "en"
	}
	if code := whatlanggo.DetectLangWithOptions(text, whatlanggo.Options{Blacklist: nearRussian}).Iso6391(); code != "" {
		return code
	}
	return "en"
}

// plain is the language whose asking words a text has most of: two at least, or a long one among three words. Of languages that have as
// many, the letters tell.
func plain(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) })
	most, likely := 0, map[whatlanggo.Lang]bool{}
	long := false
	for lang, list := range asking {
		n := 0
		for _, w := range words {
			if slices.Contains(list, w) {
				n++
				long = long || len(w) > 4
			}
		}
		if n > most {
			most, likely = n, map[whatlanggo.Lang]bool{}
		}
		if n == most {
			likely[lang] = true
		}
	}
	if most == 0 || most == 1 && (len(words) > 3 || !long) {
		return ""
	}
	return whatlanggo.DetectLangWithOptions(text, whatlanggo.Options{Whitelist: likely}).Iso6391()
}
