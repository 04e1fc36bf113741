package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// machineFlag is the target's machine as a JSON object: plimsoll-remote knows it, and others may.
type machineFlag struct{ machine **record.Machine }

func (m machineFlag) String() string { return "" }
func (m machineFlag) Type() string   { return "json" }

func (m machineFlag) Set(text string) error {
	read := json.NewDecoder(bytes.NewReader([]byte(text)))
	read.DisallowUnknownFields()
	var machine record.Machine
	if err := read.Decode(&machine); err != nil {
		return fmt.Errorf(`it is an object like {"type":"t3.small","region":"eu-west-1","price_per_hour":0.02,"currency":"USD"}: %w`, err)
	}
	*m.machine = &machine
	return nil
}
