package session

import (
	"context"
	"fmt"

	"github.com/plimsoll-load/plimsoll/runtime/monitor"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// ownFiles is how many open files are for anything but connections.
const ownFiles = 32

// checkLimits warns of a load that does not fit into what this process may open. On Unix Go has raised its limit of open
// files to the hard one by then.
func (s *Session) checkLimits(ctx context.Context) {
	own := monitor.Generator()
	defer func() { _ = own.Close() }() // it was only read
	rows, err := own.Read(ctx)
	if err != nil || len(rows) == 0 {
		return
	}
	files, most := int(rows[0].Limits[record.Descriptors]), mostVUs(s.o.Mode, &s.plan)
	if files > 0 && most > files-ownFiles {
		s.note(fmt.Sprintf("%d virtual users need as many connections, and this process may have %d files open: raise the limit (ulimit -n), or use more machines", most, files))
	}
}

// mostVUs is the most virtual users that a plan asks for; 0: it does not say.
func mostVUs(mode plan.Mode, p *plan.Plan) int {
	switch {
	case mode == plan.Size && p.Sizing.By != plan.ByRate:
		return int(p.Sizing.Max)
	case mode == plan.Size:
		return 0
	case len(p.Executors) == 0:
		return vusOf(&p.Executor)
	}
	most := 0
	for i := range p.Executors { // as if they all ran at a time
		most += vusOf(&p.Executors[i])
	}
	return most
}

// vusOf is the most virtual users that an executor asks for; 0: as many as its arrivals turn out to need.
func vusOf(e *plan.Executor) int {
	if e.Open {
		return 0
	}
	most := float64(e.VUs)
	for _, stage := range e.Stages {
		most = max(most, stage.Target)
	}
	return int(most)
}
