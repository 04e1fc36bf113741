package sizing

// rule is one of the controller's rules that tests switch off, to show which
// service is sized wrongly without it.
type rule string

const (
	retestsUpper     rule = "retest upper" // the upper end is tested again: capacity may have risen
	drains           rule = "drain"        // what one load left behind is not held against the next
	measuresPlateau  rule = "plateau"      // the peak is measured before arrivals come
	trims            rule = "trim"         // the worst ticks of a hold do not end it
	inflates         rule = "inflation"    // failures that come in bursts count for less
	awaitsLittle     rule = "little"       // a count begins when all virtual users are at work
	tellsOutages     rule = "outage"       // a crash is told from a limit
	tellsRises       rule = "rising"       // what gave more later is measured anew
	tellsRetrograde  rule = "retrograde"   // beyond a peak the arrivals that survive are computed
	watchesGenerator rule = "generator"    // an overloaded generator voids a hold
	pools            rule = "pool"         // holds above the limit say together where it is
	settles          rule = "settle"       // new virtual users have an iteration's time to get to work
	testsBaseline    rule = "baseline"     // what fails at any load is no question of load
)

// policy is the set of rules that a sizing follows: all but one. The zero
// value follows all.
type policy struct{ without rule }

func (p policy) has(r rule) bool { return p.without != r }
