package plan_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

func TestAnAddressRangeThatLetsTheWorldInIsRefused(t *testing.T) {
	t.Parallel()
	for cidr, taken := range map[string]bool{
		"203.0.113.7/32": true, "10.0.0.0/8": true, "192.168.0.0/16": true, "2001:db8::/32": true, "2001:db8::1/128": true, "::ffff:10.0.0.0/104": true,
		"0.0.0.0/0": false, "::/0": false, "0.0.0.0/1": false, "128.0.0.0/1": false, "64.0.0.0/2": false, "10.0.0.0/7": false,
		"2000::/3": false, "::/1": false, "2000::/7": false, "::ffff:0.0.0.0/96": false, "::ffff:128.0.0.0/97": false, "::ffff:10.0.0.0/103": false,
		"203.0.113.7": false, "10.0.0.0/33": false, "10/8": false, "": false, "0.0.0.0/00": false,
	} {
		for _, world := range []bool{false, true} {
			o := plan.Options{Image: "kinto:1", Port: 8888, Types: []string{"t3.small"}, Allow: []string{"203.0.113.7/32", cidr}, AllowWorld: world}
			err := o.Check(provider.Dialect{})
			_, bad := netip.ParsePrefix(cidr)
			want := taken || world && bad == nil
			if (err == nil) != want {
				t.Errorf("--allow-cidr %q, --allow-world %v: %v, want it taken: %v", cidr, world, err, want)
			}
			if err != nil && !strings.Contains(err.Error(), "--allow-cidr") {
				t.Errorf("--allow-cidr %q: %v does not say which", cidr, err)
			}
		}
	}
}

func TestARunsNameTellsWhenItBegan(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 13, 45, 0, 0, time.UTC)
	if id := plan.NewRunID(now); !plan.IsRunID(id) || !plan.RunBegan(id).Equal(now) {
		t.Errorf("%s began at %s", id, plan.RunBegan(id))
	}
	for _, name := range []string{"", "run", "20261124-134500", "20261124-134500-a1b2c", "20261124-134500-a1b2c3/", "../20261124-134500-a1b2c3", "20261124-134500-a1b2c3\n", "20261124-134500-A1B2C3"} {
		if plan.IsRunID(name) || !plan.RunBegan(name).IsZero() {
			t.Errorf("%q is taken for a run", name)
		}
	}
}

func TestAPlaceThatNoTagCanHoldIsNotTagged(t *testing.T) {
	t.Parallel()
	for place, tagged := range map[string]bool{"bucket/prefix": true, "bucket": true, "b/a=b+c:d@e_f-g.h": true, "": false, "b/é": false, "b/a!": false, "b/" + strings.Repeat("x", 300): false} {
		p := plan.Plan{Run: "20261124-134500-a1b2c3", Options: plan.Options{Store: place}}
		if got, ok := p.Tags("group", nil)[plan.TagStore]; ok != tagged || ok && got != place {
			t.Errorf("%q is tagged as %q", place, got)
		}
	}
}
