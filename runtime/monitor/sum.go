package monitor

// sum adds up what the parts of something tell in one reading: disks,
// interfaces, cores, processes, series of a metric. It is not known where one
// of them has a hole, for the rest would pass for all. A part that was there at
// the reading before and is not any more makes one hole; then it is gone.
type sum struct {
	reading *reading
	parts   *parts
	gone    func(part string) bool // says at once that a part has ended, which is no hole; may be nil

	total float64 // of values, or of growth per second
	by    float64 // of growth
	most  float64 // the largest part's
	found bool
	hole  bool
}

// parts are those of a sum, from reading to reading.
type parts struct {
	round int
	all   map[string]*part
}

type part struct {
	counter
	round int // of the last reading that it was in
}

// sum begins one; key tells it from others of the source.
func (r *reading) sum(key string) *sum {
	p := r.rates.sums[key]
	if p == nil {
		p = &parts{all: map[string]*part{}}
		if r.rates.sums == nil {
			r.rates.sums = map[string]*parts{}
		}
		r.rates.sums[key] = p
	}
	p.round++
	return &sum{reading: r, parts: p}
}

func (s *sum) part(name string) *part {
	p := s.parts.all[name]
	if p == nil {
		p = &part{}
		s.parts.all[name] = p
	}
	p.round = s.parts.round
	return p
}

func (s *sum) add(perSecond, by float64) {
	s.total, s.by, s.most, s.found = s.total+perSecond, s.by+by, max(s.most, perSecond), true
}

// grow adds the growth of a part's total. One that is new counts from here on.
func (s *sum) grow(name string, total float64) {
	g, what := s.part(name).grow(totals{total}, s.reading.at(), true)
	switch what {
	case grown:
		s.add(g.by[0]/g.seconds, g.by[0])
	case anew, held:
		s.hole = true
	case begun:
	}
}

// value adds a part's value as it is.
func (s *sum) value(name string, v float64) { s.signed(name, v, v) }

// less takes a part's value off.
func (s *sum) less(name string, v float64) { s.signed(name, v, -v) }

func (s *sum) signed(name string, v, signed float64) {
	s.part(name)
	if !sound(v) {
		s.hole = true
		return
	}
	s.add(signed, 0)
}

// known ends the sum, and says whether there is one.
func (s *sum) known() bool {
	for name, p := range s.parts.all {
		switch {
		case p.round == s.parts.round:
		case s.gone == nil && p.round == s.parts.round-1:
			s.hole = true
		case s.gone != nil && !s.gone(name):
			s.hole = true
		default:
			delete(s.parts.all, name)
		}
	}
	return s.found && !s.hole
}

// setOrNone is set for what has no parts as long as there is nothing to tell:
// without any, now and at the reading before, the sum is 0.
func (s *sum) setOrNone(name string) {
	if s.set(name); len(s.parts.all) == 0 && s.parts.round > 1 {
		s.reading.set(name, 0)
	}
}

// set notes the sum under a name, if there is one.
func (s *sum) set(name string) {
	if s.known() {
		s.reading.set(name, s.total)
	}
}
