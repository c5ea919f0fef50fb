package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// cell is a field of a row as it is printed.
type cell struct{ column, text string }

// printRows shows a card's rows as a table, whose columns stand in the order in which the tool wrote their fields. What a field holds of its
// own gets columns of its own ("commission delta"); lists of objects are counted.
func printRows(w io.Writer, raw json.RawMessage) {
	var rows []json.RawMessage
	if json.Unmarshal(raw, &rows) != nil || len(rows) == 0 {
		return
	}
	var columns []string
	table := make([]map[string]string, len(rows))
	for i, r := range rows {
		table[i] = map[string]string{}
		for _, c := range cells("", r) {
			if !slices.Contains(columns, c.column) {
				columns = append(columns, c.column)
			}
			table[i][c.column] = c.text
		}
	}
	columns = slices.DeleteFunc(columns, func(c string) bool { // a column that nothing stands in says nothing
		return !slices.ContainsFunc(table, func(row map[string]string) bool { return row[c] != "" })
	})
	var out bytes.Buffer
	t := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "    %s\t\n", strings.Join(columns, "\t")) // a column ends where a row has no tab for it
	for _, row := range table {
		line := make([]string, len(columns))
		for i, c := range columns {
			line[i] = row[c]
		}
		fmt.Fprintf(t, "    %s\t\n", strings.Join(line, "\t"))
	}
	_ = t.Flush() // to memory
	for line := range strings.Lines(out.String()) {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
}

// cells are the fields of a JSON value in their own order.
func cells(column string, raw json.RawMessage) []cell {
	switch {
	case bytes.HasPrefix(raw, []byte("{")):
		var out []cell
		d := json.NewDecoder(bytes.NewReader(raw))
		_, _ = d.Token() // the brace
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return out
			}
			var value json.RawMessage
			if d.Decode(&value) != nil {
				return out
			}
			out = append(out, cells(strings.TrimSpace(fmt.Sprint(column, " ", name)), value)...)
		}
		return out
	case bytes.HasPrefix(raw, []byte("[")):
		var words []string
		if json.Unmarshal(raw, &words) == nil {
			return []cell{{column, strings.Join(words, ", ")}}
		}
		var items []json.RawMessage
		_ = json.Unmarshal(raw, &items) // it is a list
		return []cell{{column, strconv.Itoa(len(items))}}
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw)
	}
	if text == "null" {
		text = ""
	}
	return []cell{{column, strings.Join(strings.Fields(text), " ")}} // a line break or tab within would break the table
}
