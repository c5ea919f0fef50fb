package knowledge

import (
	"unicode"

	"github.com/abadojack/whatlanggo"
)

// Language is the language that a question is written in, as a locale; "en" where it cannot be told. Short texts in plain
// letters are taken for English: a detector guesses wildly on them, and on short Vietnamese, which its letters tell.
func Language(text string) string {
	foreign := 0
	for _, r := range text {
		if r >= 'Ạ' && r <= 'ỹ' || r == 'ơ' || r == 'ư' || r == 'đ' { // letters of Vietnamese alone
			return "vi"
		}
		if r > unicode.MaxASCII && unicode.IsLetter(r) {
			foreign++
		}
	}
	if foreign < 2 {
		return "en"
	}
	if code := whatlanggo.DetectLang(text).Iso6391(); code != "" {
		return code
	}
	return "en"
}
