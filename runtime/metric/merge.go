package metric

// Merge adds a later window: counts add up, VUs and InFlight are the later
// one's. Windows of the same [Names] (or of none) are merged by id, those of
// different ones by name.
func (w *Window) Merge(o *Window) {
	vus, inFlight := o.VUs, o.InFlight
	w.add(o)
	w.VUs, w.InFlight = vus, inFlight
}

// MergeParallel adds what another process counted at the same time: VUs and InFlight add up, too.
func (w *Window) MergeParallel(o *Window) {
	vus, inFlight := w.VUs+o.VUs, w.InFlight+o.InFlight
	w.add(o)
	w.VUs, w.InFlight = vus, inFlight
}

func (w *Window) add(o *Window) {
	if end := o.Start + o.Length; w.Length == 0 {
		w.Start, w.Length = o.Start, o.Length
	} else {
		w.Length = max(w.Start+w.Length, end) - min(w.Start, o.Start)
		w.Start = min(w.Start, o.Start)
	}
	w.Dropped.Add(o.Dropped)
	w.Lateness.Merge(o.Lateness)
	if w.Names == nil {
		w.Names = o.Names
	}
	if o.Names != nil && o.Names != w.Names {
		w.addByName(o)
		return
	}
	for i := range o.Scenarios {
		at(&w.Scenarios, i).merge(&o.Scenarios[i])
	}
	for i := range o.Endpoints {
		at(&w.Endpoints, i).merge(&o.Endpoints[i])
	}
	for i := range o.Checks {
		at(&w.Checks, i).merge(&o.Checks[i])
	}
	for i := range o.Failures {
		at(&w.Failures, i).merge(&o.Failures[i])
	}
	for i := range o.Series {
		at(&w.Series, i).Merge(&o.Series[i])
	}
}

// addByName adds the rows of o that counted something to those of the same name.
func (w *Window) addByName(o *Window) {
	from, to := o.Names, w.Names
	for i := range o.Scenarios {
		if s := &o.Scenarios[i]; !s.Empty() {
			at(&w.Scenarios, int(to.Scenario(from.scenario(i)))).merge(s)
		}
	}
	for i := range o.Endpoints {
		if e := &o.Endpoints[i]; !e.Empty() {
			at(&w.Endpoints, int(to.Endpoint(name(from, &from.endpoints, i, Endpoint{Name: Unknown})))).merge(e)
		}
	}
	for i := range o.Checks {
		if c := &o.Checks[i]; !c.Empty() {
			key := name(from, &from.checks, i, CheckName{Name: Unknown})
			key.Scenario = to.Scenario(from.scenario(int(key.Scenario)))
			at(&w.Checks, int(to.Check(key))).merge(c)
		}
	}
	for i := range o.Failures {
		if f := &o.Failures[i]; !f.Empty() {
			at(&w.Failures, int(to.Failure(name(from, &from.failures, i, Failure{Kind: "unknown", Message: Unknown})))).merge(f)
		}
	}
	for i := range o.Series {
		if s := &o.Series[i]; !s.Empty() {
			at(&w.Series, int(to.seriesOf(name(from, &from.series, i, Series{Metric: Unknown})))).Merge(s)
		}
	}
}

func (n *Names) scenario(id int) string { return name(n, &n.scenarios, id, Unknown) }

// name is the entry of a table, or fallback where there is none.
func name[T comparable](n *Names, t *table[T], id int, fallback T) T {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if id < len(t.list) {
		return t.list[id]
	}
	return fallback
}

// Empty says whether nothing was counted.
func (s *ScenarioWindow) Empty() bool { return s.Started+s.OK+s.Failed == 0 }

// Empty says whether nothing was counted.
func (e *EndpointWindow) Empty() bool { return e.OK+e.Failed == 0 }

// Empty says whether nothing was counted.
func (c *CheckWindow) Empty() bool { return c.Passed+c.Failed == 0 }

// Empty says whether nothing was counted.
func (f *FailureWindow) Empty() bool { return f.Iterations+f.Requests == 0 }

// Empty says whether nothing was counted.
func (s *SeriesWindow) Empty() bool { return s.Count == 0 }

func (s *ScenarioWindow) merge(o *ScenarioWindow) {
	s.Started, s.OK, s.Failed = s.Started+o.Started, s.OK+o.OK, s.Failed+o.Failed
	s.Requests += o.Requests
	s.Duration.Merge(o.Duration)
	s.FailedDuration.Merge(o.FailedDuration)
}

func (e *EndpointWindow) merge(o *EndpointWindow) {
	e.OK, e.Failed = e.OK+o.OK, e.Failed+o.Failed
	e.BytesIn, e.BytesOut = e.BytesIn+o.BytesIn, e.BytesOut+o.BytesOut
	e.Connections, e.Repeated = e.Connections+o.Connections, e.Repeated+o.Repeated
	for _, s := range o.Status {
		e.countStatus(s.Status, s.Count)
	}
	e.Latency.Merge(o.Latency)
}

func (c *CheckWindow) merge(o *CheckWindow) {
	c.Passed, c.Failed = c.Passed+o.Passed, c.Failed+o.Failed
}

func (f *FailureWindow) merge(o *FailureWindow) {
	f.Iterations, f.Requests = f.Iterations+o.Iterations, f.Requests+o.Requests
}
