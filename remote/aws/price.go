package aws

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/pricing"
	"github.com/aws/aws-sdk-go-v2/service/pricing/types"

	"github.com/plimsoll-load/plimsoll/remote/aws/faults"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// priceRegion is where the price list of a region is asked for: it has three endpoints, for all regions.
func priceRegion(region string) string {
	switch {
	case strings.HasPrefix(region, "eu-"), strings.HasPrefix(region, "me-"), strings.HasPrefix(region, "af-"):
		return "eu-central-1"
	case strings.HasPrefix(region, "ap-"):
		return "ap-south-1"
	}
	return "us-east-1"
}

// Price implements provider.Catalogue.
func (c catalogue) Price(ctx context.Context, q provider.PriceQuery) (provider.Price, error) {
	if q.Preemptible {
		return c.spotPrice(ctx, q)
	}
	const action = "pricing:GetProducts"
	wanted := make([]types.Filter, 0, 7)
	for _, f := range [][2]string{
		{"instanceType", q.Type},
		{"regionCode", q.Region},
		{"operatingSystem", "Linux"},
		{"tenancy", "Shared"},
		{"preInstalledSw", "NA"},
		{"capacitystatus", "Used"},
		{"marketoption", "OnDemand"},
	} {
		wanted = append(wanted, types.Filter{Type: types.FilterTypeTermMatch, Field: aws.String(f[0]), Value: aws.String(f[1])})
	}
	out, err := c.pricing.GetProducts(ctx, &pricing.GetProductsInput{ServiceCode: aws.String("AmazonEC2"), Filters: wanted})
	if err != nil {
		return provider.Price{}, faults.Of(action, q.Type, err)
	}
	best := provider.Price{Source: "price list API"}
	for _, entry := range out.PriceList {
		if p, currency, ok := hourly(entry); ok && p > best.PerHour {
			best.PerHour, best.Currency = p, currency
		}
	}
	if best.PerHour == 0 {
		return provider.Price{}, refused(provider.NotFound, action, q.Type, "the price list has no hourly price of it in "+q.Region)
	}
	return best, nil
}

// hourly finds the price of an hour on demand in an entry of the price list, which is JSON in a string. Where several
// are told it is the highest, so that an estimate is not too low.
func hourly(entry string) (price float64, currency string, ok bool) {
	var e struct {
		Terms struct {
			OnDemand map[string]struct {
				PriceDimensions map[string]struct {
					Unit         string            `json:"unit"`
					PricePerUnit map[string]string `json:"pricePerUnit"`
				} `json:"priceDimensions"`
			} `json:"OnDemand"`
		} `json:"terms"`
	}
	if json.Unmarshal([]byte(entry), &e) != nil {
		return 0, "", false
	}
	for _, term := range e.Terms.OnDemand {
		for _, d := range term.PriceDimensions {
			if d.Unit != "Hrs" {
				continue
			}
			for unit, text := range d.PricePerUnit {
				if p, err := strconv.ParseFloat(text, 64); err == nil && p > price {
					price, currency, ok = p, unit, true
				}
			}
		}
	}
	return price, currency, ok
}

// spotPrice is what a spot machine costs now; without a zone, the highest of the region's zones.
func (c catalogue) spotPrice(ctx context.Context, q provider.PriceQuery) (provider.Price, error) {
	const action = "ec2:DescribeSpotPriceHistory"
	in := &ec2.DescribeSpotPriceHistoryInput{
		InstanceTypes:       []ec2types.InstanceType{ec2types.InstanceType(q.Type)},
		ProductDescriptions: []string{"Linux/UNIX"},
		StartTime:           aws.Time(time.Now()), // the prices that hold at that moment
	}
	if q.Zone != "" {
		in.AvailabilityZone = aws.String(q.Zone)
	}
	out, err := c.ec2.DescribeSpotPriceHistory(ctx, in)
	if err != nil {
		return provider.Price{}, faults.Of(action, q.Type, err)
	}
	newest := map[string]ec2types.SpotPrice{}
	for _, p := range out.SpotPriceHistory {
		zone := aws.ToString(p.AvailabilityZone)
		if old, ok := newest[zone]; !ok || aws.ToTime(p.Timestamp).After(aws.ToTime(old.Timestamp)) {
			newest[zone] = p
		}
	}
	best := provider.Price{Source: "spot price history", Currency: "USD"}
	for _, p := range newest {
		if v, err := strconv.ParseFloat(aws.ToString(p.SpotPrice), 64); err == nil {
			best.PerHour = max(best.PerHour, v)
		}
	}
	if best.PerHour == 0 {
		return provider.Price{}, refused(provider.NotFound, action, q.Type, "it has no spot price in "+strings.TrimSpace(q.Region+" "+q.Zone))
	}
	return best, nil
}
