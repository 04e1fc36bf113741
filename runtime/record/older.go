package record

import "strings"

// stateOfNote derives the state of a source from the note of a record that
// was written before rows had states. Nothing else reads a note's text.
func stateOfNote(note string) ResourceState {
	switch {
	case strings.Contains(note, "want of memory"), strings.Contains(note, "OOM"):
		return StateOutOfMemory
	case strings.Contains(note, "was restarted"):
		return StateRestarted
	case strings.Contains(note, "has ended"), strings.Contains(note, " does not run"), strings.Contains(note, " is gone"):
		return StateEnded
	case strings.Contains(note, "was moved to another control group"):
		return StateMoved
	}
	return ""
}
