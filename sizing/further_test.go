package sizing_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing"
	"github.com/plimsoll-load/plimsoll/sizing/sizingtest"
)

// cuttable is a load that can be taken away.
type cuttable struct {
	*sizingtest.World
	cut bool
}

func (c *cuttable) Tick(ctx context.Context, d time.Duration) (sizing.Tick, error) {
	if c.cut {
		return sizing.Tick{}, errors.New("taken away")
	}
	return c.World.Tick(ctx, d)
}

// sizedWith sizes a model, and returns the answer with all holds.
func sizedWith(t *testing.T, further func(*cuttable, record.Sizing) []record.HoldRequest) (record.Sizing, []record.Hold) {
	t.Helper()
	m := sizingtest.Named("mmcK")
	o := m.Options()
	load := &cuttable{World: m.New(1)}
	if further != nil {
		o.Further = func(a record.Sizing) []record.HoldRequest { return further(load, a) }
	}
	var holds []record.Hold
	answer, err := sizing.Run(t.Context(), load, o, func(h record.Hold) { holds = append(holds, h) })
	if err != nil {
		t.Fatal(err)
	}
	return answer, holds
}

func TestWhatIsAskedForFurtherIsHeldAndChangesNothing(t *testing.T) {
	plain, before := sizedWith(t, nil)
	asked := 0
	answer, holds := sizedWith(t, func(_ *cuttable, a record.Sizing) []record.HoldRequest {
		asked++
		if a.Verdict != record.VerdictFound || a.Capacity == nil {
			t.Errorf("asked with the answer %q", a.Verdict)
		}
		return []record.HoldRequest{
			{Control: record.ByRate, Level: 100, LengthS: 4, Why: "few loads"},
			{Control: record.ByVUs, Level: 99.5, LengthS: 5, Why: "flat or falling"},
			{Control: record.ByVUs, Level: 1, LengthS: 5, Why: "one too many"},
		}
	})
	if !reflect.DeepEqual(answer, plain) {
		t.Errorf("the answer is\n%+v\nwithout further holds\n%+v", answer, plain)
	}
	if asked != 1 || len(holds) != len(before)+2 {
		t.Fatalf("asked %d times, %d holds where %d were; want 1 and two more", asked, len(holds), len(before))
	}
	low, high := holds[len(before)], holds[len(before)+1]
	if low.Phase != "further" || low.Control != "rate" || low.Level != 100 || low.LengthS < 4 || low.Why != "few loads" || low.Verdict != "pass" || low.LeftS != 0 {
		t.Errorf("the first was %+v", low)
	}
	if high.Phase != "further" || high.Control != "vus" || high.Level != 100 || high.LengthS < 5 || high.StartS < low.StartS+low.LengthS {
		t.Errorf("the second was %+v", high)
	}
}

func TestAFurtherHoldThatIsCutShortLeavesTheAnswer(t *testing.T) {
	plain, before := sizedWith(t, nil)
	answer, holds := sizedWith(t, func(load *cuttable, _ record.Sizing) []record.HoldRequest {
		load.cut = true
		return []record.HoldRequest{{Control: record.ByRate, Level: 100, LengthS: 4}}
	})
	if !reflect.DeepEqual(answer, plain) || len(holds) != len(before) {
		t.Errorf("%d holds, answer %+v; want %d, %+v", len(holds), answer, len(before), plain)
	}
}

func TestNothingFurtherIsAskedWithoutANumber(t *testing.T) {
	m := sizingtest.Named("base10")
	if m == nil {
		t.Fatal("no such model")
	}
	o := m.Options()
	o.Budget = time.Minute
	o.Further = func(a record.Sizing) []record.HoldRequest {
		t.Errorf("asked though the verdict is %s", a.Verdict)
		return nil
	}
	if answer, err := sizing.Run(t.Context(), m.New(1), o, nil); err != nil || answer.Verdict != record.VerdictBaseline {
		t.Errorf("%s, %v; want a baseline", answer.Verdict, err)
	}
}

func TestWhatIsAskedForFurtherIsNoPartOfTheBudget(t *testing.T) {
	m := sizingtest.Thrashing(200, 3000)
	o := m.Options()
	o.Budget = 40 * time.Second
	o.Further = func(record.Sizing) []record.HoldRequest {
		return []record.HoldRequest{{Control: record.ByVUs, Level: 3, LengthS: 5, Why: "slots"}}
	}
	var last record.Hold
	a, err := sizing.Run(t.Context(), m.New(1), o, func(h record.Hold) { last = h })
	if err != nil || a.Verdict != record.VerdictBudget || a.Cost.WallS < o.Budget.Seconds() {
		t.Fatalf("%s after %.0f s, %v; want the budget spent", a.Verdict, a.Cost.WallS, err)
	}
	if last.Phase != "further" || last.SettleS < 1 || last.LengthS < 5 {
		t.Errorf("the last hold was %+v, want one whose users have settled", last)
	}
}
