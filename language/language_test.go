package language_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"partnerhub/language"
)

func TestOf(t *testing.T) {
	for want, texts := range map[string][]string{
		"vi": {"Khi nào hoa hồng được thanh toán?", "mời bạn bè thế nào", "mã giới thiệu là gì"},
		"es": {"cuando se paga la comision", "¿Cómo retiro mi comisión?", "que es un referido indirecto", "cuántos códigos puedo tener", "como creo una tarea"},
		"pt": {"quando a comissao e paga", "Como posso sacar a minha comissão?", "o que é um indicado indireto", "quantos códigos posso ter", "até que nível vip eu ganho"},
		"id": {"kapan komisi dibayar", "bagaimana cara mengundang pengguna baru", "apa itu rujukan tidak langsung", "berapa kode yang boleh saya punya"},
		"ru": {"Когда выплачивается комиссия?", "как пригласить пользователя", "сколько кодов можно иметь"},
		"zh": {"佣金什么时候结算？", "如何邀请用户", "最多可以有多少个推荐码"},
		"en": {"", "vip 3", "when is commission paid", "um commission yesterday", "commission of José this week", "el paso traders of mine", "vip 3?", "12345"},
	} {
		for _, text := range texts {
			if got := language.Of(text); got != want {
				t.Errorf("%q: %s, want %s", text, got, want)
			}
		}
	}
}

// TestEnglishStaysEnglish has none of the English messages that the hub is measured on taken for another language.
func TestEnglishStaysEnglish(t *testing.T) {
	files, err := filepath.Glob("../eval/*/*.txt")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			label, text, ok := strings.Cut(strings.TrimSpace(line), ": ")
			if got := language.Of(text); ok && !strings.HasPrefix(label, "#") && got != "en" {
				t.Errorf("%s: %q is taken for %s", name, text, got)
			}
		}
	}
}
