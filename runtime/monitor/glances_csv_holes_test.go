package monitor_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/plimsoll-load/plimsoll/runtime/monitor"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Version 3 counts from one of its readings to the next: where a row cannot be read, the time since the row before is not that of the count.
func TestCountsOfVersion3AreRatesOnlyFromRowToRow(t *testing.T) {
	t.Parallel()
	const header = "timestamp,docker_web_key,docker_web_name,docker_web_cpu_percent,docker_web_network_rx,docker_web_io_r\n"
	row := func(second, rest string) string { return "2026-08-01 10:00:" + second + "," + rest + "\n" }
	const good = "name,web,50,100,200"
	for name, c := range map[string]struct {
		between string // the rows at 0 s and at 4 s
		last    string
		want    float64 // received in the last row, per second; 0: none is told
	}{
		"nothing":                             {"", row("04", good), 25},
		"a row at 2 s":                        {row("02", good), row("04", good), 50},
		"a row without a time":                {"oops," + good + "\n", row("04", good), 0},
		"an empty time":                       {"," + good + "\n", row("04", good), 0},
		"a time of nowhere":                   {row("99", good), row("04", good), 0},
		"two rows that cannot be read":        {"oops\n" + row("98", good), row("04", good), 0},
		"a row that cannot, and one that can": {"oops\n" + row("02", good), row("04", good), 50},
		"the same time again":                 {row("04", good), row("04", good), 0},
		"back in time":                        {row("05", good), row("04", good), 0},
		"a count that is negative":            {"", row("04", "name,web,50,-100,-200"), 0},
		"a count that is a word":              {"", row("04", "name,web,50,abc,abc"), 0},
		"a count that is missing":             {"", row("04", "name,web,50,,"), 0},
		"a count that is no number":           {"", row("04", "name,web,50,NaN,inf"), 0},
	} {
		file, err := monitor.ReadGlances(strings.NewReader(header+row("00", good)+c.between+c.last), monitor.CSVOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r := file.Rows[len(file.Rows)-1]
		got, told := r.Values[record.NetInBytes]
		disk, diskTold := r.Values[record.DiskReadBytes]
		if told != (c.want > 0) || diskTold != told || got != c.want || disk != 2*c.want {
			t.Errorf("%s: %v and %v in the last row (%v), want %v", name, got, disk, r, c.want)
		}
		if _, told := r.Values[record.CPUCores]; !told {
			t.Errorf("%s: what is no count is lost: %v", name, r)
		}
	}
}

func TestAFileThatCannotBeReadOnIsAnError(t *testing.T) {
	t.Parallel()
	broken := io.MultiReader(strings.NewReader("timestamp,cpu.total,cpu.cpucore\n2026-08-01 10:00:00,50,4\n"), iotest.ErrReader(errors.New("the disk is gone")))
	if c, err := monitor.ReadGlances(broken, monitor.CSVOptions{}); err == nil || !strings.Contains(err.Error(), "the disk is gone") {
		t.Errorf("%v, %v", c, err)
	}
}
