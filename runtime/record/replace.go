package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// ReplaceEnd replaces the last row of the record at path, and puts notes before it as warnings of its time. All other
// lines stay as they are, those that no version of this program knows included. The file is written anew beside the old
// one and takes its place at once: one that is cut is never seen.
func ReplaceEnd(path string, end *End, notes []string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	out := &bytes.Buffer{}
	writer := NewWriter(out)
	lines := bufio.NewReader(bytes.NewReader(text))
	for {
		line, err := lines.ReadBytes('\n')
		var row struct {
			Type string `json:"type"`
		}
		if json.Unmarshal(line, &row) != nil || row.Type != "end" {
			out.Write(line)
		}
		if err != nil {
			break
		}
	}
	for _, n := range notes {
		if err := writer.Write(Event{AtS: end.AtS, Kind: EventWarning, Message: n}); err != nil {
			return err
		}
	}
	if err := writer.Write(end); err != nil {
		return err
	}
	if err := writer.Flush(); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return os.Rename(path+".new", path)
}
