package main

import (
	"strings"
	"testing"
)

func TestPrintRows(t *testing.T) {
	for _, c := range []struct{ rows, want string }{
		{`[{"key":"","commission":"12.50","note":null}]`, "    commission\n    12.50\n"},
		{`[{"key":"direct, indirect","commission":{"current":"2","percent":null}},{"key":"b","trades":3,"tags":["x","y"],"parts":[{},{}]}]`,
			"    key               commission current  trades  tags  parts\n" +
				"    direct, indirect  2\n" +
				"    b                                     3       x, y  2\n"},
		{`[{"title":"two\nlines\tand a tab"}]`, "    title\n    two lines and a tab\n"},
		{`[]`, ""},
		{`{"no":"list"}`, ""},
	} {
		var out strings.Builder
		printRows(&out, []byte(c.rows))
		if out.String() != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.rows, out.String(), c.want)
		}
	}
}
