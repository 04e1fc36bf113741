package fakeaws

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

func (c *Cloud) getProducts(_ *region, q ask) (any, error) {
	var in struct {
		ServiceCode string
		Filters     []struct{ Type, Field, Value string }
		NextToken   string
		MaxResults  int
	}
	if err := q.into(&in); err != nil {
		return nil, err
	}
	if in.ServiceCode != "AmazonEC2" {
		return nil, refuse("InvalidParameterException", "Input Parameters are invalid. API service: "+in.ServiceCode)
	}
	regionCode := "us-east-1"
	for _, f := range in.Filters {
		if f.Field == "regionCode" {
			regionCode = f.Value
		}
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(c.types)) {
		t := c.types[name]
		attributes := map[string]string{
			"instanceType": name, "regionCode": regionCode, "operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA",
			"capacitystatus": "Used", "vcpu": strconv.Itoa(t.VCPU), "memory": fmt.Sprintf("%g GiB", float64(t.MiB)/1024), "servicecode": "AmazonEC2",
			"marketoption": "OnDemand", "licenseModel": "No License required", "operation": "RunInstances",
		}
		fits := true
		for _, f := range in.Filters {
			fits = fits && attributes[f.Field] == f.Value
		}
		if fits && t.USDHour > 0 {
			list = append(list, product(t, attributes))
		}
	}
	asForm := form{"NextToken": {in.NextToken}}
	if in.MaxResults > 0 {
		asForm["MaxResults"] = []string{strconv.Itoa(in.MaxResults)}
	}
	return paged(c, asForm, list, func(page []string, next string) any {
		out := map[string]any{"FormatVersion": "aws_v1", "PriceList": append([]string{}, page...)}
		if next != "" {
			out["NextToken"] = next
		}
		return out
	})
}

// product is one entry of the price list, which is a string of JSON.
func product(t Type, attributes map[string]string) string {
	sku := fmt.Sprintf("DBL%09d", len(t.Name)*1000+t.MiB)
	rate := sku + ".JRTCKXETXF.6YS6EN2CT7"
	b, _ := json.Marshal(map[string]any{ // strings and numbers alone
		"product":     map[string]any{"productFamily": "Compute Instance", "sku": sku, "attributes": attributes},
		"serviceCode": "AmazonEC2",
		"terms": map[string]any{"OnDemand": map[string]any{sku + ".JRTCKXETXF": map[string]any{
			"sku": sku, "offerTermCode": "JRTCKXETXF", "termAttributes": map[string]any{},
			"priceDimensions": map[string]any{rate: map[string]any{
				"rateCode": rate, "unit": "Hrs", "beginRange": "0", "endRange": "Inf",
				"description":  fmt.Sprintf("$%g per On Demand Linux %s Instance Hour", t.USDHour, t.Name),
				"pricePerUnit": map[string]string{"USD": fmt.Sprintf("%.10f", t.USDHour)},
			}},
		}}},
		"version": "20261101000000", "publicationDate": "2026-11-01T00:00:00Z",
	})
	return string(b)
}

// onDemandCPUs is the quota "Running On-Demand Standard instances", counted in CPUs.
const onDemandCPUs = "L-1216C47A"

func (c *Cloud) getQuota(_ *region, q ask) (any, error) {
	var in struct{ ServiceCode, QuotaCode string }
	if err := q.into(&in); err != nil {
		return nil, err
	}
	if in.ServiceCode != "ec2" || in.QuotaCode != onDemandCPUs {
		return nil, refuse("NoSuchResourceException", "The request failed because the specified service or quota does not exist.")
	}
	return map[string]any{"Quota": map[string]any{
		"ServiceCode": "ec2", "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)", "QuotaCode": onDemandCPUs,
		"QuotaName": "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", "Value": float64(c.limit()), "Unit": "None", "Adjustable": true,
	}}, nil
}
